"""The protocol of ``rollouts=vllm_server``, against a server that speaks vLLM's endpoints.

The server samples from a real model with the adapters that it was told to load, so a completion's
log-probabilities show which adapter answered.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from peft import PeftModel, get_peft_model
from tests.training.tiny_run import run

from sqlgrpo.config import ModelConfig
from sqlgrpo.errors import ConfigError
from sqlgrpo.evaluation.figures import read_stages
from sqlgrpo.models import load_model, lora, save
from sqlgrpo.training import rollouts_vllm
from sqlgrpo.training.rollouts_vllm import AdapterServer, Sampling

MODEL = ModelConfig(name="random:tiny", lora_r=8, lora_alpha=16)
PROMPTS = [[5, 6, 7, 8], [9, 10, 11]]


class Serving:
    """What the server holds and what it was asked."""

    def __init__(self) -> None:
        self.base = load_model(MODEL)
        self.adapters: dict[str, PeftModel] = {}
        self.calls: list[tuple[str, str]] = []
        self.bodies: list[dict] = []
        self.most = 0

    def load_lora_adapter(self, body: dict) -> tuple[int, object]:
        name, folder = body["lora_name"], Path(body["lora_path"])
        if name in self.adapters:
            return 400, f"The lora adapter '{name}' has already been loaded."
        if not (folder / "adapter_model.safetensors").is_file():
            return 404, f"No adapter found for {folder}"
        self.adapters[name] = PeftModel.from_pretrained(load_model(MODEL), folder).eval()
        self.most = max(self.most, len(self.adapters))
        self.calls.append(("load", name))
        return 200, f"Success: LoRA adapter '{name}' added successfully."

    def unload_lora_adapter(self, body: dict) -> tuple[int, object]:
        if body["lora_name"] not in self.adapters:
            return 404, "no such adapter"
        del self.adapters[body["lora_name"]]
        self.calls.append(("unload", body["lora_name"]))
        return 200, "Success"

    def completions(self, body: dict) -> tuple[int, object]:
        if body["model"] not in self.adapters:
            return 404, f"The model `{body['model']}` does not exist."
        self.calls.append(("sample", body["model"]))
        self.bodies.append(body)
        choices = []
        for prompt in body["prompt"]:
            if body["seed"] is not None:
                torch.manual_seed(body["seed"])
            for _ in range(body["n"]):
                tokens, logps = self.draw(self.adapters[body["model"]], prompt, body)
                choices.append(
                    {
                        "index": len(choices),
                        "token_ids": tokens if body["return_token_ids"] else None,
                        "logprobs": {"token_logprobs": logps},
                        "finish_reason": "stop" if len(tokens) < body["max_tokens"] else "length",
                    }
                )
        return 200, {"choices": choices[::-1]}

    @torch.no_grad()
    def draw(self, model: PeftModel, prompt: list[int], body: dict):
        tokens, logps = [], []
        while len(tokens) < body["max_tokens"]:
            logits = model(torch.tensor([prompt + tokens])).logits[0, -1]
            scores = (logits / body["temperature"]).log_softmax(-1)
            tokens.append(int(torch.multinomial(scores.exp(), 1)))
            logps.append(float(scores[tokens[-1]]))
            if tokens[-1] in body["stop_token_ids"]:
                break
        return tokens, logps


@contextmanager
def serve(serving: Serving, *, updates: bool = True):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = self.path.removeprefix("/v1/")
            if not updates and "lora" in name:
                status, answer = 404, "Not Found"
            else:
                status, answer = getattr(serving, name)(body)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def sampling(**changes: object) -> Sampling:
    settings = {
        "max_tokens": 5,
        "temperature": 0.7,
        "top_p": 1.0,
        "top_k": 0,
        "min_p": 0.0,
        "repetition_penalty": 1.0,
        "stop": None,
        "stop_token_ids": [2],
        "seed": 1,
    }
    return Sampling(**settings | changes)


@pytest.fixture
def adapter(tmp_path):
    torch.manual_seed(3)
    model = get_peft_model(load_model(MODEL), lora(MODEL))
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            parameter.data.normal_(std=0.5)
    save(model, tmp_path / "adapter")
    return tmp_path / "adapter", model.eval()


def test_completions_come_in_groups_with_the_policys_own_log_probabilities(adapter):
    folder, model = adapter
    with serve(Serving()) as url:
        server = AdapterServer(url)
        server.load("a-1", folder)
        samples = server.sample("a-1", PROMPTS, 3, sampling())
    assert len(samples) == 6
    for index, sample in enumerate(samples):
        prompt = PROMPTS[index // 3]
        ids = torch.tensor([prompt + sample.tokens])
        with torch.no_grad():
            scores = (model(ids).logits[0] / 0.7).log_softmax(-1)
        at = range(len(prompt) - 1, len(prompt) + len(sample.tokens) - 1)
        expected = [float(scores[i, t]) for i, t in zip(at, sample.tokens, strict=True)]
        assert sample.logps == pytest.approx(expected, abs=1e-4)


def test_an_adapter_that_is_not_there_is_one_clear_line(tmp_path):
    with serve(Serving()) as url, pytest.raises(ConfigError, match="No adapter found"):
        AdapterServer(url).load("a-1", tmp_path)


def test_a_server_without_runtime_adapters_is_told_how_to_start(adapter):
    with serve(Serving(), updates=False) as url, pytest.raises(ConfigError, match="--enable-lora"):
        AdapterServer(url).load("a-1", adapter[0])


def test_no_server_names_the_setting_that_needs_none():
    with pytest.raises(ConfigError, match=r"training\.rollouts=local"):
        AdapterServer("http://127.0.0.1:9").unload("a")


def test_training_samples_from_the_adapter_of_each_step_and_leaves_nothing_behind(
    tmp_path, monkeypatch
):
    serving, seen = Serving(), []
    ask = rollouts_vllm.ServerGRPOTrainer._generate_single_turn

    def compared(self, prompt_ids, *args, **kwargs):
        tokens, rest = ask(self, prompt_ids, *args, **kwargs)
        served = serving.adapters[self._served[1]]
        live = dict(self.accelerator.unwrap_model(self.model).named_parameters())
        for name, weight in served.named_parameters():
            if "lora_" in name:
                assert torch.equal(weight, live[name].detach()), name
        seen.append(len(tokens))
        return tokens, rest

    monkeypatch.setattr(rollouts_vllm.ServerGRPOTrainer, "_generate_single_turn", compared)
    with serve(serving) as url:
        folder = run(
            tmp_path / "run", "training.rollouts=vllm_server", f"training.rollouts_url={url}"
        )
    assert "grpo" in read_stages(folder.evaluation)
    assert seen == [8, 8, 8, 8]
    names = [name for call, name in serving.calls if call == "load"]
    label = names[0].split("-")[1]
    assert names == [f"run-{label}-{step}" for step in range(4)]
    assert len(label) == 6  # of this process: a killed one may have left its own names
    assert serving.most == 2
    assert serving.adapters == {}
    neutral = {"top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "top_p": 1.0}
    assert all(body | neutral == body for body in serving.bodies)
    assert len({body["seed"] for body in serving.bodies}) == len(serving.bodies)
    assert not (folder.root / rollouts_vllm.FOLDER).exists()


def test_every_call_of_a_step_has_a_seed_of_its_own_and_a_resumed_run_has_the_same():
    settings = {"top_p": 1.0, "top_k": 0, "min_p": None, "repetition_penalty": 1.0, "stop": None}
    asked = SimpleNamespace(
        **settings,
        temperature=1.0,
        max_completion_length=8,
        eos_token_ids=[2],
        args=SimpleNamespace(seed=3),
        _asked=(-1, 0),
    )

    def seeds(*steps):
        asked._asked = (-1, 0)
        found = []
        for step in steps:
            asked.state = SimpleNamespace(global_step=step)
            found.append(rollouts_vllm.ServerGRPOTrainer._sampling(asked, distinct=True).seed)
        return found

    every = seeds(0, 0, 1, 1, 1)
    assert len(set(every)) == 5
    assert seeds(1, 1, 1) == every[2:]
    # vLLM would give equal prompts of one request the same completion.
    assert rollouts_vllm.ServerGRPOTrainer._sampling(asked, distinct=False).seed is None


def test_the_server_needs_an_adapter_and_an_unknown_engine_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"model\.lora=true"):
        run(tmp_path / "a", "training.rollouts=vllm_server", "model.lora=false")
    with pytest.raises(ConfigError, match=r"training\.fast=true"):
        run(tmp_path / "c", "training.rollouts=vllm_server", "training.fast=false")
    more = "+training.trl.generation_kwargs={top_k: 5}"
    with pytest.raises(ConfigError, match="generation_kwargs"):
        run(tmp_path / "d", "training.rollouts=vllm_server", more)
    with pytest.raises(ConfigError, match="did you mean 'vllm_server'"):
        run(tmp_path / "b", "training.rollouts=vllm_serve")
