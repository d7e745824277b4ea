"""Runs stage 1 shard by shard: which shards there are, where their chance comes from, what is there already."""

import random
from dataclasses import replace
from pathlib import Path

import torch

from chat_format import FewWords, chat_format
from llama import Decoder
from model_file import ModelFile
from progress import Progress
from recipe import Recipe
from vocabulary import end_ids
from write_text import Author, write_shard


def shard_path(work: Path, name: str) -> Path:
    return work / "text" / name


def train_shards(recipe: Recipe) -> list[str]:
    return [f"train-{index:03}" for index in range(recipe.text.shards)]


def write_all(
    work: Path, decoder: Decoder, target: ModelFile, recipe: Recipe, as_json: bool, names: list[str] | None = None
) -> None:
    """Writes the held-out shard and the training shards that are not there yet."""
    text = recipe.text
    names = names or ["held-out", *train_shards(recipe)]
    encoder = FewWords(target)
    format = chat_format(target, encoder)
    openers = [encoder.encode(opener) for opener in text.openers] or [[]]
    sizes = {
        name: text.held_out_rows * text.held_out_steps if name == "held-out" else text.rows * text.steps
        for name in names
    }
    there = [name for name in names if shard_path(work, name).is_dir()]
    progress = Progress("write-text", sum(sizes.values()), "ids", as_json, sum(sizes[name] for name in there))
    for name in names:
        if name in there:
            continue
        seed = f"{recipe.seed} {name}"
        chance = random.Random(seed)
        noise = torch.Generator().manual_seed(chance.getrandbits(62))
        author = Author(format, openers, end_ids(target), text, chance)
        held = name == "held-out"
        sized = replace(text, rows=text.held_out_rows) if held else text
        steps = text.held_out_steps if held else text.steps
        write_shard(shard_path(work, name), decoder, author, sized, steps, noise, progress)
