"""A draft that the pipeline made earlier, as the start of shallower ones: its layers, its ids, its weights as stored."""

from dataclasses import dataclass
from pathlib import Path

import torch

from draft_file import IdMap
from llama import Decoder
from model_file import ModelFile, load_decoder, open_model, shape_of
from recipe import Recipe
from refusal import Refusal
from vocabulary import vocabulary_hash

#: What a draft has of its target's `Shape`.
SAME = ("width", "heads", "kv_heads", "head_width", "feed_forward", "rope_base", "rope_factors", "epsilon")


@dataclass(frozen=True)
class Start:
    """An open draft file. `kept` are the target's layers that it has."""

    model: ModelFile
    kept: list[int]

    def id_map(self) -> IdMap:
        inputs = torch.tensor(self.model.value("outrider.target.inputs"))
        return IdMap(self.model.value("outrider.target.ids"), inputs)

    def decoder(self) -> Decoder:
        decoder = load_decoder(self.model)
        decoder.kept = list(self.kept)
        return decoder


def open_start(path: Path, target: ModelFile, recipe: Recipe) -> Start:
    """Raises Refusal for a file that is no draft of this target, or too shallow for the recipe."""
    model = open_model(path)
    kept = model.value("outrider.draft.layers")
    if not kept:
        raise Refusal(
            f"{path} was not made by this pipeline", "Give a draft that fit.py has written, or leave --from out."
        )
    if model.value("outrider.target.vocabulary_hash") != vocabulary_hash(target):
        raise Refusal(f"{path} is a draft for another target", f"Give one that was made for {target.path.name}.")
    differing = [name for name in SAME if getattr(shape_of(model), name) != getattr(shape_of(target), name)]
    if model.has_tensor("output.weight") != target.has_tensor("output.weight"):
        differing.append("head")
    if max(kept) >= shape_of(target).layers or len(kept) != shape_of(model).layers:
        differing.append("layers")
    if differing:
        raise Refusal(
            f"{path} is a draft for another target ({', '.join(differing)})",
            f"Give one that was made for {target.path.name}.",
        )
    deepest = recipe.stages[0].layers
    if deepest > len(kept):
        raise Refusal(
            f"the recipe begins with {deepest} layers; {path} has {len(kept)}",
            "Give a recipe whose stages have fewer layers.",
        )
    return Start(model, kept)
