"""Two GRPO steps on scripted completions, in one process or under torchrun.

    torchrun --nproc-per-node 2 tests/training/spread_case.py FOLDER ACCELERATOR ZERO_STAGE

Writes, for the fast trainer and for stock TRL, every advantage by example and the trained weights.
Completions come from a script, so nothing but the number of processes differs.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.training.tiny_run import config

from sqlgrpo.environments import build_environment
from sqlgrpo.models import adapters_to_float32, load_model, load_tokenizer, lora
from sqlgrpo.rubrics import build_rubric
from sqlgrpo.training import distributed
from sqlgrpo.training.arguments import grpo_arguments
from sqlgrpo.training.grpo import prompts
from sqlgrpo.training.rewards import verifier_rewards
from sqlgrpo.training.run_folder import RunFolder
from sqlgrpo.training.survive import SurvivingFastGRPOTrainer, SurvivingGRPOTrainer
from sqlgrpo.types import Example

SCHEMA = "CREATE TABLE city (name TEXT, population INTEGER);"
GOLDS = {
    "How many cities are there?": "SELECT COUNT(*) FROM city",
    "Name all cities.": "SELECT name FROM city",
    "Which cities have more than 1000 people?": "SELECT name FROM city WHERE population > 1000",
    "What is the largest population?": "SELECT MAX(population) FROM city",
}
EXAMPLES = [
    Example(id=str(index), question=question, schema=SCHEMA, gold_sql=gold)
    for index, (question, gold) in enumerate(GOLDS.items())
]
SCRIPT = [*GOLDS.values(), "SELECT", "no idea"]
SETTINGS = (
    "training.batch_size=4",
    "training.max_steps=2",
    "training.learning_rate=0.5",
    "training.eval_every=100",
    "+training.trl.optim=sgd",
    "training.trl.max_grad_norm=1000.0",
    "training.max_completion_tokens=32",
    "training.trl.entropy_coef=0.0",
)


def scripted(base: type) -> type:
    class Scripted(base):
        """Completions by prompt and place in the group; advantages are written down."""

        def _generate_single_turn(self, prompt_ids: Any, *_: Any, **__: Any) -> Any:
            seen: dict[tuple[int, ...], int] = {}
            answers = []
            for ids in map(tuple, prompt_ids):
                place = seen[ids] = seen.get(ids, -1) + 1
                text = SCRIPT[(place + sum(ids)) % len(SCRIPT)]
                answers.append([*self._tokenizer(text)["input_ids"], self._tokenizer.eos_token_id])
            return answers, None

        def _generate_and_score_completions(self, inputs: Any) -> Any:
            batch = super()._generate_and_score_completions(inputs)
            advantages = batch["advantages"].flatten().tolist()
            self.written = [
                *getattr(self, "written", []),
                *zip([row["example_id"] for row in inputs], advantages, strict=True),
            ]
            return batch

    return Scripted


def step(folder: Path, name: str, base: type, overrides: tuple[str, ...]) -> None:
    settings = config(folder / name, *SETTINGS, *overrides)
    here = distributed.join()
    run = distributed.on_main(lambda: RunFolder.open(settings))
    environment = build_environment(settings.environment, build_rubric(settings.verifier))
    trainer = scripted(base)(
        model=load_model(settings.model),
        args=grpo_arguments(settings, run, world_size=here.size),
        peft_config=lora(settings.model),
        processing_class=load_tokenizer(settings.model),
        reward_funcs=verifier_rewards(environment, EXAMPLES),
        train_dataset=prompts(EXAMPLES, environment, chat=True),
    )
    adapters_to_float32(trainer.model)
    trainer.train()
    rows = (
        sorted(row for part in distributed._gather(trainer.written) for row in part)
        if here.size > 1
        else sorted(trainer.written)
    )
    with distributed.whole(trainer) as model:
        weights = {
            n.removeprefix("module."): p.detach().clone().contiguous()
            for n, p in model.named_parameters()
            if "lora_" in n
        }
    if here.is_main:
        steps = [row for row in trainer.state.log_history if "reward" in row]
        written = {
            "advantages": rows,
            "rewards": [row["reward"] for row in steps],
        }
        (folder / f"{name}.json").write_text(json.dumps(written))
        save_file(weights, folder / f"{name}.safetensors")
    environment.rubric.judge.close()
    del trainer
    distributed.leave_deepspeed()


def main(folder: Path, accelerator: str, stage: str) -> None:
    overrides = (f"training.accelerator={accelerator}", f"training.zero_stage={stage}")
    step(folder, "fast", SurvivingFastGRPOTrainer, overrides)
    step(folder, "stock", SurvivingGRPOTrainer, overrides)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
