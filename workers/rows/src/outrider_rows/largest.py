"""The row of a token from all its logits, for engines whose logits are in this process's memory."""

import math

import numpy

from .frames import Ask, Row

candidate_limit = 64
BLOCK = 256


class NoNumbers(Exception):
    """A logit is NaN or plus infinity."""


def row_of(logits: numpy.ndarray, ask: Ask | None = None) -> Row:
    """The row that the protocol wants.

    @param logits float32[vocabulary], raw
    @raises NoNumbers
    """
    ask = ask or Ask()
    allowed = ask.allowed(len(logits))
    held = logits if allowed is None else numpy.where(allowed, logits, -numpy.inf)
    maxima = block_maxima(held)
    top = maxima.max()
    # A maximum of numbers with a NaN among them is NaN.
    if math.isnan(top) or top == math.inf:
        raise NoNumbers("a logit is not a number")
    ids = largest(held, maxima, candidate_limit + len(ask.beside))
    if ask.beside:
        more = numpy.setdiff1d(numpy.array(ask.beside, numpy.int64), ids)
        ids = numpy.concatenate([ids, more[held[more] > -numpy.inf]])
    normaliser = math.nan
    if ask.normaliser:
        normaliser = float(top) + math.log(numpy.exp(held.astype(numpy.float64) - top).sum()) if top > -math.inf else -math.inf
    return Row(ids.astype(numpy.uint32), logits[ids], normaliser)


def block_maxima(values: numpy.ndarray) -> numpy.ndarray:
    whole = len(values) // BLOCK * BLOCK
    maxima = values[:whole].reshape(-1, BLOCK).max(axis=1)
    return maxima if whole == len(values) else numpy.append(maxima, values[whole:].max())


def largest(values: numpy.ndarray, maxima: numpy.ndarray, count: int) -> numpy.ndarray:
    """Ids of the `count` largest, ties at the cut to the lower id; fewer where the others are minus infinity. Largest first."""
    # `count` blocks have a maximum of at least `floor`, so the largest `count` values are not below it.
    floor = numpy.partition(maxima, -count)[-count] if count < len(maxima) else -numpy.inf
    ids = numpy.flatnonzero(values >= floor) if floor > -numpy.inf else numpy.flatnonzero(values > -numpy.inf)
    # A stable sort keeps equal values in the order of their ids.
    return ids[numpy.argsort(-values[ids], kind="stable")[:count]]
