"""The warm start's packed loss against TRL's own ``SFTTrainer``, on a tiny model in float32."""

from __future__ import annotations

import pytest
import torch
from datasets import Dataset
from peft import get_peft_model
from trl import SFTConfig, SFTTrainer

from sqlgrpo.config import ModelConfig
from sqlgrpo.models import load_model, load_tokenizer, lora
from sqlgrpo.training.fast.supervised import FastSFTTrainer, together

TINY = ModelConfig(name="random:tiny", lora_r=4)
SCHEMAS = (
    "CREATE TABLE city (name TEXT, population INTEGER, country TEXT)",
    "CREATE TABLE ship (name TEXT, tonnage INTEGER, built INTEGER)",
)
ROWS = [
    {
        "prompt": [
            {"role": "system", "content": "Write SQL."},
            {"role": "user", "content": f"{schema}\n\n{question}"},
        ],
        "completion": [{"role": "assistant", "content": answer}],
    }
    for schema in SCHEMAS
    for question, answer in (
        ("How many are there?", "SELECT COUNT(*) FROM city"),
        ("How many are there?", "SELECT COUNT(*) FROM city"),
        ("List the names.", "SELECT name FROM ship ORDER BY name"),
    )
]


def trainer(cls, folder, **changes):
    torch.manual_seed(0)
    model = load_model(TINY)
    if changes.pop("adapter", True):
        model = get_peft_model(model, lora(TINY))
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(parameter, std=0.05)
    attention = changes.pop("attention", "sdpa")
    settings = {"output_dir": str(folder), "use_cpu": True, "bf16": False, "report_to": []}
    return cls(
        model=model,
        args=SFTConfig(
            **settings,
            per_device_train_batch_size=len(ROWS),
            max_length=None,
            gradient_checkpointing=changes.pop("checkpointing", False),
            train_sampling_strategy="sequential",
        ),
        train_dataset=Dataset.from_list(ROWS),
        processing_class=load_tokenizer(TINY),
        **({"attention": attention} if cls is FastSFTTrainer else {}),
    )


def loss_and_gradients(made):
    batch = next(iter(made.get_train_dataloader()))
    made.model.train()
    loss = made.compute_loss(made.model, batch, num_items_in_batch=torch.tensor(40))
    loss.backward()
    named = made.model.named_parameters()
    return loss, {name: p.grad for name, p in named if p.grad is not None}


@pytest.mark.parametrize(
    "changes",
    [{}, {"adapter": False}, {"checkpointing": True}, {"attention": "flex"}],
    ids=["lora", "full", "gc", "flex"],
)
@pytest.mark.usefixtures("flex_on_cpu")
def test_loss_and_gradients_are_those_of_stock_trl(tmp_path, changes):
    loss, gradients = loss_and_gradients(trainer(FastSFTTrainer, tmp_path, **changes))
    stock_loss, stock = loss_and_gradients(trainer(SFTTrainer, tmp_path, **changes))
    assert loss.item() == pytest.approx(stock_loss.item(), abs=1e-5)
    assert gradients.keys() == stock.keys()
    for name, gradient in gradients.items():
        assert (gradient - stock[name]).norm() <= 1e-4 * stock[name].norm() + 1e-9, name


def test_questions_about_one_schema_come_together():
    keys = ["a", "b"] * 4 + ["c"]
    runs = together(range(9), keys, 2, seed=0)
    assert sorted(runs) == list(range(9))
    assert all(keys[runs[i]] == keys[runs[i + 1]] for i in range(0, 8, 2))
    assert runs[-1] == 8
