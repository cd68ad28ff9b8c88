"""``GRPOTrainer`` with the same gradients for a fraction of the work.

Every override of TRL that this takes stands in this file; ``contract`` says what each relies on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import torch
from accelerate import DistributedType
from torch import Tensor
from trl import GRPOTrainer
from trl.models import unwrap_model_for_generation
from trl.trainer.utils import split_tensor_dict

from sqlgrpo.inference.engine import RolloutEngine, reason_not_to_share
from sqlgrpo.models import attention
from sqlgrpo.models.shadow import base_of
from sqlgrpo.training import contract
from sqlgrpo.training.fast import batching, handover, refill
from sqlgrpo.training.fast.forest import Rows
from sqlgrpo.training.fast.forward import reason_not_to_pack, teach
from sqlgrpo.training.fast.head import Head
from sqlgrpo.training.fast.options import FastOptions
from sqlgrpo.training.fast.scoring import Gradients, Scorer
from sqlgrpo.training.fast.timing import StepTimer

log = logging.getLogger(__name__)

OnCompletion = Callable[[dict[str, Any], list[int]], None]
Scores = tuple[Tensor, Tensor | None, Tensor | None]


class FastGRPOTrainer(GRPOTrainer):
    """A drop-in ``GRPOTrainer`` that computes once what the completions of a group share."""

    def __init__(self, *args: Any, fast: FastOptions | None = None, **kwargs: Any) -> None:
        contract.check()
        super().__init__(*args, **kwargs)
        contract.check_attributes(self)
        self.fast = fast or FastOptions()
        self.on_completion: OnCompletion | None = None
        """Called with a dataset row and its completion as soon as that is finished."""
        self.timer = StepTimer()
        self._buffered_inputs: list[dict[str, Any]] | None
        self._rows: list[dict[str, Any]] = []
        self._rewards_BF = torch.empty(0)
        self._left_out: Tensor | None = None
        self._old_logps: Tensor | None = None
        self._sampled: list[list[float]] | None = None
        self._scorer = Scorer(self.fast.max_tokens)
        self._prepared = False  # has this micro-batch its samples and rewards?
        refill.check(
            self.fast.refill_rounds,
            self.train_dataset,
            self.scale_rewards,
            self.multi_objective_aggregation,
        )
        self._packs = self.fast.share_forward and self._teach_models()
        self._engine = self._make_engine() if self.fast.share_rollouts else None

    def _teach_models(self) -> bool:
        models = [base_of(self.model)]
        if self.ref_model is not None:
            models.append(base_of(self.accelerator.unwrap_model(self.ref_model)))
        head = Head(
            temperature=self.temperature,
            float32=self.args.cast_lm_head_to_fp32,
            entropy_gradient=self._entropy_bonus_enabled,
        )
        return teach(models, head, self.fast.attention)

    def _make_engine(self) -> RolloutEngine | None:
        if self.use_vllm or self.use_transformers_continuous_batching:
            return None
        model = base_of(self.model)
        reason = reason_not_to_pack(model) or reason_not_to_share(model, self.generation_config)
        if reason:
            log.warning("rollouts through generate, not shared: %s", reason)
            self.generation_config.stop_strings = None  # TRL gives generate no tokenizer for them
            return None
        attention.register(model)
        return RolloutEngine(
            self.model, self.generation_config, self._tokenizer, self.fast.sampling
        )

    def _generate_single_turn(
        self,
        prompt_ids: list[list[int]],
        images: Any,
        multimodal_fields: dict[str, Any],
        num_generations: int,
        has_tool_images: bool = False,
    ) -> Any:
        with self.timer.measure("generate"):
            if self._engine is None or images is not None or multimodal_fields:
                return super()._generate_single_turn(
                    prompt_ids, images, multimodal_fields, num_generations, has_tool_images
                )
            return self._shared_rollout(self._engine, prompt_ids)

    def _shared_rollout(
        self, engine: RolloutEngine, prompts: Sequence[Sequence[int]]
    ) -> tuple[list[list[int]], list[list[float]] | None]:
        with (
            unwrap_model_for_generation(
                self.model_wrapped,
                self.accelerator,
                gather_deepspeed3_params=self.args.ds3_gather_for_generation,
                gradient_checkpointing_kwargs=self.args.gradient_checkpointing_kwargs,
            ) as model,
            self._dist.summon_full_params(self.model_wrapped, recurse=False),
        ):
            samples, forwarded = engine.run(model, prompts, self._finished)
        plain = sum(map(len, prompts)) + sum(len(sample.tokens) - 1 for sample in samples)
        self._note("sharing/rollout", plain / forwarded)
        logps = [sample.logps for sample in samples]
        self._sampled = logps if handover.serves_as_old(self, engine) else None
        # Stock has no sampling log-probabilities here, and would use them for this one setting.
        hidden = self.off_policy_mask_threshold is not None
        return [sample.tokens for sample in samples], None if hidden else logps

    def _finished(self, index: int, tokens: list[int]) -> None:
        if self.on_completion is not None and index < len(self._rows):
            self.on_completion(self._rows[index], tokens)

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        batch = self._sample_and_score(inputs)
        refills = self.model.training and self.fast.refill_rounds
        return self._refilled(batch) if refills else batch

    def _sample_and_score(
        self, inputs: list[dict[str, Any]], *, refill: bool = False
    ) -> dict[str, Any]:
        self._rows = inputs
        batch: dict[str, Any] = super()._generate_and_score_completions(inputs)
        if self.model.training:
            flat_P = self._flat_groups()
            # TRL's figure is one of the whole batch when rewards are scaled by it.
            shares = self._metrics["train"]["frac_reward_zero_std"]
            shares[-1:] = [] if refill else [flat_P.float().mean().item()]
            start = self.accelerator.process_index * len(inputs)
            flat_B = flat_P.repeat_interleave(self.num_generations)[start : start + len(inputs)]
            batch["advantages"] = batch["advantages"].masked_fill(flat_B, 0.0)
        return batch

    def _refilled(self, batch: dict[str, Any]) -> dict[str, Any]:
        """The batch after dynamic sampling; every process draws the same number of groups."""
        size, replaced = self.num_generations, 0
        for attempt in range(self.fast.refill_rounds):
            wanted = int(self.accelerator.gather(refill.flat(batch, size).sum()).max())
            if not wanted:
                break
            seed = hash((self.args.seed, *self._place(), attempt, self.accelerator.process_index))
            inputs = refill.draw(self.train_dataset, wanted, size, seed)
            fresh = self._sample_and_score(inputs, refill=True)
            batch, used = refill.exchange(batch, fresh, size, self._tokenizer.pad_token_id)
            replaced += used
        batch["num_items_in_batch"] = self.accelerator.gather(refill.loss_tokens(batch)).sum()
        self._note("refilled_groups", replaced)
        return batch

    def _place(self) -> tuple[int, int]:
        """Optimizer step and micro-batch; TRL's own ``_step`` starts from 0 in a resumed run."""
        return self.state.global_step, self._step % self.args.gradient_accumulation_steps

    def _flat_groups(self) -> Tensor:
        """Groups of all processes with equal rewards, (P,); their advantage is float noise."""
        return batching.flat_groups(
            self._rewards_BF,
            self.reward_weights.to(self._rewards_BF.device),
            self.num_generations,
            summed=self.multi_objective_aggregation == "sum_then_normalize",
        )

    def _calculate_rewards(
        self,
        inputs: list[dict[str, Any]],
        prompts: list[Any],
        completions: list[Any],
        completion_ids_list: list[list[int]],
    ) -> Tensor:
        with self.timer.measure("verify"):
            self._rewards_BF = super()._calculate_rewards(
                inputs, prompts, completions, completion_ids_list
            )
        return self._rewards_BF

    def _prepare_inputs(self, generation_batch: Any) -> Any:
        with self.timer.measure("other"):
            if not self.model.training or len(generation_batch) % self.num_generations:
                return super()._prepare_inputs(generation_batch)
            cuts = self.args.steps_per_generation
            due = self._step % (cuts * self.num_iterations) == 0 and not self._prepared
            if due or self._buffered_inputs is None:
                batch = self._generate_and_score_completions(generation_batch)
                batch = batching.shuffle_groups(batch, self.num_generations)
                self._buffered_inputs = split_tensor_dict(batch, cuts)
            self._prepared = True
            return self._buffered_inputs[self._step % cuts]

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> Tensor:
        with self.timer.measure("train"):
            loss = self._within_memory(model, inputs, num_items_in_batch)
        if self._step % self.current_gradient_accumulation_steps == 0:
            for name, seconds in self.timer.step().items():
                self._note(name, seconds)
        return loss

    def _within_memory(self, model: Any, inputs: Any, num_items_in_batch: Any) -> Tensor:
        """TRL's step; with the same samples in smaller parts if memory ends on the way back."""
        alone = self._packs and self.accelerator.distributed_type == DistributedType.NO
        before = Gradients.of(self.model) if alone else None
        self._prepared = False
        while True:
            try:
                loss: Tensor = super().training_step(model, inputs, num_items_in_batch)
            except torch.OutOfMemoryError:
                if before is None or not self._prepared or not self._scorer.halve():
                    raise
            else:
                return loss
            before.restore()

    def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> Tensor:
        advantages = inputs["advantages"]
        if self._may_leave_out() and advantages.dim() == 1:
            self._left_out = advantages == 0
            self._old_logps = inputs.get("old_per_token_logps")
        try:
            loss: Tensor = super()._compute_loss(model, inputs)
        finally:
            self._left_out = self._old_logps = None
        return loss

    def _may_leave_out(self) -> bool:
        """Is the gradient of a completion without advantage exactly zero?"""
        return (
            self.fast.skip_flat
            and self._packs
            and self.model.training
            and self.beta == 0.0
            and not self._entropy_bonus_enabled
            and self.top_entropy_quantile == 1.0
        )

    def _get_per_token_logps_and_entropies(
        self,
        model: Any,
        input_ids: Tensor,
        attention_mask: Tensor,
        logits_to_keep: int,
        batch_size: int | None = None,
        compute_entropy: bool = False,
        compute_aux_loss: bool = False,
        **multimodal: Any,
    ) -> Scores:
        with self.timer.measure("train"):
            sampled, self._sampled = self._sampled, None
            if sampled is not None:
                return handover.padded(self, sampled), None, None
            plain = all(value is None for value in multimodal.values())
            if not self._packs or compute_aux_loss or not plain:
                scores: Scores = super()._get_per_token_logps_and_entropies(
                    model,
                    input_ids,
                    attention_mask,
                    logits_to_keep,
                    batch_size,
                    compute_entropy,
                    compute_aux_loss,
                    **multimodal,
                )
                return scores
            held = min(batch_size or len(input_ids), len(input_ids)) * input_ids.shape[1]
            logps, entropies = self._packed(model, input_ids, attention_mask, logits_to_keep, held)
            return logps, entropies if compute_entropy else None, None

    def _packed(
        self, model: Any, ids_BT: Tensor, mask_BT: Tensor, width: int, held: int
    ) -> tuple[Tensor, Tensor]:
        """Log-probabilities and entropies, (B, C)."""
        left_out = self._left_out
        keep = [True] * len(ids_BT) if left_out is None else (~left_out).tolist()
        rows = Rows.read(ids_BT, mask_BT, width, keep)
        forest, logps_N, entropies_N = self._scorer(model, rows, held, self.accelerator)
        if torch.is_grad_enabled():
            self._note("sharing/forward", ids_BT.numel() / forest.tokens)
        logps, entropies = forest.spread(logps_N), forest.spread(entropies_N)
        if left_out is not None:
            live = mask_BT[:, -width:].bool()
            logps, entropies = batching.fill_in(logps, entropies, left_out, live, self._old_logps)
        return logps, entropies

    def _note(self, name: str, value: float) -> None:
        self._metrics["train" if self.model.training else "eval"][name].append(value)
