"""The reward on answers whose worth is known: golds, nothing, and known hacks."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from sqlgrpo.environments import SqlEnv
from sqlgrpo.training.preflight.finding import Findings, error, ok, warning
from sqlgrpo.types import Example

HACK_REWARD = 0.1
"""Most that a hack may earn on average."""
EMPTY = ("", "   ", "I cannot answer that.")


def check_golds(environment: SqlEnv, examples: Sequence[Example]) -> Findings:
    """A gold that does not earn 1.0 teaches that right is wrong."""
    answers = [environment.answer(example)["content"] for example in examples]
    scores = environment.score_batch(answers, examples)
    failed = [(e, s) for e, s in zip(examples, scores, strict=True) if s.reward < 1.0]
    if not failed:
        return ok("reward of a gold", f"1.0 on {len(examples)} examples")
    example, score = failed[0]
    reason = next((v.reason for v in score.verdicts if v.reason), score.parsed.problem)
    return error(
        "reward of a gold",
        f"{len(failed)} of {len(examples)} golds earn less than 1.0 "
        f"({example.id}: {score.reward:.2f}, {reason})",
        "set data.audit=true, which leaves such examples out, or look at the rubric's gates",
    )


def check_nothing(environment: SqlEnv, examples: Sequence[Example]) -> Findings:
    """An answer without SQL must earn nothing."""
    paid = [t for t in EMPTY for e in examples[:1] if environment.score(t, e).reward > 0]
    if not paid:
        return ok("reward of nothing", "0.0 for answers without SQL")
    return error(
        "reward of nothing",
        f"{paid[0]!r} is paid",
        "look at the parser and the rubric: no verifier may pay for text without a query",
    )


def check_hacks(
    environment: SqlEnv, examples: Sequence[Example], completions: Sequence[str]
) -> Findings:
    """Known ways to be paid without answering."""
    scores = environment.score_batch(completions, examples)
    rewards = [score.reward for score in scores]
    solved = [e.id for e, reward in zip(examples, rewards, strict=True) if reward == 1.0]
    value = f"mean {fmean(rewards):.3f}, highest {max(rewards):.2f} over {len(rewards)} hacks"
    if solved:
        return error("reward of hacks", f"{', '.join(solved[:3])} earn 1.0", "see verifier=")
    if fmean(rewards) > HACK_REWARD:
        return warning("reward of hacks", value, "lower verifier.partial")
    return ok("reward of hacks", value)


def check_answers_fit(
    tokenizer: object, examples: Sequence[Example], environment: SqlEnv, limit: int
) -> Findings:
    """A gold that does not fit can never be sampled whole."""
    golds = [environment.answer(example)["content"] for example in examples]
    lengths = [len(ids) + 1 for ids in tokenizer(golds)["input_ids"]]  # type: ignore[operator]
    long = sum(length > limit for length in lengths)
    if not long:
        return ok("longest answer", f"{max(lengths)} of {limit} tokens")
    return warning(
        "longest answer",
        f"{long} of {len(golds)} golds need more than {limit} tokens",
        f"set training.max_completion_tokens={max(lengths)}",
    )


def check_prompt_loss(left_out: int, total: int, limit: int) -> Findings:
    """TRL does not truncate: prompts that are too long are left out."""
    share = left_out / max(1, total)
    value = f"{left_out} of {total} examples ({share:.1%}) exceed {limit} tokens"
    if share <= 0.05:
        return ok("prompts left out", value)
    return warning("prompts left out", value, "raise data.max_prompt_tokens")


def check_flat(rewards: Sequence[Sequence[float]]) -> Findings:
    """Groups whose rewards are all equal have no gradient."""
    flat = fmean(max(group) - min(group) < 1e-6 for group in rewards)
    value = f"{flat:.0%} of {len(rewards)} sampled groups are flat"
    if flat < 0.9:
        return ok("flat groups", value)
    solved = fmean(value for group in rewards for value in group) > 0.5
    hint = "harder examples" if solved else "training.warm_start.enabled=true, or easier examples"
    return warning("flat groups", value, f"GRPO has little to learn from; try {hint}")
