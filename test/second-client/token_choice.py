"""The choice of a token, from docs/internals/token-choice.md. All numbers are Python floats, that is, binary64."""

from collections import Counter
from collections.abc import Mapping, Sequence

import fdlibm

NEUTRAL: Mapping = {
    "temperature": 0.0,
    "topK": 0,
    "topP": 1.0,
    "minP": 0.0,
    "presencePenalty": 0.0,
    "frequencyPenalty": 0.0,
    "repetitionPenalty": 1.0,
    "logitBias": (),
    "seed": 0,
}

MASK = 0xFFFFFFFF


def philox(counter: Sequence[int], key: Sequence[int]) -> tuple[int, int, int, int]:
    """Philox 4x32-10."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        first = 0xD2511F53 * c0
        second = 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (second >> 32) ^ c1 ^ k0, second & MASK, (first >> 32) ^ c3 ^ k1, first & MASK
        k0 = (k0 + 0x9E3779B9) & MASK
        k1 = (k1 + 0xBB67AE85) & MASK
    return c0, c1, c2, c3


def key_of(seed: int) -> tuple[int, int]:
    return seed & MASK, seed >> 32


def noise(seed: int, position: int, token: int) -> float:
    uniform = (philox((position, token, 0, 0), key_of(seed))[0] + 0.5) / 4294967296.0
    return -fdlibm.log(-fdlibm.log(uniform))


def derived_seed(seed: int, index: int) -> int:
    """The seed of the answer with this index, from 0, to one prompt."""
    if index == 0:
        return seed
    low, high, _, _ = philox((index, 0, 1, 0), key_of(seed))
    return low | (high << 32)


def choose(ids: Sequence[int], logits: Sequence[float], sampling: Mapping, answer: Sequence[int], position: int) -> int:
    """@param answer what is written so far, without the prompt, drafts before this row included"""
    p = {**NEUTRAL, **sampling}
    bias = dict(p["logitBias"])
    counts = Counter(answer) if penalises(p) else Counter()
    rows = []
    for token, logit in zip(ids, logits, strict=True):
        x = float(logit)
        if token in bias:
            x += bias[token]
        count = counts[token]
        if count > 0:
            x = x / p["repetitionPenalty"] if x > 0 else x * p["repetitionPenalty"]
            x = (x - p["frequencyPenalty"] * count) - p["presencePenalty"]
        rows.append((x, token))
    rows.sort(key=lambda row: (-row[0], row[1]))
    if p["temperature"] == 0:
        return rows[0][1]
    if p["topK"] != 0:
        rows = rows[: p["topK"]]
    if p["topP"] < 1:
        rows = nucleus(rows, p["topP"])
    if p["minP"] > 0:
        least = rows[0][0] + fdlibm.log(p["minP"])
        rows = [row for row in rows if row[0] >= least]
    scored = [(x / p["temperature"] + noise(p["seed"], position, token), -token) for x, token in rows]
    return -max(scored)[1]


def penalises(p: Mapping) -> bool:
    return p["presencePenalty"] != 0 or p["frequencyPenalty"] != 0 or p["repetitionPenalty"] != 1


def nucleus(rows: list[tuple[float, int]], top_p: float) -> list[tuple[float, int]]:
    weights = [fdlibm.exp(x - rows[0][0]) for x, _ in rows]
    total = 0.0
    for weight in weights:
        total += weight
    needed = top_p * total
    reached = 0.0
    for index, weight in enumerate(weights):
        reached += weight
        if reached >= needed:
            return rows[: index + 1]
    return rows
