"""Stage 3: a thinned model learns to say what the target says.

It learns from the target's distribution over the draft's ids and from the states behind it. Texts are the target's own, its
states were kept when it wrote them, so the target itself is not run again.
"""

import random
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from block_formats import BLOCK, LEVELS, MIDDLES, nonlinear, seen_as
from corpus import Batch, Shard, batches
from draft_file import Formats, IdMap
from evaluate import Judge
from llama import Decoder, Fold
from losses import Divergence, relative_error
from progress import Progress
from recipe import HealRecipe, Stage
from storage import append_line, keep_lines, load_checkpoint, save_checkpoint


class CoarseFold(Fold):
    """Shows the forward pass each matrix as IQ4_NL would store it, and passes slopes through as if it had not.

    Scales are fitted anew every `renewal` uses: they move little, and fitting costs more than using them.
    """

    renewal = 16

    def __init__(self, coarse: list[Tensor]) -> None:
        self.order = [id(weight) for weight in coarse]
        self.coarse = set(self.order)
        self.scales: dict[int, tuple[int, Tensor]] = {}

    def state(self) -> list[tuple[int, Tensor | None]]:
        """Uses and scales in the order of the weights, for a checkpoint."""
        return [self.scales.get(weight, (0, None)) for weight in self.order]

    def take_up(self, state: list[tuple[int, Tensor | None]], device: torch.device) -> None:
        for weight, (uses, scale) in zip(self.order, state, strict=True):
            if scale is not None:
                self.scales[weight] = (uses, scale.to(device))

    def __call__(self, weight: Tensor) -> Tensor:
        if id(weight) not in self.coarse:
            return weight.to(torch.bfloat16)
        uses, scale = self.scales.get(id(weight), (0, None))
        if scale is None or (uses % self.renewal == 0 and torch.is_grad_enabled()):
            scale = nonlinear(weight)[0][..., None]
        self.scales[id(weight)] = (uses + 1, scale)
        with torch.no_grad():
            blocks = weight.detach().reshape(weight.shape[0], -1, BLOCK)
            index = torch.bucketize(
                blocks * torch.where(scale == 0, 0, 1 / scale), MIDDLES.to(weight.device), out_int32=True
            )
            seen = (LEVELS.to(weight.device)[index] * scale).reshape(weight.shape).to(torch.bfloat16)
        return PassThrough.apply(weight, seen)


class PassThrough(torch.autograd.Function):
    """The second argument, with the slope of the first."""

    @staticmethod
    def forward(context, weight, seen):
        return seen

    @staticmethod
    def backward(context, slope):
        return slope.float(), None


@dataclass
class Healing:
    """What all stages share. `head` is the target's [target vocabulary, width]; `watched` its layers whose stream is kept."""

    shards: list[Shard]
    map: IdMap
    head: Tensor
    watched: tuple[int, ...]
    judge: Judge
    recipe: HealRecipe
    formats: Formats
    log: Path
    as_json: bool
    curve_ids: int = 50_000


@torch.no_grad()
def settle(decoder: Decoder, formats: Formats) -> None:
    """Gives rows that are not trained the values that the file will hold, so that the layers learn to live with them."""
    for rows in (decoder.embedding, decoder.head):
        if rows is not None:
            rows.copy_(seen_as(rows, formats.embedding))


def matrices(decoder: Decoder) -> list[Tensor]:
    return [weight for layer in decoder.layers for weight in layer.parameters() if weight.dim() == 2]


def rate_at(share: float, steps: int, stage: Stage, recipe: HealRecipe) -> float:
    """Learning rate after `share` of the stage's ids: warm-up, constant, then falling to nearly nothing."""
    rate = stage.rate or recipe.rate
    falling = max(0.0, (1 - share) / stage.decay_share) if stage.decay_share > 0 else 1.0
    return rate * min(1.0, (steps + 1) / recipe.warm_up_steps) * min(1.0, 0.02 + falling)


def heal(decoder: Decoder, stage: Stage, seed: str, healing: Healing, checkpoint: Path) -> None:
    """Trains `decoder` in place for `stage.ids` ids; takes up a checkpoint of the same stage."""
    recipe, device = healing.recipe, decoder.embedding.device
    decoder.embedding.requires_grad_(not recipe.freeze_embedding)
    if decoder.head is not None:
        decoder.head.requires_grad_(not recipe.freeze_embedding)
    trained = [weight for weight in decoder.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(
        trained, lr=recipe.rate, betas=(0.9, 0.95), weight_decay=recipe.weight_decay, fused=True
    )
    seen, steps, epoch, done_batches = 0, 0, 0, 0
    kept_head = healing.head.detach()[torch.tensor(healing.map.ids, device=device)].to(torch.bfloat16)
    state = load_checkpoint(checkpoint)
    if state is not None and state["kept"] == decoder.kept:
        decoder.load_state_dict(state["decoder"])
        optimizer.load_state_dict(state["optimizer"])
        seen, steps, epoch, done_batches = state["seen"], state["steps"], state["epoch"], state["batches"]
        if state["fold"] is not None:
            decoder.fold = CoarseFold(matrices(decoder))
            decoder.fold.take_up(state["fold"], device)
    if recipe.freeze_embedding:
        settle(decoder, healing.formats)
    # What was learnt after the checkpoint is learnt again.
    keep_lines(healing.log, lambda row: row["layers"] != len(decoder.kept) or 0 < seen >= row["ids"])
    progress = Progress(f"heal {len(decoder.kept)} layers", stage.ids, "ids", healing.as_json, seen)
    if seen == 0 and stage.ids > 0:
        note(decoder, healing, 0, 0.0)
    saved, curve_at = time.monotonic(), (seen // healing.curve_ids + 1) * healing.curve_ids
    while seen < stage.ids:
        order = batches(healing.shards, recipe.batch_ids, recipe.user_weight, random.Random(f"{seed} {epoch}"))
        for index, batch in enumerate(order):
            if index < done_batches:
                continue
            share = seen / stage.ids
            coarse = stage.coarse_share > 1 - share and healing.formats.layers == "IQ4_NL"
            if coarse and not isinstance(decoder.fold, CoarseFold):
                decoder.fold = CoarseFold(matrices(decoder))
            for group in optimizer.param_groups:
                group["lr"] = rate_at(share, steps, stage, recipe)
            loss, divergence = learn(decoder, batch, kept_head, healing)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            ids = int(batch.at.numel())
            seen, steps, done_batches = seen + ids, steps + 1, index + 1
            progress.advance(ids, f"divergence {divergence:.3f}")
            if seen >= curve_at or seen >= stage.ids:
                curve_at += healing.curve_ids
                note(decoder, healing, seen, time.monotonic() - progress.began)
            if time.monotonic() - saved > 60 * recipe.checkpoint_minutes or seen >= stage.ids:
                saved = time.monotonic()
                content = {"kept": decoder.kept, "decoder": decoder.state_dict(), "optimizer": optimizer.state_dict()}
                fold = decoder.fold.state() if isinstance(decoder.fold, CoarseFold) else None
                at = {"seen": seen, "steps": steps, "epoch": epoch, "batches": done_batches}
                save_checkpoint(checkpoint, {**content, **at, "fold": fold})
            if seen >= stage.ids:
                break
        else:
            epoch, done_batches = epoch + 1, 0


def note(decoder: Decoder, healing: Healing, seen: int, seconds: float) -> None:
    """One point of the curve; the one at 0 ids says what healing begins with."""
    row = {"layers": len(decoder.kept), "ids": seen, **healing.judge.judge(decoder).rounded()}
    append_line(healing.log, {**row, "seconds": round(seconds), "coarse": isinstance(decoder.fold, CoarseFold)})


def learn(decoder: Decoder, batch: Batch, kept_head: Tensor, healing: Healing) -> tuple[Tensor, float]:
    """The loss of one batch, and its divergence in nats."""
    recipe, device = healing.recipe, decoder.embedding.device
    at, weights = batch.at.to(device), batch.weights.to(device)
    states, streams = decoder(healing.map.inputs.to(device)[batch.ids.to(device)], healing.watched)
    ours, theirs = states.flatten(0, 1)[at], batch.states.to(device)
    divergence = Divergence.apply(ours, decoder.fold(decoder.output), theirs, kept_head, weights)
    loss = divergence + recipe.state_weight * relative_error(ours, theirs, weights)
    if batch.streams is not None and recipe.stream_weight > 0:
        for index, layer in enumerate(healing.watched):
            stream = streams[layer].flatten(0, 1)[at]
            loss = loss + recipe.stream_weight * relative_error(stream, batch.streams[index].to(device), weights)
    return loss, float(divergence.detach())
