"""What goes to the hub, up to the upload, which a local server receives."""

from __future__ import annotations

import json
import shutil
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch
from omegaconf import OmegaConf
from peft import PeftModel, get_peft_model
from tests.training.tiny_run import config
from transformers import AutoModelForCausalLM, AutoTokenizer

from sqlgrpo.config import ModelConfig
from sqlgrpo.errors import ConfigError
from sqlgrpo.evaluation.figures import Figure, write_stage
from sqlgrpo.models import load_model, lora, save
from sqlgrpo.training.publish import export, licence_of, push

MODEL = ModelConfig(
    name="random:tiny-llama3", lora_r=4, lora_alpha=8, pad_token="<|finetune_right_pad_id|>"
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run folder with an adapter that changes the model."""
    folder = tmp_path_factory.mktemp("outputs") / "run"
    folder.mkdir()
    settings = config(folder, "model=tiny-llama3", "model.lora_r=4")
    OmegaConf.save(OmegaConf.structured(settings), folder / "config.yaml")
    figures = {"suite_accuracy": Figure(value=0.5, low=0.4, high=0.6, n=80)}
    write_stage(folder / "evaluation.json", "base", figures)
    (folder / "audit.json").write_text(json.dumps({"kept": ["a", "b"], "quarantined": ["c"]}))
    model = get_peft_model(load_model(MODEL), lora(MODEL))
    torch.manual_seed(1)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            parameter.data.normal_(std=0.1)
    save(model, folder / "checkpoint-best")
    return folder


def test_the_card_has_figures_with_intervals_data_prompt_and_config(run, tmp_path):
    folder = export(run / "checkpoint-best", tmp_path / "out", name="me/tiny-sql")
    card = (folder / "README.md").read_text()
    assert card.startswith("---\nlicense: apache-2.0\nbase_model: random:tiny-llama3\n")
    assert "| base | 0.500 (0.400 to 0.600, n=80) |" in card
    assert "|---|---|" in card
    assert "2 examples kept" in card
    assert "{schema}" in card
    assert "learning_rate: 0.001" in card


def test_an_exported_adapter_loads_on_its_base(run, tmp_path):
    folder = export(run / "checkpoint-best", tmp_path / "out", name="me/tiny-sql")
    assert AutoTokenizer.from_pretrained(folder).pad_token == MODEL.pad_token
    assert PeftModel.from_pretrained(load_model(MODEL), folder)


def test_a_merged_export_is_base_plus_adapter_and_leaves_the_base_alone(run, tmp_path):
    base = load_model(MODEL)
    before = {n: p.clone() for n, p in base.named_parameters()}
    folder = export(run / "checkpoint-best", tmp_path / "out", name="me/tiny-sql", merged=True)
    merged = AutoModelForCausalLM.from_pretrained(folder)
    ids = torch.arange(20)[None]
    adapted = PeftModel.from_pretrained(base, run / "checkpoint-best").eval()
    with torch.no_grad():
        assert torch.allclose(merged(ids).logits, adapted(ids).logits, atol=1e-4)
        with adapted.disable_adapter():
            assert not torch.allclose(merged(ids).logits, adapted(ids).logits, atol=1e-2)
    fresh = dict(load_model(MODEL).named_parameters())
    assert all((fresh[name] == weight).all() for name, weight in before.items())
    assert not (folder / "adapter_config.json").exists()


def test_llama_asks_for_its_notice_and_its_name(run, tmp_path):
    llama = tmp_path / "run"
    shutil.copytree(run, llama)
    text = (llama / "config.yaml").read_text()
    name = "meta-llama/Llama-3.1-8B-Instruct"
    (llama / "config.yaml").write_text(text.replace("random:tiny-llama3", name))
    with pytest.raises(ConfigError, match="starts with 'Llama'"):
        export(llama / "checkpoint-best", tmp_path / "out", name="me/sql-8b")
    assert licence_of(name).id == "llama3.1"
    assert "Community License" in licence_of(name).notice
    assert "someone/model" in licence_of("someone/model").notice


def test_a_checkpoint_without_its_run_is_refused(run, tmp_path):
    shutil.copytree(run / "checkpoint-best", tmp_path / "alone")
    with pytest.raises(ConfigError, match=r"no config\.yaml"):
        export(tmp_path / "alone", tmp_path / "out", name="me/tiny-sql")


@contextmanager
def hub():
    """A server with the endpoints of the hub that an upload of small files uses."""
    received = {"paths": [], "files": set()}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            received["paths"].append(self.path)
            self.reply(body)

        def reply(self, body: bytes) -> None:
            answer: dict[str, object] = {}
            if self.path.endswith("/repos/create"):
                answer = {"url": f"http://{self.headers['Host']}/me/tiny-sql"}
            elif "/preupload/" in self.path:
                files = json.loads(body)["files"]
                answer = {
                    "files": [
                        {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False}
                        for f in files
                    ]
                }
            elif "/commit/" in self.path:
                lines = [json.loads(line) for line in body.splitlines()]
                received["files"] |= {x["value"]["path"] for x in lines if x["key"] == "file"}
                url = f"http://{self.headers['Host']}/me/tiny-sql/commit/1"
                answer = {"commitUrl": url, "commitOid": "1", "pullRequestUrl": None}
            content = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_GET(self) -> None:
            self.path = "/none"
            self.reply(b"")

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", received
    server.shutdown()


def test_pushing_uploads_every_file(run, tmp_path):
    folder = export(run / "checkpoint-best", tmp_path / "out", name="me/tiny-sql")
    with hub() as (endpoint, received):
        push(folder, "me/tiny-sql", private=True, token="hf_local", endpoint=endpoint)
    assert received["files"] == {path.name for path in folder.iterdir()}
    assert received["paths"][0].endswith("/api/repos/create")
