"""Verification while other completions are still being sampled.

The judge remembers, so the rewards of a batch find most of their verdicts made. Its work is done in
its worker processes; the thread here only waits for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from trl import GRPOTrainer

from sqlgrpo.environments import MultiTurnEnv, SqlEnv
from sqlgrpo.training.fast import FastGRPOTrainer
from sqlgrpo.types import Example


class Ahead:
    """Judges a group as soon as its last completion is finished (``on_completion``)."""

    def __init__(
        self, environment: SqlEnv, examples: Mapping[str, Example], tokenizer: Any, group_size: int
    ) -> None:
        self.environment, self.examples = environment, examples
        self.tokenizer, self.group_size = tokenizer, group_size
        self._open: dict[str, list[str]] = {}
        self._judging: list[Future[None]] = []
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="verify-ahead")

    def __call__(self, row: Mapping[str, Any], tokens: list[int]) -> None:
        """Take in one completion of the dataset row's example."""
        self._hear(done_only=True)
        example_id = row["example_id"]
        group = self._open.setdefault(example_id, [])
        group.append(self.tokenizer.decode(tokens, skip_special_tokens=True))
        if len(group) == self.group_size:
            example, texts = self.examples[example_id], self._open.pop(example_id)
            self._judging.append(self._thread.submit(self._judge, texts, example))

    def close(self) -> None:
        """End the thread when it has judged what it was given."""
        self._hear(done_only=False)
        self._thread.shutdown()

    def _judge(self, texts: list[str], example: Example) -> None:
        queries = [self.environment.parse(text).sql for text in texts]
        known = [(sql, example) for sql in queries if sql is not None]
        self.environment.rubric.judge.prefetch(known)

    def _hear(self, *, done_only: bool) -> None:
        """Raise what went wrong in the thread."""
        waiting = [f for f in self._judging if done_only and not f.done()]
        for future in self._judging:
            if future not in waiting:
                future.result()
        self._judging = waiting


@contextmanager
def verified_ahead(
    trainer: GRPOTrainer, environment: SqlEnv, examples: Sequence[Example], tokenizer: Any
) -> Iterator[None]:
    """While this lasts, groups are judged as they finish, where the sampler tells of them."""
    if not isinstance(trainer, FastGRPOTrainer) or isinstance(environment, MultiTurnEnv):
        yield
        return
    by_id = {example.id: example for example in examples}
    ahead = Ahead(environment, by_id, tokenizer, trainer.num_generations)
    trainer.on_completion = ahead
    try:
        yield
    finally:
        trainer.on_completion = None
        ahead.close()
