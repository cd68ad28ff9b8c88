"""Ask a trained model:

python scripts/inference.py --checkpoint DIR --query "..." (--schema FILE | --db FILE.sqlite)
python scripts/inference.py --checkpoint DIR --input queries.txt --output results.json --db FILE
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections.abc import Sequence
from pathlib import Path

from sqlgrpo.cli import console, exit_on_error
from sqlgrpo.errors import ConfigError
from sqlgrpo.files import write_atomically
from sqlgrpo.inference.questions import Question, read_questions, schema_text
from sqlgrpo.types import Parsed

log = logging.getLogger("sqlgrpo.inference")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Questions in, SQL on standard output.")
    parser.add_argument("--checkpoint", type=Path, required=True, help="folder of an adapter")
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument("--query", help="one question")
    asked.add_argument(
        "--input", type=Path, help="a question a line, or JSON lines with question and context"
    )
    parser.add_argument(
        "--output", type=Path, help="JSON file for the answers; a stopped command continues"
    )
    known = parser.add_mutually_exclusive_group()
    known.add_argument("--schema", type=Path, help="file with CREATE TABLE statements")
    known.add_argument("--db", type=Path, help="SQLite file, whose schema is read")
    parser.add_argument("--batch-size", type=int, default=32, help="questions answered together")
    parser.add_argument("--max-new-tokens", type=int, default=128, help="longest answer")
    parser.add_argument(
        "--weights",
        default="auto",
        help="auto, model (exactly as trained), bfloat16 or float32 (a merged copy)",
    )
    return parser.parse_args()


@exit_on_error
def main() -> None:
    args = arguments()
    if args.output is not None and args.output.is_dir():
        raise ConfigError(f"--output: {args.output} is a folder; name a file")
    questions = read_questions(args.query, args.input, schema_text(args.schema, args.db))

    from sqlgrpo.inference.generate import Decoding
    from sqlgrpo.inference.predict import load_predictor
    from sqlgrpo.progress import pace, phase

    decoding = Decoding(
        batch_size=args.batch_size, max_new_tokens=args.max_new_tokens, weights=args.weights
    )
    journal = args.output and args.output.with_name(f".{args.output.name}.answers.jsonl")
    predictor = load_predictor(args.checkpoint, decoding, journal)
    start = time.monotonic()
    with phase(console, "answering", len(questions)) as report:
        answers = predictor(questions, report.advance)
    log.info("%s", pace(len(questions), time.monotonic() - start))
    for question, answer in zip(questions, answers, strict=True):
        if answer.sql is None:
            console.print(f"no SQL for {question.question!r}: {answer.problem}", markup=False)
    if args.output is None:
        print("\n".join(answer.sql or "" for answer in answers))
        return
    write_atomically(args.output, as_json(questions, answers))
    journal.unlink(missing_ok=True)


def as_json(questions: Sequence[Question], answers: Sequence[Parsed]) -> str:
    """What ``--output`` holds: one object for each question, in order."""
    rows = [
        {"question": question.question, "sql": answer.sql, "problem": answer.problem}
        for question, answer in zip(questions, answers, strict=True)
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
