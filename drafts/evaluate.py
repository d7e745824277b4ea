"""Judges a draft on self-written text that no draft was trained on."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from corpus import Batch
from draft_file import IdMap
from llama import Decoder
from losses import CHUNK


@dataclass(frozen=True)
class Judgement:
    """Means over answer positions of the target's own text."""

    #: Share of positions where the likeliest ids are the same, over the target's whole vocabulary.
    agreement: float
    #: Kullback-Leibler divergence over the draft's ids, nats.
    divergence: float
    #: 1 - total variation distance at temperature 0.8: the best that any sampling rule could accept.
    overlap: float
    positions: int

    def rounded(self) -> dict:
        return {
            "agreement": round(self.agreement, 4),
            "divergence": round(self.divergence, 4),
            "overlap": round(self.overlap, 4),
            "positions": self.positions,
        }


class Judge:
    """Holds a set of batches and what the target says at each of their answer positions."""

    def __init__(self, batches: list[Batch], target_head: Tensor, map: IdMap) -> None:
        """`target_head` [target vocabulary, width]."""
        self.batches, self.map = batches, map
        self.head = target_head.detach().to(torch.bfloat16)
        self.kept = torch.tensor(map.ids, device=self.head.device)

    @torch.no_grad()
    def judge(self, decoder: Decoder) -> Judgement:
        sums = torch.zeros(4, dtype=torch.float64)
        for batch in self.batches:
            states, _ = decoder(self.map.inputs.to(self.head.device)[batch.ids.to(self.head.device)])
            chosen = batch.answers.to(self.head.device)
            ours = states.flatten(0, 1)[batch.at.to(self.head.device)][chosen]
            theirs = batch.states.to(self.head.device)[chosen]
            head = decoder.fold(decoder.output)
            for at in range(0, len(ours), CHUNK):
                sums += self.compare(ours[at : at + CHUNK], head, theirs[at : at + CHUNK])
        agreed, divergence, overlap, count = sums.tolist()
        return Judgement(agreed / count, divergence / count, overlap / count, int(count))

    def compare(self, ours: Tensor, head: Tensor, theirs: Tensor) -> Tensor:
        said = functional.linear(ours, head).float()
        wanted = functional.linear(theirs, self.head).float()
        agreed = self.kept[said.argmax(dim=-1)] == wanted.argmax(dim=-1)
        ours_log, theirs_log = said.log_softmax(dim=-1), wanted[:, self.kept].log_softmax(dim=-1)
        divergence = (theirs_log.exp() * (theirs_log - ours_log)).sum(dim=-1)
        cool = (wanted / 0.8).softmax(dim=-1)[:, self.kept]
        overlap = torch.minimum(cool, (said / 0.8).softmax(dim=-1)).sum(dim=-1)
        sums = torch.stack([agreed.sum(), divergence.sum(), overlap.sum()]).double().cpu()
        return torch.cat([sums, torch.tensor([len(ours)], dtype=torch.float64)])
