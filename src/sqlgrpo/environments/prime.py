"""Text to SQL for Prime Intellect's ``verifiers`` 0.4: taskset, environment and harness.

``packages/sqlgrpo_env`` exports these three under the name that ``vf-eval`` and prime-rl load.
``task.overrides`` are the settings of this project, as ``scripts/train.py`` takes them.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
import verifiers.v1 as vf
from pydantic import Field
from verifiers.v1.dialects.chat import message_to_wire
from verifiers.v1.types import SystemMessage, UserMessage

from sqlgrpo.config import Config
from sqlgrpo.data import load, split
from sqlgrpo.environments import MultiTurnEnv, SqlEnv, build_environment
from sqlgrpo.errors import ConfigError, unknown
from sqlgrpo.rubrics import build_rubric
from sqlgrpo.settings import read
from sqlgrpo.types import Completion, Example, Message, Quirks

SPLITS = ("train", "validation", "test", "all")


class SqlData(vf.TaskData):
    """One example, as it travels with a trace."""

    question: str
    ddl: str
    gold_sql: str
    dialect: str = "sqlite"
    database: str | None = None
    quirks: dict[str, bool] = Field(default_factory=dict)


class SqlTaskConfig(vf.TaskConfig):
    """``--env.taskset.task.*``"""

    overrides: str = "data=builtin environment=multi_turn"
    """What is asked, how many turns there are and what an answer is worth; as on a command line."""


class SqlTask(vf.Task[SqlData, vf.State, SqlTaskConfig]):
    """A question over a schema, judged on databases made for its gold."""

    @property
    def environment(self) -> SqlEnv:
        return environment_of(self.config.overrides)

    @property
    def example(self) -> Example:
        data = self.data
        return Example(
            id=data.id or data.question,
            question=data.question,
            schema=data.ddl,
            gold_sql=data.gold_sql,
            dialect=data.dialect,
            database=Path(data.database) if data.database else None,
            quirks=Quirks(**data.quirks),
        )

    @vf.reward(weight=1.0)
    async def rubric(self, trace: vf.Trace) -> dict[str, float]:
        """What each verifier of our rubric added; the sum is our reward."""
        score = await asyncio.to_thread(self.environment.score, said(trace), self.example)
        return self.environment.contributions(score)

    @vf.metric
    async def figures(self, trace: vf.Trace) -> dict[str, float]:
        """Verdicts of the verifiers, turns, and whom a further turn fixed or broke."""
        completion, environment = said(trace), self.environment
        score = await asyncio.to_thread(environment.score, completion, self.example)
        more = await asyncio.to_thread(environment.figures, [completion], [self.example])
        verdicts = {f"verdict_{v.verifier}": v.score for v in score.verdicts}
        turns = {"turns": float(len(trace.assistant_messages))}
        return verdicts | turns | {name: value for name, (value,) in more.items()}

    async def validate(self, _runtime: Any = None) -> bool:
        """Whether the gold earns everything, which is what ``vf-validate`` asks."""
        gold = self.environment.answer(self.example)["content"]
        score = await asyncio.to_thread(self.environment.score, gold, self.example)
        return score.reward == 1.0


class SqlTasksetConfig(vf.TasksetConfig):
    """``--env.taskset.*``"""

    split: str = "test"
    task: SqlTaskConfig = SqlTaskConfig()


class SqlTaskset(vf.Taskset[SqlTask, SqlTasksetConfig]):
    """Examples of any of our data sources, by default the built-in one."""

    def load(self) -> Iterator[SqlTask]:
        overrides = self.config.task.overrides
        environment = environment_of(overrides)
        for example in examples_of(overrides, self.config.split):
            system, user = (m["content"] for m in environment.messages(example))
            data = SqlData(
                id=example.id,
                system_prompt=system,
                prompt=user,
                question=example.question,
                ddl=example.schema,
                gold_sql=example.gold_sql,
                dialect=example.dialect,
                database=str(example.database) if example.database else None,
                quirks={n: getattr(example.quirks, n) for n in Quirks.__dataclass_fields__},
            )
            yield SqlTask(data, self.config.task)


class SqlConversationConfig(vf.EnvConfig):
    """``--env.*``"""

    agent: vf.AgentConfig = vf.AgentConfig(runtime=vf.SubprocessConfig())


class SqlConversation(vf.Env[SqlConversationConfig]):
    """One turn, or several with the error or the first rows of each query between them."""

    async def run(self, task: SqlTask, agents: Any) -> None:
        environment, example = task.environment, task.example
        turns: list[Message] = []
        async with agents.agent.interaction(task) as chat:
            segment = await chat.turn()
            while not segment.terminated and isinstance(environment, MultiTurnEnv):
                turns.append({"role": "assistant", "content": segment.last_reply})
                response = await asyncio.to_thread(environment.env_response, turns, example)
                if response is None:
                    break
                turns.append(response)
                segment = await chat.turn(response["content"])


class SqlHarnessConfig(vf.HarnessConfig):
    id: str = "sqlgrpo_env"


class SqlHarness(vf.Harness[SqlHarnessConfig]):
    """One chat completion a turn, from this process: no program to install, no other network."""

    APPENDS_SYSTEM_PROMPT = True
    SUPPORTS_RESUME = True
    EXECUTES_CODE = False
    NEEDS_CONTAINER = False

    async def launch(
        self,
        ctx: Any,
        _trace: Any,
        _runtime: Any,
        endpoint: str,
        secret: str,
        _mcp_urls: Any,
        data: vf.TaskData,
    ) -> vf.ProgramResult:
        system, prompt = self.resolve_prompt(data)
        messages = [SystemMessage(content=system)] if system else []
        messages += [UserMessage(content=prompt)] if isinstance(prompt, str) else list(prompt or [])
        async with httpx.AsyncClient(timeout=None, trust_env=False) as client:
            response = await client.post(
                f"{endpoint}/chat/completions",
                headers={"authorization": f"Bearer {secret}"},
                json={"model": ctx.model, "messages": [message_to_wire(m) for m in messages]},
            )
        failed = response.status_code != httpx.codes.OK
        return vf.ProgramResult(
            exit_code=int(failed), stdout="", stderr=response.text if failed else ""
        )


def said(trace: vf.Trace) -> Completion:
    """What the model said, turn by turn."""
    return [
        {"role": "assistant", "content": message.content or ""}
        for message in trace.assistant_messages
    ] or ""


@lru_cache(maxsize=4)
def settings_of(overrides: str) -> Config:
    """Our settings from overrides."""
    return read(shlex.split(overrides), kind=Config)


@lru_cache(maxsize=4)
def environment_of(overrides: str) -> SqlEnv:
    """One environment, and one set of worker processes, for all tasks with these settings."""
    config = settings_of(overrides)
    return build_environment(config.environment, build_rubric(config.verifier))


@lru_cache(maxsize=4)
def examples_of(overrides: str, part: str) -> tuple[Example, ...]:
    """The examples of a split."""
    if part not in SPLITS:
        raise unknown("split", part, SPLITS)
    config = settings_of(overrides)
    examples = load(config.data, config.seed).examples
    if part != "all":
        own = config.data
        parts = split(examples, validation=own.validation, test=own.test, seed=config.seed)
        examples = getattr(parts, part)
    if not examples:
        raise ConfigError(f"data: split {part!r} is empty")
    return tuple(examples)
