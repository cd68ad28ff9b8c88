"""A random model with the architecture of Llama-3.1, small enough for a test.

Grouped queries, llama3 rope scaling, the special tokens at the top of the vocabulary, a byte-level
BPE that starts every text with ``<|begin_of_text|>``, three ids that end a turn, the sampling
defaults of the published ``generation_config.json`` and, for the instruct variant, the chat
template. What works on it works on the 8B models but for their size.
"""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path
from typing import Any

from sqlgrpo.errors import ConfigError

MERGES = 1_500
"""Merges taken over from SmolLM2's tokenizer; the first ones are the most frequent."""
SPECIAL = (
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|reserved_special_token_0|>",
    "<|reserved_special_token_1|>",
    "<|finetune_right_pad_id|>",
    "<|reserved_special_token_2|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eom_id|>",
    "<|eot_id|>",
    "<|python_tag|>",
)
WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How Llama-3's tokenizer cuts text before merging bytes."""
SIZES = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}


def build(folder: Path, donor: Any, *, chat: bool) -> None:
    """Write model and tokenizer to ``folder``; ``donor`` is a byte-level BPE tokenizer."""
    tokenizer = _tokenizer(donor, chat=chat)
    tokenizer.save_pretrained(folder)
    _model(tokenizer, chat=chat).save_pretrained(folder)


def _tokenizer(donor: Any, *, chat: bool) -> Any:
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    merges = json.loads(donor.backend_tokenizer.to_str())["model"]["merges"][:MERGES]
    pairs = [(left, right) for left, right in merges]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = dict.fromkeys([*letters, *("".join(pair) for pair in pairs)])
    vocabulary = {token: index for index, token in enumerate(tokens)}
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=pairs))
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL])
    bos = SPECIAL[0]
    backend.post_processor = TemplateProcessing(
        single=f"{bos} $A",
        pair=f"{bos} $A {bos} $B",
        special_tokens=[(bos, backend.token_to_id(bos))],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token=bos,
        eos_token="<|eot_id|>" if chat else "<|end_of_text|>",
        chat_template=_chat_template() if chat else None,
        clean_up_tokenization_spaces=False,
        model_input_names=["input_ids", "attention_mask"],
    )


def _chat_template() -> str:
    """Llama-3.1's template, which TRL ships for recognising it."""
    try:
        package = metadata.distribution("trl")
    except metadata.PackageNotFoundError:
        raise ConfigError("random:tiny-llama3 needs trl; run: make setup") from None
    file = Path(str(package.locate_file("trl/chat_templates/llama3_1.jinja")))
    return file.read_text(encoding="utf-8")


def _model(tokenizer: Any, *, chat: bool) -> Any:
    import torch
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

    ends = ["<|end_of_text|>", "<|eom_id|>", "<|eot_id|>"] if chat else ["<|end_of_text|>"]
    eos = tokenizer.convert_tokens_to_ids(ends)
    rope = {
        "rope_type": "llama3",
        "rope_theta": 500_000.0,
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8_192,
    }
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            **SIZES,
            vocab_size=len(tokenizer),
            max_position_embeddings=131_072,
            rope_parameters=rope,
            tie_word_embeddings=False,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=eos if chat else eos[0],
        )
    )
    model.generation_config = GenerationConfig(
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=eos if chat else eos[0],
        do_sample=True,
        temperature=0.6,
        top_p=0.9,
    )
    return model
