"""A draft that the pipeline made earlier, as the start of shallower ones: its layers, its ids, its weights as stored."""

from dataclasses import dataclass
from pathlib import Path

import torch

from draft_file import IdMap
from llama import Decoder
from model_file import ModelFile, load_decoder, open_model
from recipe import Recipe
from refusal import Refusal
from vocabulary import vocabulary_hash


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
        raise Refusal(f"{path} was not made by this pipeline", "Give a draft that fit.py has written, or leave --from out.")
    if model.value("outrider.target.vocabulary_hash") != vocabulary_hash(target):
        raise Refusal(f"{path} is a draft for another target", f"Give one that was made for {target.path.name}.")
    deepest = recipe.stages[0].layers
    if deepest > len(kept):
        raise Refusal(
            f"the recipe begins with {deepest} layers; {path} has {len(kept)}",
            "Give a recipe whose stages have fewer layers.",
        )
    return Start(model, kept)
