"""Rows from logits on a GPU, so that a few hundred numbers leave it and not the vocabulary. The numbers are those of outrider_rows.row_of."""

import math

import torch
from outrider_rows import Ask, Row, candidate_limit


def rows_on_device(logits: torch.Tensor, asks: dict[int, Ask]) -> list[Row]:
    """@param logits [rows, vocabulary] @param asks by row; a row whose logits are not numbers has a NaN as its first logit"""
    values = logits.float()
    plain = [row for row in range(len(values)) if row not in asks]
    found: dict[int, Row] = {}
    if plain:
        ids, best = (part.cpu().numpy() for part in largest(values[plain], candidate_limit))
        found = {row: Row(ids[at], best[at]) for at, row in enumerate(plain)}
    for row, ask in asks.items():
        found[row] = row_with_ask(values[row], ask)
    broken = (~(values.amax(-1) < math.inf)).nonzero().flatten().tolist()
    for row in broken:
        found[row] = Row(found[row].ids[:1], found[row].logits[:1] * math.nan)
    return [without_infinities(found[row]) for row in range(len(values))]


def largest(values: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and logits of the `count` largest of each row, ties to the lower id: topk itself promises no order of equal values."""
    # A zero of either sign is the same number.
    bits = (values + 0.0).view(torch.int32)
    # The order of floats as integers: negative ones have their lower 31 bits turned.
    keys = torch.where(bits < 0, bits ^ 0x7FFFFFFF, bits).to(torch.int64) << 32
    keys |= 0xFFFFFFFF - torch.arange(values.shape[-1], device=values.device)
    ids = torch.topk(keys, min(count, values.shape[-1]), dim=-1).indices
    return ids, values.gather(-1, ids)


def row_with_ask(values: torch.Tensor, ask: Ask) -> Row:
    allowed = ask.allowed(len(values))
    held = values
    if allowed is not None:
        held = values.masked_fill(~torch.from_numpy(allowed).to(values.device), -math.inf)
    ids = largest(held[None], candidate_limit + len(ask.beside))[0][0]
    if ask.beside:
        beside = torch.tensor(ask.beside, device=values.device).unique()
        ids = torch.cat([ids, beside[~torch.isin(beside, ids)]])
    normaliser = float(torch.logsumexp(held.double(), -1)) if ask.normaliser else math.nan
    return Row(ids.cpu().numpy(), held[ids].cpu().numpy(), normaliser)


def without_infinities(row: Row) -> Row:
    kept = row.logits != -math.inf
    return Row(row.ids[kept], row.logits[kept], row.normaliser)
