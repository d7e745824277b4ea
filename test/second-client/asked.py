"""What an answer is asked for beyond its text, as on docs/internals/protocol.md: grammars and logprobs at the end of an `open`, and the logprobs in the
frames of an edge."""

import struct
from collections.abc import Mapping, Sequence
from typing import Protocol

GRAMMARS = ("json-schema", "structural-tag", "ebnf")


class Fields(Protocol):
    """Reads the fields of a frame."""

    def byte(self) -> int: ...
    def varint(self, most: int) -> int: ...
    def text(self, most: int) -> str: ...
    def take(self, count: int) -> bytes: ...
    def rest(self) -> int: ...


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def plus_one(count: int | None) -> bytes:
    return varint(0 if count is None else count + 1)


def read_plus_one(reader: Fields) -> int | None:
    written = reader.varint(21)
    return None if written == 0 else written - 1


def write_asked(m: Mapping) -> bytes:
    grammar, logprobs = m.get("grammar"), m.get("logprobs")
    if grammar is None and logprobs is None:
        return b""
    if grammar is None:
        return b"\x00" + plus_one(logprobs)
    kind, text = grammar
    encoded = text.encode()
    return bytes([1 + GRAMMARS.index(kind)]) + varint(len(encoded)) + encoded + plus_one(logprobs)


def read_asked(reader: Fields) -> dict:
    if reader.rest() == 0:
        return {}
    number = reader.byte()
    asked: dict = {} if number == 0 else {"grammar": (GRAMMARS[number - 1], reader.text(65_536))}
    logprobs = read_plus_one(reader) if reader.rest() > 0 else None
    return asked if logprobs is None else {**asked, "logprobs": logprobs}


def write_scores(scores: Sequence[tuple[float, Sequence[tuple[int, float]]]]) -> bytes:
    """For each token its logprob, and the likeliest ids with theirs."""
    out = b""
    for logprob, top in scores:
        out += struct.pack("<f", logprob) + varint(len(top))
        out += b"".join(varint(token) + struct.pack("<f", other) for token, other in top)
    return out


def read_scores(reader: Fields, count: int) -> list[tuple[float, list[tuple[int, float]]]]:
    scores = []
    for _ in range(count):
        logprob = read_float32(reader)
        scores.append((logprob, [(reader.varint(4_194_303), read_float32(reader)) for _ in range(reader.varint(20))]))
    return scores


def read_float32(reader: Fields) -> float:
    return struct.unpack("<f", reader.take(4))[0]
