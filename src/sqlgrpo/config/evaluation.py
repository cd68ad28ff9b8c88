"""How policies are measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationConfig:
    """Greedy decoding on held-out schemas."""

    batch_size: int = 32
    max_new_tokens: int = 128
    weights: str = "auto"
    """What answers are computed with: ``model`` is the model as it is; ``bfloat16`` and ``float32``
    a merged copy; ``auto`` on CPUs a copy, in bfloat16 where they compute in it, else the model."""
    limit: int | None = None
    """Evaluate at most this many examples."""
    baselines: bool = True
    """A training run measures the base model and the warm start too, to compare with."""
    confidence: float = 0.95
    hacks: str | None = None
    """JSONL file of hacks for ``policy=hacks``; ``null`` takes the packaged list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointConfig:
    """An OpenAI-compatible server that answers for ``policy=endpoint``."""

    base_url: str = ""
    """Such as ``http://localhost:8000/v1``."""
    model: str = ""
    """The model's name on that server."""
    api_key_env: str = "OPENAI_API_KEY"
    """Environment variable with the key; servers without one need none."""
    concurrency: int = 8
    """Requests on their way at a time."""
    timeout_s: float = 120.0
    """Longest silence of the server."""
    retries: int = 4
    """Further attempts after a failure that may pass, each waiting longer."""
    backoff_s: float = 1.0
    """Wait before the first further attempt; it doubles each time."""
    temperature: float = 0.0
