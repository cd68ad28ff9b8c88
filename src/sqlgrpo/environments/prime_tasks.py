"""Any ``verifiers`` v1 taskset as one of our environments, to train on with the same trainer.

Tasks whose rewards need a runtime of their own (files, tools, containers) are refused.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import verifiers.v1 as vf

from sqlgrpo.environments.single_turn import last_text
from sqlgrpo.errors import ConfigError
from sqlgrpo.types import Completion, Example, Message, Parsed, Score, Verdict

OTHER = "other"
"""The reward name of what a task adds under names that it makes up while scoring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimeEnv:
    """One completion per task, scored by the task's own rewards.

    A verdict's score is what that reward added: its score times its weight.
    """

    tasks: Mapping[str, Any]
    reward_names: tuple[str, ...]

    @classmethod
    def of(cls, tasks: Iterable[Any]) -> PrimeEnv:
        """From a taskset or any tasks; ``ConfigError`` when one cannot be scored from text."""
        known = {task.data.id or task.key: task for task in tasks}
        if not known:
            raise ConfigError("the taskset has no task")
        for task in known.values():
            _check(task)
        names = [fn.__name__ for task in known.values() for fn in task.hooks("reward")]
        return cls(tasks=known, reward_names=(*dict.fromkeys(names), OTHER))

    def examples(self) -> list[Example]:
        """The tasks under their ids; they have no schema and no gold query."""
        return [
            Example(id=name, question=_text(task.data.prompt), schema="", gold_sql="")
            for name, task in self.tasks.items()
        ]

    def messages(self, example: Example) -> list[Message]:
        """The task's prompt."""
        data = self.tasks[example.id].data
        system = data.system_prompt
        head: list[Message] = [{"role": "system", "content": system}] if system else []
        return [*head, {"role": "user", "content": _text(data.prompt)}]

    def score_batch(
        self, completions: Sequence[Completion], examples: Sequence[Example]
    ) -> list[Score]:
        """The tasks' rewards, computed concurrently."""

        async def score_all() -> list[Score]:
            pairs = zip(completions, examples, strict=True)
            return await asyncio.gather(*(self._score(c, self.tasks[e.id]) for c, e in pairs))

        with ThreadPoolExecutor(1) as pool:  # the caller may have an event loop of its own
            return pool.submit(asyncio.run, score_all()).result()

    def contributions(self, score: Score) -> dict[str, float]:
        """What each reward added."""
        added = dict.fromkeys(self.reward_names, 0.0)
        for verdict in score.verdicts:
            name = verdict.verifier if verdict.verifier in added else OTHER
            added[name] += verdict.score
        return added

    def figures(
        self, _completions: Sequence[Completion], _examples: Sequence[Example]
    ) -> dict[str, list[float]]:
        """Nothing beyond the rewards."""
        return {}

    async def _score(self, completion: Completion, task: Any) -> Score:
        trace = trace_of(task, completion)
        await task.score(trace, None)
        verdicts = tuple(
            Verdict(verifier=name, score=reward.score * reward.weight)
            for name, reward in trace.rewards.items()
            if reward is not None
        )
        reward = sum(verdict.score for verdict in verdicts)
        return Score(reward=reward, parsed=Parsed(sql=last_text(completion)), verdicts=verdicts)


def trace_of(task: Any, completion: Completion) -> Any:
    """The trace that a finished conversation would have left."""
    turns = completion
    if isinstance(turns, str):
        turns = [{"role": "assistant", "content": turns}]
    trace = vf.Trace(
        task=vf.TraceTask(type=type(task).__name__, data=task.data, key=task.key, hash=task.hash),
        agent=vf.AgentInfo(config=vf.AgentConfig()),
    )
    nodes = [(vf.UserMessage(content=_text(task.data.prompt)), False)]
    for turn in turns:
        ours = turn["role"] == "assistant"
        kind = vf.AssistantMessage if ours else vf.UserMessage
        nodes.append((kind(content=turn["content"]), ours))
    for number, (message, sampled) in enumerate(nodes):
        parent = number - 1 if number else None
        trace.nodes.append(vf.MessageNode(message=message, sampled=sampled, parent=parent))
    trace.stop("offline")
    trace.ok = True
    return trace


def _check(task: Any) -> None:
    for fn in task.hooks("reward"):
        runtime = inspect.signature(fn).parameters.get("runtime")
        if runtime is not None and runtime.default is inspect.Parameter.empty:
            raise ConfigError(
                f"{type(task).__name__}.{fn.__name__} needs a runtime; only tasks that are scored "
                "from their text can be trained on here"
            )


def _text(prompt: Any) -> str:
    if isinstance(prompt, str):
        return prompt
    return "\n\n".join(str(message.content) for message in prompt or [])
