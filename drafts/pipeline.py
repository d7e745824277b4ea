"""The stages in order, and what each leaves behind. A stage whose result is there is not done again.

work/made-for.json          target, recipe and start that all of it is for (made_for.py)
work/text/<shard>/          write-text
work/vocabulary.json        ids that the draft can say
work/layers-<n>.json        choose-layers: layers left
work/layers-<n>.pt          heal: weights
work/healing.pt             heal: checkpoint of the depth that is under way
curve.jsonl                 heal: held-out agreement against ids learnt
draft-<n>.gguf, draft.gguf  export
results.json                evaluate
CARD.md                     card
"""

import copy
import json
import shutil
import time
from dataclasses import asdict
from pathlib import Path

import numpy
import torch

from block_formats import seen_as
from card import write_card
from choose_layers import choose_dropped, rank_layers
from corpus import Batch, Shard, batches
from draft_file import IdMap, thin, write_draft
from earlier_draft import Start
from evaluate import Judge
from heal import Healing, heal, matrices
from llama import Decoder, Fold
from model_file import ModelFile, load_decoder
from recipe import Recipe, Stage
from storage import append_line, load_checkpoint, load_json, save_checkpoint, save_json
from text_stage import shard_path, train_shards, write_all
from vocabulary import choose_ids, stand_ins

STAGES = ("write-text", "choose-layers", "heal", "export", "evaluate", "card")


class Pipeline:
    """One target, one recipe, one folder."""

    def __init__(
        self,
        target: ModelFile,
        recipe: Recipe,
        out: Path,
        as_json: bool,
        start: Start | None = None,
        options: dict | None = None,
    ) -> None:
        """`options` are those of the command, for the card: `recipe` and `from` as names, `smoke`."""
        self.options = options or {"recipe": None, "from": None, "smoke": False}
        self.target, self.recipe, self.out, self.as_json, self.start = target, recipe, out, as_json, start
        self.work = out / "work"
        (self.work / "text").mkdir(parents=True, exist_ok=True)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.manual_seed(recipe.seed)

    def run(self) -> dict:
        """All stages. Returns what results.json holds."""
        try:
            self.make()
        finally:
            append_line(self.work / "times.jsonl", {"coreSeconds": round(time.process_time())})
        return self.finish()

    def make(self) -> None:
        teacher = load_decoder(self.target).to(self.device)
        write_all(self.work, teacher, self.target, self.recipe, self.as_json)
        shards = [Shard(shard_path(self.work, name)) for name in train_shards(self.recipe)]
        map = self.id_map(teacher, shards)
        held_out = list(batches([Shard(shard_path(self.work, "held-out"))], 4096, 0.0, None))
        healing = self.healing(teacher, shards, map, held_out)
        first = self.start.decoder() if self.start else copy.deepcopy(thin(teacher, map))
        decoder = first.to(self.device)
        judge = Judge(held_out[::2], teacher.output, map)
        for stage in self.recipe.stages:
            decoder = self.stage(stage, decoder, teacher, healing, held_out, judge)

    def id_map(self, teacher: Decoder, shards: list[Shard]) -> IdMap:
        path = self.work / "vocabulary.json"
        if not path.is_file():
            counts = sum(shard.counts(teacher.shape.vocabulary) for shard in shards)
            if self.start:
                map = self.start.id_map()
            else:
                ids = choose_ids(self.target, numpy.asarray(counts), self.recipe.vocabulary)
                map = IdMap(ids, stand_ins(teacher.embedding.cpu(), ids))
            covered = float(counts[map.ids].sum() / counts.sum())
            save_json(path, {"ids": map.ids, "inputs": map.inputs.tolist(), "covered": covered})
        content = load_json(path)
        return IdMap(content["ids"], torch.tensor(content["inputs"]))

    def healing(self, teacher: Decoder, shards: list[Shard], map: IdMap, held_out: list[Batch]) -> Healing:
        few = Judge(held_out[len(held_out) // 2 :][:1], teacher.output, map)
        watched = self.recipe.text.watched(teacher.shape.layers)
        return Healing(
            shards,
            map,
            teacher.output,
            watched,
            few,
            self.recipe.heal,
            self.recipe.formats,
            self.out / "curve.jsonl",
            self.as_json,
        )

    def stage(
        self, stage: Stage, decoder: Decoder, teacher: Decoder, healing: Healing, held_out: list[Batch], judge: Judge
    ) -> Decoder:
        """Leaves layers out, heals, exports and judges one depth; or takes up what is there."""
        name = f"layers-{stage.layers}"
        kept = self.chosen(stage, decoder, teacher, healing.map, held_out)
        decoder = decoder.without(set(decoder.kept) - set(kept))
        weights = self.work / f"{name}.pt"
        if not weights.is_file():
            heal(decoder, stage, f"{self.recipe.seed} {name}", healing, self.work / "healing.pt")
            save_checkpoint(weights, {"kept": kept, "decoder": decoder.state_dict()})
            (self.work / "healing.pt").unlink(missing_ok=True)
        decoder.load_state_dict(load_checkpoint(weights)["decoder"])
        decoder.fold = Fold()
        if stage.export:
            self.export(stage, decoder, healing.map, judge)
        return decoder

    def chosen(self, stage: Stage, decoder: Decoder, teacher: Decoder, map: IdMap, held_out: list[Batch]) -> list[int]:
        """Target layers that are left at this depth."""
        path = self.work / f"layers-{stage.layers}.json"
        if path.is_file():
            return load_json(path)["kept"]
        fixed = {layer % teacher.shape.layers for layer in self.recipe.always_keep}
        kept, harms = decoder.kept, []
        while len(kept) > stage.layers:
            thinner = decoder.without(set(decoder.kept) - set(kept))
            batch = self.ranking_batch(held_out)
            harms = rank_layers(thinner, teacher.output, batch, map, fixed, self.as_json)
            dropped = choose_dropped(harms, kept, min(len(kept) - stage.layers, self.recipe.drop_at_once))
            kept = [layer for layer in kept if layer not in dropped]
        save_json(path, {"kept": kept, "harms": harms})
        return kept

    def ranking_batch(self, held_out: list[Batch]) -> Batch:
        """The held-out batch that comes nearest to the recipe's number of ids."""
        return min(held_out, key=lambda batch: abs(batch.at.numel() - self.recipe.ranking_ids))

    def export(self, stage: Stage, decoder: Decoder, map: IdMap, judge: Judge) -> None:
        """The draft's file, and what it is worth as it is stored."""
        path = self.out / f"draft-{stage.layers}.gguf"
        judged = self.work / f"judged-{stage.layers}.json"
        if path.is_file() and judged.is_file():
            return
        size = write_draft(path, decoder, self.target, map, self.recipe.formats, self.recipe.name)
        trained = judge.judge(decoder).rounded()
        stored = judge.judge(as_stored(decoder, self.recipe)).rounded()
        row = {
            "layers": stage.layers,
            "kept": decoder.kept,
            "bytes": size,
            "ids": stage.ids,
            "stored": stored,
            "trained": trained,
        }
        save_json(judged, row)

    def finish(self) -> dict:
        points = [load_json(path) for path in sorted(self.work.glob("judged-*.json"))]
        points.sort(key=lambda point: -point["layers"])
        shutil.copyfile(self.out / f"draft-{self.recipe.ship}.gguf", self.out / "draft.gguf")
        vocabulary = load_json(self.work / "vocabulary.json")
        results = {
            "target": str(self.target.path.name),
            "options": self.options,
            "recipe": asdict(self.recipe),
            "ids": len(vocabulary["ids"]),
            "textIds": self.recipe.text.shards * self.recipe.text.rows * self.recipe.text.steps,
            "coreHours": round(core_hours(self.work / "times.jsonl"), 2),
            "covered": round(vocabulary["covered"], 5),
            "points": points,
            "shipped": self.recipe.ship,
            "file": str(self.out / "draft.gguf"),
        }
        save_json(self.out / "results.json", results)
        write_card(self.out / "CARD.md", results, self.target)
        return results


def core_hours(times: Path) -> float:
    """Of all runs in a folder together; an hour of two cores is two."""
    return sum(json.loads(line)["coreSeconds"] for line in times.read_text().splitlines()) / 3600


def as_stored(decoder: Decoder, recipe: Recipe) -> Decoder:
    """A copy of the draft with the values that its file holds."""
    stored = copy.deepcopy(decoder)
    with torch.no_grad():
        for weight in matrices(stored):
            weight.copy_(seen_as(weight, recipe.formats.layers))
        stored.embedding.copy_(seen_as(stored.embedding, recipe.formats.embedding))
        if stored.head is not None:
            stored.head.copy_(seen_as(stored.head, recipe.formats.embedding))
    return stored
