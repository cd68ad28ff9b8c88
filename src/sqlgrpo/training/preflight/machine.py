"""What the machine offers: a device, room on disk, the hub, W&B."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import httpx2
import torch
from huggingface_hub import auth_check
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

from sqlgrpo.config import Config
from sqlgrpo.models.precision import computes_in_bfloat16
from sqlgrpo.training.preflight.finding import Findings, error, ok, warning

GIB = 2**30


def check_device(config: Config) -> Findings:
    """A GPU with bfloat16 where the settings need one."""
    if not torch.cuda.is_available():
        if config.model.needs_gpu:
            return error("device", "no CUDA GPU", "run experiment=quickstart, or docs/gpu.md")
        return ok("device", f"CPU, {os.cpu_count()} cores")
    name = torch.cuda.get_device_name()
    gib = torch.cuda.get_device_properties(0).total_memory / GIB
    value = f"{torch.cuda.device_count()} x {name}, {gib:.0f} GiB, CUDA {torch.version.cuda}"
    wants = "bfloat16" in (config.model.dtype, config.training.autocast)
    if wants and not torch.cuda.is_bf16_supported(including_emulation=False):
        return error("device", f"{value} has no bfloat16", "use an Ampere card or newer")
    return ok("device", value)


def check_precision(config: Config) -> Findings:
    """bfloat16 on a CPU that can only imitate it."""
    choice = config.training.autocast
    cpu = torch.device("cpu")
    if torch.cuda.is_available() or choice != "bfloat16" or computes_in_bfloat16(cpu):
        return []
    return warning(
        "training.autocast",
        "this CPU has no bfloat16 arithmetic: steps take several times as long as in float32",
        "set training.autocast=auto",
    )


def check_processes(config: Config) -> Findings:
    """One process per GPU, and cores for the verification of each."""
    gpus, wanted = torch.cuda.device_count(), config.training.num_gpus
    if gpus and wanted > gpus:
        return error("processes", f"{wanted} for {gpus} GPUs", f"set training.num_gpus={gpus}")
    workers, cores = config.verifier.suite.workers, os.cpu_count() or 1
    if workers * wanted > cores:
        return warning(
            "processes",
            f"{wanted} x {workers} verification workers on {cores} cores",
            "set verifier.suite.workers=0, which divides the cores",
        )
    each = workers or max(1, cores // wanted)
    return ok("processes", f"{wanted} for training, with {each} verification workers each")


def check_disk(folder: Path, needed_bytes: float) -> Findings:
    """Room for the checkpoints that are kept, and one that is being written."""
    existing = next(path for path in (folder, *folder.resolve().parents) if path.exists())
    free = shutil.disk_usage(existing).free
    value = f"{free / GIB:.1f} GiB free, about {needed_bytes / GIB:.1f} GiB of checkpoints"
    if free < needed_bytes:
        return error("disk", value, "free space, or name another output_dir")
    if free < 2 * needed_bytes:
        return warning("disk", value, "free space before a long run")
    return ok("disk", value)


def check_hub(config: Config) -> Findings:
    """May this machine download the model?"""
    name = config.model.name
    if ":" in name or Path(name).expanduser().exists():
        return ok("model", f"{name} needs no hub")
    token = os.environ.get("HF_TOKEN")
    try:
        auth_check(name, token=token)
    except GatedRepoError:
        return error(
            "hub",
            f"{name} is gated" + ("" if token else " and HUGGINGFACE_TOKEN is not set"),
            f"accept its licence on its hub page (model {name}) and set HUGGINGFACE_TOKEN in .env",
        )
    except RepositoryNotFoundError:
        return error("hub", f"no model {name} there", "check model.name and HUGGINGFACE_TOKEN")
    except (httpx2.HTTPError, OSError) as problem:  # httpx2 is the hub's client
        return warning(
            "hub",
            f"no answer about {name} ({type(problem).__name__})",
            "check the network; a model that was downloaded before works without",
        )
    return ok("hub", f"{name} can be downloaded")


def check_tracker(config: Config) -> Findings:
    """Where figures go besides ``metrics.jsonl``."""
    choice = config.training.report_to
    key, offline = os.environ.get("WANDB_API_KEY"), os.environ.get("WANDB_MODE") == "offline"
    if choice == "wandb" and not (key or offline):
        return error("W&B", "no key", "set WANDB_API_KEY in .env, or WANDB_MODE=offline")
    if choice == "none" or (choice == "auto" and not key):
        return ok("W&B", "off; figures go to metrics.jsonl")
    return ok("W&B", "offline" if offline else "on")
