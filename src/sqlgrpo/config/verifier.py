"""How queries are judged, and what they earn."""

from __future__ import annotations

from dataclasses import dataclass, field


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
    own_databases: int = 12
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
