"""How much memory a run needs on each card, from shapes alone: no weight is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accelerate import init_empty_weights
from torch import nn
from transformers import AutoModelForCausalLM, PretrainedConfig

from sqlgrpo.config import Config
from sqlgrpo.models.precision import autocasts
from sqlgrpo.training.preflight.finding import Findings, error, ok, warning

GIB = 2**30
BYTES = {"float32": 4.0, "bfloat16": 2.0, "float16": 2.0}
NF4_BYTES = 0.5 + 1 / 64 + 4 / (64 * 256)
"""Four bits, an 8-bit scale per 64 weights, a float32 scale per 256 scales."""
LOGITS_BYTES = 3 * 512 * 2**20
"""A tile of logits, its probabilities, and a product with the head."""
OVERHEAD_BYTES = 1.2 * GIB
"""CUDA's context, cuBLAS workspaces and NCCL buffers."""
FRAGMENTATION = 1.1
SAVED_PER_TOKEN = 10
"""Vectors of hidden size kept per token and layer besides the MLP's (norms, residuals, q, o)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Bytes on one card."""

    weights: float
    """The policy's and, with a KL term and no adapter, the reference's."""
    trained: float
    """Adapters (or float32 copies of all weights) and gradients."""
    optimizer: float
    cache: float
    """Keys and values of the rollout."""
    activations: float
    logits: float

    @property
    def peak(self) -> float:
        """The larger of rollout and update; they do not overlap."""
        fixed = self.weights + self.trained + self.optimizer
        moving = max(self.cache, self.activations) + self.logits
        return (fixed + moving) * FRAGMENTATION + OVERHEAD_BYTES

    def __str__(self) -> str:
        parts = {
            "weights": self.weights,
            "adapters and gradients": self.trained,
            "optimizer": self.optimizer,
            "keys and values": self.cache,
            "activations": self.activations,
            "logits": self.logits,
        }
        listed = ", ".join(f"{name} {size / GIB:.1f}" for name, size in parts.items())
        return f"{self.peak / GIB:.1f} GiB at the peak ({listed})"


def estimate(config: Config, architecture: PretrainedConfig) -> Memory:
    """Memory of one process; each part is simple arithmetic on the shapes."""
    with init_empty_weights():
        model = AutoModelForCausalLM.from_config(architecture)
    training = config.training
    shards = training.num_gpus if training.accelerator == "deepspeed" else 1
    frozen_bytes, trained = _parameters(model, config)
    reference = training.beta > 0 and not config.model.lora
    sharded = shards if training.zero_stage == 3 else 1
    width = 4.0 if config.model.lora else BYTES[config.model.dtype]
    gradient_shards = shards if training.zero_stage >= 2 else 1
    own = 0.0 if config.model.lora or training.accelerator != "deepspeed" else 4.0
    on_card = 0.0 if training.offload else 1.0
    return Memory(
        weights=frozen_bytes * (2 if reference else 1) / sharded,
        trained=trained * (width / gradient_shards + (width if config.model.lora else 0.0)),
        optimizer=on_card * trained * (_moments(config) + own) / shards,
        cache=_cache(config, architecture),
        activations=_activations(config, architecture),
        logits=_logits(config, architecture),
    )


def checkpoint_bytes(config: Config, architecture: PretrainedConfig) -> float:
    """What the checkpoints of a run take on disk: weights, and optimizer state."""
    with init_empty_weights():
        model = AutoModelForCausalLM.from_config(architecture)
    training = config.training
    _, trained = _parameters(model, config)
    weights = trained * (4.0 if config.model.lora else BYTES[config.model.dtype])
    own = 4.0 if training.accelerator == "deepspeed" else 0.0
    state = trained * (_moments(config) + own)
    return (training.keep_checkpoints + 1) * (weights + state) + 2 * weights


def _moments(config: Config) -> float:
    """Bytes of Adam's moments for each trained parameter."""
    return 2.0 if "8bit" in str(config.training.trl.get("optim", "")) else 8.0


def _parameters(model: nn.Module, config: Config) -> tuple[float, float]:
    """Bytes of the model's weights, and the number of trained parameters."""
    head = model.get_output_embeddings()
    linears = [m for m in model.modules() if isinstance(m, nn.Linear) and m is not head]
    inside = sum(m.weight.numel() for m in linears)
    total = sum(p.numel() for p in model.parameters())
    width = BYTES[config.model.dtype]
    packed = NF4_BYTES if config.model.load_in_4bit else width
    size = inside * packed + (total - inside) * width
    if not config.model.lora:
        return size, float(total)
    adapters = sum(config.model.lora_r * (m.in_features + m.out_features) for m in linears)
    return size, float(adapters)


def _prompts_per_rollout(config: Config) -> int:
    return max(1, config.training.batch_size // config.training.num_gpus)


def _tokens(config: Config, groups: int) -> int:
    """Tokens of some groups; the fast trainer reads each prompt once."""
    training, prompt = config.training, config.data.max_prompt_tokens
    size, answer = training.num_generations, training.max_completion_tokens
    return groups * (prompt + size * answer if training.fast else size * (prompt + answer))


def _cache(config: Config, architecture: Any) -> float:
    if config.training.rollouts == "vllm_server":
        return 0.0
    head = getattr(architecture, "head_dim", None) or (
        architecture.hidden_size // architecture.num_attention_heads
    )
    per_token = 2 * architecture.num_hidden_layers * architecture.num_key_value_heads * head
    width = 2.0 if autocasts(config.training.autocast) else BYTES[config.model.dtype]
    return _tokens(config, _prompts_per_rollout(config)) * per_token * width


def _activations(config: Config, architecture: Any) -> float:
    tokens = _tokens(config, config.training.micro_batch_groups)
    width = 2.0 if autocasts(config.training.autocast) else 4.0
    hidden = architecture.hidden_size
    layer = (SAVED_PER_TOKEN * hidden + 4 * architecture.intermediate_size) * width
    layers = architecture.num_hidden_layers
    if config.training.trl.get("gradient_checkpointing", True):
        return tokens * (layers * hidden * width + layer)
    return tokens * layers * layer


def _logits(config: Config, architecture: Any) -> float:
    if config.training.fast:
        return float(LOGITS_BYTES)
    answer = config.training.micro_batch_groups * config.training.num_generations
    return answer * config.training.max_completion_tokens * architecture.vocab_size * 4.0


def check_memory(config: Config, architecture: PretrainedConfig, card_bytes: float) -> Findings:
    """Does the run fit a card, and if not, what makes the largest difference."""
    memory = estimate(config, architecture)
    value = f"{memory}, on {card_bytes / GIB:.0f} GiB"
    if memory.peak <= 0.9 * card_bytes:
        return ok("memory", value)
    advice = {
        memory.weights: "set model.load_in_4bit=true",
        memory.cache: "set a smaller training.batch_size or training.num_generations",
        memory.activations: "set training.micro_batch_groups=1 and "
        "training.trl.gradient_checkpointing=true",
        memory.optimizer: "set training.trl.optim=paged_adamw_8bit, or training.offload=true",
        memory.logits: "set training.fast=true",
    }
    next_step = advice[max(advice)]
    return (error if memory.peak > card_bytes else warning)("memory", value, next_step)
