"""The warm start and GRPO."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmStartConfig:
    """A short supervised fine-tuning with TRL, so that GRPO has right answers to reinforce."""

    enabled: bool = False
    examples: int = 2_000
    """GRPO reads the others, or all where those would have to be read more than four times."""
    epochs: float = 1.0
    max_minutes: float | None = None
    """Stop by the clock, so that a slow machine still finishes."""
    learning_rate: float = 8e-4
    batch_size: int = 16
    """Examples per optimizer step."""
    micro_batch_size: int = 8
    """Examples per forward and backward pass; those about one schema come together."""
    adapter: str | None = None
    """Folder of an adapter to start from instead of training one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltsConfig:
    """Signs that GRPO has gone wrong; ``null`` turns one off.

    At the first of them the run saves a checkpoint, stops training, reports ``checkpoint-best``,
    and says what to change. docs/configuration.md lists them.
    """

    window: int = 20
    """Logged steps over which a figure is taken, so that no single batch halts a run."""
    not_finite: bool = True
    """A loss or gradient is NaN or infinite; the optimizer step is not taken."""
    length: float | None = 0.25
    """Completions are shorter than this share of what they were at the start, and earn no more."""
    flat_groups: float | None = 0.95
    """A larger share of the groups than this has rewards that are all equal."""
    kl: float | None = 1.0
    """KL divergence from the reference policy in nats a token; measured when ``beta`` > 0."""
    accuracy_drop: float | None = 0.1
    """Validation suite accuracy is further below its best than this ..."""
    evaluations: int = 3
    """... so many times in a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryConfig:
    """Checks on the rewards themselves, on a few completions of every generation; 0 turns one off.

    Their time is part of ``time/verify_s``, and stands on its own as ``time/telemetry_s``.
    """

    recheck: int = 8
    """Rewarded completions that are judged again, by a suite with another seed."""
    explain: int = 2
    """Wrong completions that are written down with a minimal counterexample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig:
    """GRPO. Keys under ``trl`` go to TRL's ``GRPOConfig`` unchanged; the rest are ours."""

    batch_size: int = 8
    """Prompts per optimizer step; each gets ``num_generations`` completions."""
    num_generations: int = 8
    """G: completions in a group."""
    micro_batch_groups: int = 1
    """Groups per forward and backward pass on each process."""
    max_steps: int = 100
    max_minutes: float | None = None
    """Stop GRPO by the clock."""
    learning_rate: float = 1e-5
    curriculum: str = "none"
    """Which prompts come next: ``none``, each as often as any other; ``learnable``, rather those
    that were sometimes right and sometimes wrong before."""
    curriculum_samples: int = 0
    """Completions that ``learnable`` draws for each example before GRPO, to know their pass rates
    from the start; 0 learns them on the way."""
    temperature: float = 1.0
    max_completion_tokens: int = 128
    beta: float = 0.0
    """Weight of the KL term against the reference policy."""
    fast: bool = True
    """Share prompts and completion prefixes within a group (same gradients, fewer tokens)."""
    packed_attention: str = "sdpa"
    """What ``fast`` attends with in training: ``sdpa``, or ``flex`` on a GPU (docs/gpu.md)."""
    refill_rounds: int = 0
    """Dynamic sampling (DAPO): replace flat groups by new prompts, at most this often a step."""
    autocast: str | None = None
    """``bfloat16`` runs forward and backward in mixed precision, ``auto`` does so where the device
    computes in it."""
    eval_every: int = 20
    """Optimizer steps between two measurements of validation suite accuracy; also checkpoints."""
    keep_checkpoints: int = 2
    resume: str = "auto"
    """``auto`` continues an unfinished run in ``output_dir``; ``never`` refuses to reuse it."""
    rollouts: str = "local"
    """Who samples: ``local``, ``continuous``, ``vllm`` or ``vllm_server`` (docs/scaling.md)."""
    rollouts_url: str = "http://localhost:8000"
    """The server of ``vllm_server``."""
    accelerator: str = "none"
    """``none``, ``ddp`` or ``deepspeed``."""
    num_gpus: int = 1
    """Processes on this machine; more than one re-launches the script under torchrun."""
    zero_stage: int = 2
    """DeepSpeed: 2 shards gradients and optimizer, 3 the weights too (not with 4-bit weights)."""
    offload: bool = False
    """DeepSpeed: the optimizer and its float32 weights in host memory."""
    report_to: str = "auto"
    """``wandb``, ``none``, or ``auto``: W&B when a key is set."""
    warm_start: WarmStartConfig = field(default_factory=WarmStartConfig)
    halts: HaltsConfig = field(default_factory=HaltsConfig)
    telemetry: TelemetryConfig = field(default_factory=TelemetryConfig)
    trl: dict[str, Any] = field(default_factory=dict)
