"""What the fast trainer does differently from stock TRL.

Every switch but ``refill_rounds``, which changes what is learnt from, keeps the same gradients.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlgrpo.config import TrainingConfig
from sqlgrpo.errors import ConfigError, unknown
from sqlgrpo.inference.engine import check_weights
from sqlgrpo.training.fast.forward import ATTENTION


@dataclass(frozen=True, slots=True, kw_only=True)
class FastOptions:
    """Switches of ``FastGRPOTrainer``; the defaults are what a run should use."""

    share_forward: bool = True
    """Log-probabilities from one packed row per group: the prompt once, completions as a trie;
    what opens the prompts of all groups is read once for all of them."""
    share_rollouts: bool = True
    """Sample from one packed tree per group, forking only where completions diverge."""
    attention: str = "sdpa"
    """How packed rows attend: a name in ``sqlgrpo.training.fast.forward.ATTENTION``."""
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

    @classmethod
    def of(cls, training: TrainingConfig) -> FastOptions:
        """What a run's settings choose."""
        return cls(attention=training.packed_attention, refill_rounds=training.refill_rounds)

    def __post_init__(self) -> None:
        if self.attention not in ATTENTION:
            raise unknown("packed attention", self.attention, ATTENTION)
        check_weights(self.sampling)
        if self.max_tokens is not None and self.max_tokens < 1:
            raise ConfigError(f"max_tokens {self.max_tokens} is not positive")
        if self.refill_rounds < 0:
            raise ConfigError(f"refill_rounds {self.refill_rounds} is negative")
