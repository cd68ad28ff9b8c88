"""What the fast trainer does differently from stock TRL.

Every switch but ``refill_rounds``, which changes what is learnt from, keeps the same gradients.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlgrpo.errors import ConfigError
from sqlgrpo.inference.engine import check_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class FastOptions:
    """Switches of ``FastGRPOTrainer``; the defaults are what a run should use."""

    share_forward: bool = True
    """Log-probabilities from one packed row per group: the prompt once, completions as a trie;
    what opens the prompts of all groups is read once for all of them."""
    share_rollouts: bool = True
    """Sample from one packed tree per group, forking only where completions diverge."""
    skip_flat: bool = True
    """Completions with advantage exactly 0 are not forwarded when nothing else needs them."""
    max_tokens: int | None = None
    """Packed tokens held in memory at once; more are split and recomputed in the backward pass.
    ``None`` allows as many as stock would hold for the same micro-batch."""
    sampling: str = "auto"
    """Weights that completions are sampled from, a name in ``sqlgrpo.inference.engine.WEIGHTS``;
    a copy is refreshed before each rollout."""
    refill_rounds: int = 0
    """Dynamic sampling (DAPO): replace flat groups by groups for other prompts, at most this
    often per generation; 0 turns it off."""

    def __post_init__(self) -> None:
        check_weights(self.sampling)
        if self.max_tokens is not None and self.max_tokens < 1:
            raise ConfigError(f"max_tokens {self.max_tokens} is not positive")
        if self.refill_rounds < 0:
            raise ConfigError(f"refill_rounds {self.refill_rounds} is negative")
