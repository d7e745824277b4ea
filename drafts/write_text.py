"""Stage 1: the target writes conversations, users' messages included, and its hidden states are kept beside the ids.

A shard is a fixed number of rows and steps. Every row holds one conversation after the other; the last is cut where the shard
ends. A shard depends on the recipe, its number and nothing else, so one that was lost is written again the same.
"""

import random
from dataclasses import dataclass, field
from pathlib import Path

import numpy
import torch

from chat_format import ChatFormat
from decoding import RowDecoder, choose
from llama import Decoder
from progress import Progress
from recipe import TextRecipe
from storage import save_arrays

#: Who a position's next id is due to.
TEMPLATE, USER, ANSWER = 0, 1, 2


@dataclass
class Conversation:
    """What one row is writing. `forced` ids come before anything is sampled."""

    forced: list[int]
    temperature: float
    role: int = TEMPLATE
    turns: int = 1
    length: int = 0
    said: int = 0
    ids: list[int] = field(default_factory=list)


class Author:
    """Decides what each row writes next. All chance comes from `chance`."""

    def __init__(
        self, format: ChatFormat, openers: list[list[int]], ends: set[int], recipe: TextRecipe, chance: random.Random
    ) -> None:
        self.format, self.openers, self.ends, self.recipe, self.chance = format, openers, ends, recipe, chance

    def begin(self) -> Conversation:
        opener = self.chance.choice(self.openers) if self.chance.random() < self.recipe.opened_share else []
        return Conversation([*self.format.opening, *opener], 0.0, turns=1)

    def next_id(self, row: Conversation, sampled: int) -> tuple[int, int]:
        """The id that follows in the row, and its role, given what the model would say."""
        if row.forced:
            return row.forced.pop(0), TEMPLATE
        if row.role == TEMPLATE:
            row.role, row.said = (USER, 0) if row.turns % 2 else (ANSWER, 0)
        limit = self.recipe.user_limit if row.role == USER else self.recipe.answer_limit
        row.said += 1
        if sampled not in self.ends and row.said < limit:
            return sampled, row.role
        role = row.role
        return self.turn_over(row), role

    def turn_over(self, row: Conversation) -> int:
        was_user = row.role == USER
        first, *row.forced = self.format.before_answer if was_user else self.format.before_user
        row.turns += 1
        row.role, row.said = TEMPLATE, 0
        return first

    def temperature(self, row: Conversation) -> float:
        """Of the next sampled id. Drawn anew for each turn."""
        if row.said == 0 and row.role == TEMPLATE and not row.forced:
            answers = row.turns % 2 == 0
            row.temperature = (
                self.chance.choice(self.recipe.answer_temperatures) if answers else self.recipe.user_temperature
            )
        return row.temperature

    def over(self, row: Conversation) -> bool:
        return row.turns > 2 * self.recipe.exchanges or row.length >= self.recipe.text_limit


def write_shard(
    path: Path,
    decoder: Decoder,
    author: Author,
    recipe: TextRecipe,
    steps: int,
    noise: torch.Generator,
    progress: Progress,
) -> int:
    """Writes one shard to `path`. Returns its number of ids.

    Arrays: `ids`, `roles` (of the id at the same place), `lengths` of the conversations, `states` (final normed states,
    bfloat16 bits as int16 [ids, width]) and `streams` ([watched layers, ids, width], the same).
    """
    rows = recipe.rows
    engine = RowDecoder(decoder, rows, recipe.text_limit + 1, recipe.watched(decoder.shape.layers))
    device = decoder.embedding.device
    talks = [author.begin() for _ in range(rows)]
    ids = numpy.zeros((steps, rows), dtype=numpy.int32)
    roles = numpy.zeros((steps, rows), dtype=numpy.uint8)
    starts = numpy.zeros((steps, rows), dtype=bool)
    states, streams = [], []
    sampled = [0] * rows
    for step in range(steps):
        for index in range(rows):
            if author.over(talks[index]):
                talks[index] = author.begin()
            talk = talks[index]
            starts[step, index] = talk.length == 0
            ids[step, index], roles[step, index] = author.next_id(talk, sampled[index])
        positions = torch.tensor([talk.length for talk in talks], device=device)
        logits, final, middle = engine.step(torch.from_numpy(ids[step]).long().to(device), positions)
        temperatures = torch.tensor([author.temperature(talk) for talk in talks], device=device)
        noises = torch.rand(rows, generator=noise).to(device)
        sampled = choose(logits, temperatures, noises).tolist()
        for talk in talks:
            talk.length += 1
        states.append(final.view(torch.int16).cpu())
        streams.append(torch.stack([one.view(torch.int16).cpu() for one in middle]) if middle else None)
        progress.advance(rows)
    save_arrays(path, gather(ids, roles, starts, states, streams))
    return steps * rows


def gather(ids, roles, starts, states, streams) -> dict[str, numpy.ndarray]:
    """Row after row, so that each conversation lies in one piece."""
    steps, rows = ids.shape
    flat = lambda array: numpy.ascontiguousarray(array.T).reshape(-1)  # noqa: E731
    begins = numpy.flatnonzero(flat(starts) | (numpy.arange(steps * rows) % steps == 0))
    arrays = {
        "ids": flat(ids),
        "roles": flat(roles),
        "lengths": numpy.diff(numpy.append(begins, steps * rows)).astype(numpy.int32),
        "states": torch.stack(states, dim=1).flatten(0, 1).numpy(),
    }
    if streams and streams[0] is not None:
        arrays["streams"] = torch.stack(streams, dim=2).flatten(1, 2).numpy()
    return arrays
