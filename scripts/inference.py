"""Ask a trained model:

python scripts/inference.py --checkpoint DIR --query "..." (--schema FILE | --db FILE.sqlite)
python scripts/inference.py --checkpoint DIR --input queries.txt --output results.json --db FILE
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

from sqlgrpo.cli import console, exit_on_error
from sqlgrpo.inference.questions import read_questions, schema_text


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Questions in, SQL on standard output.")
    parser.add_argument("--checkpoint", type=Path, required=True, help="folder of an adapter")
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument("--query", help="one question")
    asked.add_argument(
        "--input", type=Path, help="a question a line, or JSON lines with question and context"
    )
    parser.add_argument("--output", type=Path, help="JSON file for the answers to --input")
    known = parser.add_mutually_exclusive_group()
    known.add_argument("--schema", type=Path, help="file with CREATE TABLE statements")
    known.add_argument("--db", type=Path, help="SQLite file, whose schema is read")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--max-new-tokens", type=int, default=128)
    return parser.parse_args()


@exit_on_error
def main() -> None:
    args = arguments()
    asks = read_questions(args.query, args.input, schema_text(args.schema, args.db))

    from sqlgrpo.inference.generate import Decoding
    from sqlgrpo.inference.predict import load_predictor
    from sqlgrpo.progress import phase

    decoding = replace(Decoding(), batch_size=args.batch_size, max_new_tokens=args.max_new_tokens)
    predictor = load_predictor(args.checkpoint, decoding)
    with phase(console, "answering", len(asks)) as report:
        answers = predictor(asks, report.advance)
    for ask, answer in zip(asks, answers, strict=True):
        if answer.sql is None:
            console.print(f"no SQL for {ask.question!r}: {answer.problem}", markup=False)
    if args.output is None:
        print("\n".join(answer.sql or "" for answer in answers))
        return
    rows = [
        {"question": ask.question, "sql": answer.sql, "problem": answer.problem}
        for ask, answer in zip(asks, answers, strict=True)
    ]
    args.output.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
