"""Completions from a running vLLM server that is given each new adapter by name.

    vllm serve meta-llama/Llama-3.1-8B-Instruct --enable-lora --max-lora-rank 32 --max-loras 2 \\
        --max-cpu-loras 2    # with VLLM_ALLOW_RUNTIME_LORA_UPDATING=True

Before a rollout the adapter is saved, loaded under a new name, and the one before unloaded. Base
weights are never sent and never merged, so this works with 4-bit weights in the trainer. Server
and trainer must see the same folder.
"""

from __future__ import annotations

import json
import secrets
import shutil
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trl.models import unwrap_model_for_generation

from sqlgrpo.errors import ConfigError
from sqlgrpo.models import save
from sqlgrpo.training.distributed import barrier, on_main, world
from sqlgrpo.training.survive import SurvivingFastGRPOTrainer

FOLDER = ".rollout-adapters"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How the server draws."""

    max_tokens: int
    temperature: float
    top_p: float
    top_k: int
    """0 for all tokens."""
    min_p: float
    repetition_penalty: float
    stop: list[str] | None
    stop_token_ids: list[int]
    seed: int | None
    """vLLM seeds every prompt of a request alike; ``None`` when equal prompts are in one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """One completion: its tokens, the last of which ends it, and their log-probabilities."""

    tokens: list[int]
    logps: list[float]


@dataclass(frozen=True, slots=True)
class AdapterServer:
    """vLLM's documented HTTP endpoints, as far as rollouts need them."""

    url: str
    timeout_s: float = 600.0

    def load(self, name: str, folder: Path) -> None:
        """Make the adapter in ``folder`` answer to ``name``."""
        body = {"lora_name": name, "lora_path": str(folder.resolve())}
        self._post("/v1/load_lora_adapter", body)

    def unload(self, name: str) -> None:
        """Free the adapter's slot."""
        self._post("/v1/unload_lora_adapter", {"lora_name": name})

    def sample(
        self, name: str, prompts: Sequence[Sequence[int]], each: int, how: Sampling
    ) -> list[Sampled]:
        """``each`` completions for every prompt, those of a prompt next to each other."""
        body = {
            "model": name,
            "prompt": [list(prompt) for prompt in prompts],
            "n": each,
            "max_tokens": how.max_tokens,
            "temperature": how.temperature,
            "top_p": how.top_p,
            # What is not sent, the server takes from the model's generation_config.json.
            "top_k": how.top_k,
            "min_p": how.min_p,
            "repetition_penalty": how.repetition_penalty,
            "stop": how.stop,
            "stop_token_ids": how.stop_token_ids,
            "seed": how.seed,
            "logprobs": 0,
            "return_token_ids": True,
            "skip_special_tokens": False,
        }
        choices = json.loads(self._post("/v1/completions", body))["choices"]
        wanted = len(prompts) * each
        if len(choices) != wanted or any(choice.get("token_ids") is None for choice in choices):
            raise ConfigError(
                f"{self.url} gave {len(choices)} completions for {wanted}, or none with token ids; "
                "use vLLM 0.10.2 or later"
            )
        return [
            Sampled(tokens=choice["token_ids"], logps=choice["logprobs"]["token_logprobs"])
            for choice in sorted(choices, key=lambda choice: int(choice["index"]))
        ]

    def _post(self, path: str, body: dict[str, Any]) -> bytes:
        request = urllib.request.Request(
            self.url.rstrip("/") + path,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_s) as response:
                content: bytes = response.read()
                return content
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")[:300]
            hint = ""
            if error.code == 404 and "lora_adapter" in path:
                hint = "; start it with --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True"
            raise ConfigError(f"{self.url}{path}: {error.code} {said}{hint}") from None
        except (urllib.error.URLError, TimeoutError) as error:
            raise ConfigError(
                f"no vLLM server at {self.url} ({error}); see docs/scaling.md, or set "
                "training.rollouts=local"
            ) from None


class ServerGRPOTrainer(SurvivingFastGRPOTrainer):
    """The fast trainer with completions from an ``AdapterServer``."""

    server: AdapterServer
    stop: list[str] | None = None
    _served: tuple[int, str] = (-1, "")
    """The optimizer step of the adapter that the server has, and its name."""
    _label: str = ""
    """Tells this process's adapters from those that a killed one left on the server."""
    _asked: tuple[int, int] = (-1, 0)
    """The optimizer step of the last call, and how many calls it had made before."""

    def _generate_single_turn(
        self,
        prompt_ids: list[list[int]],
        images: Any,
        multimodal_fields: dict[str, Any],
        num_generations: int,
        has_tool_images: bool = False,
    ) -> Any:
        del images, multimodal_fields, num_generations, has_tool_images
        with self.timer.measure("generate"):
            name = self._current_adapter()
            size = group_size(prompt_ids)
            asked = prompt_ids[::size]
            sampling = self._sampling(distinct=len(set(map(tuple, asked))) == len(asked))
            samples = self.server.sample(name, asked, size, sampling)
        return [sample.tokens for sample in samples], None

    def _sampling(self, *, distinct: bool) -> Sampling:
        """As TRL would sample, with a seed of its own for every call of distinct prompts."""
        step, calls = self._asked
        calls = calls + 1 if step == self.state.global_step else 0
        self._asked = (self.state.global_step, calls)
        seed = self.args.seed + 1_000_003 * self.state.global_step + 1_009 * calls + world().rank
        return Sampling(
            max_tokens=self.max_completion_length,
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            min_p=self.min_p or 0.0,
            repetition_penalty=self.repetition_penalty,
            stop=self.stop,
            stop_token_ids=self.eos_token_ids,
            seed=seed if distinct else None,
        )

    def _current_adapter(self) -> str:
        """The name under which the server has the adapter as it is now."""
        step, old = self._served
        if step == self.state.global_step:
            return old
        root = Path(self.args.output_dir) / FOLDER
        self._label = self._label or on_main(lambda: secrets.token_hex(3))
        name = f"{Path(self.args.output_dir).name}-{self._label}-{self.state.global_step}"
        folder = root / name
        with unwrap_model_for_generation(self.model_wrapped, self.accelerator) as model:
            if world().is_main:
                root.mkdir(parents=True, exist_ok=True)
                save(model, folder)
        if world().is_main:
            self.server.load(name, folder)
            if old:
                self.server.unload(old)
                shutil.rmtree(root / old, ignore_errors=True)
        barrier()
        self._served = (self.state.global_step, name)
        return name

    def train(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().train(*args, **kwargs)
        finally:
            self._release()

    def _release(self) -> None:
        """Leave the server as it was found."""
        _, name = self._served
        if name and world().is_main:
            self.server.unload(name)
            shutil.rmtree(Path(self.args.output_dir) / FOLDER, ignore_errors=True)
        self._served = (-1, "")


def group_size(prompts: Sequence[Sequence[int]]) -> int:
    """How many equal prompts stand together, all through the batch.

    >>> group_size([[1], [1], [2], [2]]), group_size([[1], [2], [2]])
    (2, 1)
    """
    size = next((at for at, prompt in enumerate(prompts) if prompt != prompts[0]), len(prompts))
    whole = len(prompts) % size == 0 and all(
        prompt == prompts[at - at % size] for at, prompt in enumerate(prompts)
    )
    return size if whole else 1
