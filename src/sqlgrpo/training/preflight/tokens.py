"""Token ids and templates: where a completion starts, how it ends, and what is padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlgrpo.environments import SqlEnv
from sqlgrpo.models.prompts import eos_ids, plain_text, prompt_ids
from sqlgrpo.training.preflight.finding import Findings, error, ok, warning
from sqlgrpo.types import Example, Message


def check_tokens(
    model: Any, tokenizer: Any, environment: SqlEnv, examples: Sequence[Example], *, chat: bool
) -> Findings:
    """All of the checks below on one example; ``model`` needs only its ``generation_config``."""
    example = examples[0]
    messages, answer = environment.messages(example), environment.answer(example)
    ids = prompt_ids(tokenizer, messages, chat=chat)
    full = answered_ids(tokenizer, messages, answer, chat=chat)
    ends = eos_ids(model, tokenizer)
    return (
        check_bos(tokenizer, ids)
        + check_boundary(tokenizer, ids, full)
        + check_eos(tokenizer, full, ends)
        + check_chat(tokenizer, chat=chat)
        + check_ids(model, tokenizer)
    )


def answered_ids(
    tokenizer: Any, messages: Sequence[Message], answer: Message, *, chat: bool
) -> list[int]:
    """Prompt and answer as the warm start reads them."""
    if chat:
        ids: list[int] = tokenizer.apply_chat_template(
            [*messages, answer], tokenize=True, return_dict=False
        )
        return ids
    text = plain_text(messages) + answer["content"] + tokenizer.eos_token
    plain: list[int] = tokenizer(text)["input_ids"]
    return plain


def check_padding(tokenizer: Any, ends: Sequence[int]) -> Findings:
    """Where labels are masked by the pad token's id, the end of a turn is never learnt.

    TRL 1.16 masks by length, so this harms other tools that read the checkpoint's tokenizer.
    """
    if tokenizer.pad_token_id not in ends:
        return ok("pad token", tokenizer.pad_token)
    return warning(
        "pad token",
        f"{tokenizer.pad_token} also ends an answer; harmless here, but a tool that masks padding "
        "by its id would unlearn the end",
        f"set model.pad_token to a token of its own{_spare(tokenizer, ends)}",
    )


def _spare(tokenizer: Any, ends: Sequence[int]) -> str:
    """A special token that could be the pad token, as an example; empty when there is none."""
    used = {*ends, tokenizer.bos_token_id}
    free = [token for token in tokenizer.all_special_tokens if _id(tokenizer, token) not in used]
    named = sorted(free, key=lambda token: ("pad" not in token, "end" not in token))
    return f", such as '{named[0]}'" if named else ""


def _id(tokenizer: Any, token: str) -> int:
    number: int = tokenizer.convert_tokens_to_ids(token)
    return number


def check_bos(tokenizer: Any, ids: Sequence[int]) -> Findings:
    """Two in a row; some models open every turn with their BOS, and that is fine."""
    bos = tokenizer.bos_token_id
    if bos is None or list(ids[:2]) != [bos, bos]:
        return ok("start of text", repr(tokenizer.decode(ids[:2])))
    return error(
        "start of text",
        "2 BOS tokens: the template writes one and the tokenizer, or the template, another",
        "remove it from the chat template, or set add_bos_token=false in tokenizer_config.json",
    )


def check_boundary(tokenizer: Any, prompt: Sequence[int], full: Sequence[int]) -> Findings:
    """The prompt alone must be the beginning of prompt and answer, token by token."""
    shared = next(
        (at for at, (a, b) in enumerate(zip(prompt, full, strict=False)) if a != b),
        min(len(prompt), len(full)),
    )
    if shared == len(prompt):
        tail = tokenizer.decode(prompt[-4:])
        return ok("prompt ends where the answer starts", repr(tail))
    return error(
        "prompt ends where the answer starts",
        f"{len(prompt) - shared} last tokens of the prompt differ once an answer follows "
        f"({tokenizer.decode(prompt[shared:])!r} becomes "
        f"{tokenizer.decode(full[shared : shared + 3])!r})",
        "end the prompt in a line break, and use a template that only appends",
    )


def check_eos(tokenizer: Any, full: Sequence[int], ends: Sequence[int]) -> Findings:
    """The warm start teaches to stop only if an end token closes the answer it reads."""
    last = next((token for token in reversed(full) if tokenizer.decode([token]).strip()), None)
    if last in ends:
        return ok("end of the answer", tokenizer.decode([last]))
    return error(
        "end of the answer",
        f"a training text ends in {tokenizer.decode(full[-2:])!r}, but completions end at "
        f"{tokenizer.decode(list(ends))!r}: the model would never learn to stop",
        "set tokenizer.eos_token, or eos_token_id in generation_config.json, to the template's",
    )


def check_chat(tokenizer: Any, *, chat: bool) -> Findings:
    if chat or tokenizer.chat_template is None:
        return []
    return warning(
        "model.chat=false",
        "the tokenizer has a chat template: this model expects turns",
        "set model.chat=true, unless it is a base model",
    )


def check_ids(model: Any, tokenizer: Any) -> Findings:
    """An id beyond the embeddings is an index error on CPU, and silent nonsense on some GPUs."""
    rows = model.get_input_embeddings().weight.shape[0] if hasattr(model, "parameters") else None
    if rows is None or len(tokenizer) <= rows:
        return ok("vocabulary", f"{len(tokenizer)} tokens")
    return error(
        "vocabulary",
        f"{len(tokenizer)} tokens, but {rows} embeddings",
        "use the tokenizer that belongs to the model",
    )
