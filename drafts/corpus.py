"""Self-written text for training and judging: texts of like length side by side, with what the target thought of them."""

import random
from dataclasses import dataclass
from pathlib import Path

import numpy
import torch
from torch import Tensor

from recipe_limits import SHORTEST
from storage import load_array
from write_text import ANSWER, USER


@dataclass(frozen=True)
class Batch:
    """Texts side by side, and the positions whose next id is learnt.

    `ids` [texts, positions], padded with 0; `at` [learnt] indexes the flattened positions; `weights` [learnt];
    `states` [learnt, width] and `streams` [watched, learnt, width] are the target's, bfloat16; `answers` [learnt] says
    which belong to answers.
    """

    ids: Tensor
    at: Tensor
    weights: Tensor
    answers: Tensor
    states: Tensor
    streams: Tensor | None

    @property
    def size(self) -> int:
        """Ids read, padding left out."""
        return int((self.ids >= 0).sum())


class Shard:
    """One folder of stage 1, mapped into memory."""

    def __init__(self, path: Path) -> None:
        self.ids, self.roles, self.states = (load_array(path, name) for name in ("ids", "roles", "states"))
        self.streams = load_array(path, "streams") if (path / "streams.npy").is_file() else None
        lengths = load_array(path, "lengths")
        starts = numpy.concatenate(([0], numpy.cumsum(lengths)[:-1]))
        self.texts = [(int(s), int(n)) for s, n in zip(starts, lengths, strict=True) if n >= SHORTEST]

    def counts(self, vocabulary: int) -> numpy.ndarray:
        """How often each id occurs [vocabulary]."""
        return numpy.bincount(self.ids, minlength=vocabulary)


def batches(shards: list[Shard], batch_ids: int, user_weight: float, chance: random.Random | None):
    """Every text once, in an order drawn from `chance` (in order of length without it)."""
    texts = [(length, index, start) for index, shard in enumerate(shards) for start, length in shard.texts]
    if chance is not None:
        # A little disorder among like lengths, so that epochs don't repeat the same batches.
        texts = [(length + chance.uniform(0, 8), index, start, length) for length, index, start in texts]
    else:
        texts = [(length, index, start, length) for length, index, start in texts]
    texts.sort()
    groups, group = [], []
    for _, index, start, length in texts:
        if group and (len(group) + 1) * length > batch_ids:
            groups.append(group)
            group = []
        group.append((index, start, length))
    groups += [group] if group else []
    if chance is not None:
        chance.shuffle(groups)
    for group in groups:
        yield batch_of(shards, group, user_weight)


def batch_of(shards: list[Shard], group: list[tuple[int, int, int]], user_weight: float) -> Batch:
    longest = max(length for _, _, length in group)
    ids = numpy.zeros((len(group), longest), dtype=numpy.int64)
    at, weights, states, streams, answers = [], [], [], [], []
    for row, (index, start, length) in enumerate(group):
        shard = shards[index]
        ids[row, :length] = shard.ids[start : start + length]
        following = shard.roles[start + 1 : start + length]
        learnt = numpy.flatnonzero((following == USER) | (following == ANSWER))
        roles = following[learnt]
        at.append(row * longest + learnt)
        answers.append(roles == ANSWER)
        weights.append(numpy.where(roles == ANSWER, 1.0, user_weight).astype(numpy.float32))
        states.append(shard.states[start + learnt])
        if shard.streams is not None:
            streams.append(shard.streams[:, start + learnt])
    joined = lambda parts, axis=0: torch.from_numpy(numpy.concatenate(parts, axis=axis))  # noqa: E731
    return Batch(
        ids=torch.from_numpy(ids),
        at=joined(at),
        weights=joined(weights),
        answers=joined(answers),
        states=joined(states).view(torch.bfloat16),
        streams=joined(streams, 1).view(torch.bfloat16) if streams else None,
    )
