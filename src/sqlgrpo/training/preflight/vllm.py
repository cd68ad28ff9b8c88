"""Settings that do not go with vLLM."""

from __future__ import annotations

from sqlgrpo.config import Config
from sqlgrpo.training.preflight.finding import Findings, error, warning


def quantized_for_vllm(config: Config) -> Findings:
    """TRL 1.16 sends vLLM the packed 4-bit weights, which it cannot load."""
    vllm = config.training.rollouts == "vllm" or config.training.trl.get("use_vllm")
    if not (config.model.load_in_4bit and vllm):
        return []
    return error(
        "QLoRA with vLLM",
        "TRL 1.16 merges the adapter into packed NF4 weights and vLLM cannot load the result",
        "use training.rollouts=local, or vllm_server, or model=llama-3.1-8b-instruct-bf16",
    )


def vllm_by_the_back_door(config: Config) -> Findings:
    if "use_vllm" not in config.training.trl:
        return []
    return error(
        "training.trl.use_vllm",
        "rollouts have a setting of their own",
        "set training.rollouts=vllm",
    )


def vllm_length(config: Config) -> Findings:
    longest = config.data.max_prompt_tokens + config.training.max_completion_tokens
    limit = config.training.trl.get("vllm_max_model_length")
    if config.training.rollouts != "vllm" or limit is None or limit >= longest:
        return []
    return error(
        "training.trl.vllm_max_model_length",
        f"{limit} is less than the longest prompt and completion",
        f"set it to {longest}",
    )


def merged_in_bfloat16(config: Config) -> Findings:
    """TRL merges the adapter into the live weights to send them, and unmerges afterwards."""
    if config.training.rollouts != "vllm" or not config.model.lora:
        return []
    return warning(
        "training.rollouts=vllm with LoRA",
        "TRL merges and unmerges the adapter each step, and bfloat16 weights drift",
        "use training.rollouts=vllm_server, which loads the adapter instead",
    )


CHECKS = (
    quantized_for_vllm,
    vllm_by_the_back_door,
    vllm_length,
    merged_in_bfloat16,
)
