"""Ask any OpenAI-compatible server: vLLM, llama.cpp, Ollama, hosted models.

Every answer is written to a journal at once, so a run that was stopped asks only what is missing.
A request that fails for good costs its example the answer, with the reason in the journal; a
server that refuses the key or does not know the model ends the run, for all would fail.
"""

from __future__ import annotations

import logging
import os
import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from sqlgrpo.config import EndpointConfig, EvaluationConfig
from sqlgrpo.environments import Advance, SqlEnv, converse
from sqlgrpo.errors import ConfigError
from sqlgrpo.evaluation.policies import Policy
from sqlgrpo.inference.journal import Journal, Reply, request_id
from sqlgrpo.types import Completion, Example, Message

log = logging.getLogger(__name__)

REFUSED = {401: "the key is refused", 403: "access is refused", 404: "no such model or address"}
WORTH_RETRYING = {408, 409, 425, 429, 500, 502, 503, 504, 529}
LONGEST_WAIT_S = 60.0
FAILED = "(no answer: the endpoint failed)"
"""Stands for the completion that never came; the conversation ends with it."""


@dataclass(slots=True, kw_only=True)
class Endpoint:
    """A model behind ``/chat/completions``."""

    config: EndpointConfig
    max_new_tokens: int
    journal: Journal
    client: httpx.Client

    def speak(self, conversations: Sequence[Sequence[Message]], advance: Advance) -> list[str]:
        """One text per conversation, asked concurrently; ``FAILED`` where there is none."""

        def ask(messages: Sequence[Message]) -> str:
            text = self.ask(messages)
            advance(1)
            return text

        with ThreadPoolExecutor(self.config.concurrency) as pool:
            futures = [pool.submit(ask, messages) for messages in conversations]
            try:
                return [future.result() for future in futures]
            finally:
                for future in futures:
                    future.cancel()

    def ask(self, messages: Sequence[Message]) -> str:
        """The next message; ``FAILED`` if asking failed, now or earlier in this conversation."""
        if any(message["content"] == FAILED for message in messages):
            return FAILED
        body = self._body(messages)
        request = request_id(body)
        known = self.journal.answered(request)
        if known is not None:
            return known
        reply = self._persist(body)
        self.journal.add(request, messages[-1]["content"][-200:], reply)
        return FAILED if reply.error else reply.text

    def _body(self, messages: Sequence[Message]) -> dict[str, Any]:
        return {
            "model": self.config.model,
            "messages": list(messages),
            "max_tokens": self.max_new_tokens,
            "temperature": self.config.temperature,
        }

    def _persist(self, body: dict[str, Any]) -> Reply:
        """Ask until there is an answer, or it is not worth asking again."""
        error, wait_s = "", 0.0
        for attempt in range(self.config.retries + 1):
            time.sleep(wait_s)
            wait_s = min(LONGEST_WAIT_S, self.config.backoff_s * 2**attempt)
            wait_s *= random.uniform(0.5, 1.0)
            try:
                response = self.client.post("chat/completions", json=body)
            except httpx.HTTPError as problem:
                error = f"{type(problem).__name__}: {problem}"
                continue
            if response.status_code == httpx.codes.OK:
                reply = read_reply(response)
                if not reply.error:
                    return reply
                error = reply.error
                continue
            error = f"status {response.status_code}: {response.text[:200]}"
            if response.status_code in REFUSED:
                why = REFUSED[response.status_code]
                raise ConfigError(f"endpoint {self.client.base_url}: {why} ({error})")
            if response.status_code not in WORTH_RETRYING:
                break
            wait_s = max(wait_s, _asked_to_wait_s(response))
        return Reply(error=error)


def read_reply(response: httpx.Response) -> Reply:
    """The text in a response that claims success; servers have been seen to send anything."""
    try:
        text = response.json()["choices"][0]["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError):
        return Reply(error=f"not a chat completion: {response.text[:200]!r}")
    if not isinstance(text, str):
        return Reply(error=f"a message without text: {response.text[:200]!r}")
    return Reply(text=text)


def endpoint_policy(
    config: EndpointConfig, environment: SqlEnv, evaluation: EvaluationConfig, folder: Path
) -> Policy:
    """A policy that asks the server, in as many turns as the environment has."""
    check(config)
    key = os.environ.get(config.api_key_env, "")
    client = httpx.Client(
        base_url=config.base_url.rstrip("/") + "/",
        headers={"Authorization": f"Bearer {key}"} if key else {},
        timeout=config.timeout_s,
        limits=httpx.Limits(max_connections=config.concurrency),
    )
    endpoint = Endpoint(
        config=config,
        max_new_tokens=evaluation.max_new_tokens,
        journal=Journal.open(folder / "completions" / "endpoint.jsonl"),
        client=client,
    )

    def answer(examples: Sequence[Example], advance: Advance) -> list[Completion]:
        with client:
            completions = converse(environment, examples, endpoint.speak, advance)
        failed = [reply.error for reply in endpoint.journal.replies.values() if reply.error]
        if failed:
            log.warning(
                "%d requests failed, the last with %r; they count as wrong. The same command asks "
                "them again. All are in %s",
                len(failed),
                failed[-1],
                endpoint.journal.path,
            )
        return completions

    return answer


def check(config: EndpointConfig) -> None:
    """Raise ``ConfigError`` unless it is known whom to ask."""
    if not config.base_url.startswith(("http://", "https://")):
        raise ConfigError(
            f"endpoint.base_url is {config.base_url!r}; name a server, such as "
            "endpoint.base_url=http://localhost:8000/v1"
        )
    if not config.model:
        raise ConfigError("endpoint.model is empty; name the model as the server knows it")
    if config.concurrency < 1 or config.retries < 0:
        raise ConfigError("endpoint.concurrency must be at least 1 and endpoint.retries at least 0")


def _asked_to_wait_s(response: httpx.Response) -> float:
    try:
        return min(LONGEST_WAIT_S, float(response.headers.get("retry-after", 0)))
    except ValueError:
        return 0.0
