"""The frames of the rows protocol as bytes, both directions. It knows no socket and no engine; all numbers are little-endian."""

import json
import math
import struct
from dataclasses import dataclass, field

import numpy

VERSION = 1
LARGEST_FRAME = 64 << 20
"""Bytes behind the length of a frame, at most."""

HELLO, EVALUATE, ROWS, RELEASE, FAILED, ABORT, WORKING, ENCODE, IDS = range(9)

MASK, BESIDE, NORMALISER = 1, 2, 4


class BadFrame(Exception):
    """A frame that cannot be read; the text is one line."""


@dataclass(frozen=True)
class Ask:
    """What one row is asked for beside its largest logits."""

    mask: numpy.ndarray | None = None
    """uint32 words; bit `id % 32` of word `id / 32` says whether the id may be a candidate. None: all may."""
    beside: tuple[int, ...] = ()
    """Ids whose logits are wanted in any case."""
    normaliser: bool = False

    def allowed(self, vocabulary: int) -> numpy.ndarray | None:
        """bool[vocabulary], or None for all. Ids beyond the mask are not allowed."""
        if self.mask is None:
            return None
        bits = numpy.unpackbits(self.mask.astype("<u4").view(numpy.uint8), bitorder="little")[:vocabulary].astype(bool)
        return numpy.pad(bits, (0, vocabulary - len(bits)))


@dataclass(frozen=True)
class Item:
    """One sequence's part of a step: cut it to `keep` ids, append `ids`, give rows after each of the last `rows`."""

    sequence: int
    keep: int
    ids: numpy.ndarray
    """uint32, at least one."""
    rows: int
    asks: dict[int, Ask] = field(default_factory=dict)
    """By the number of the row, 0 for the first of `rows`."""


@dataclass(frozen=True)
class Row:
    """Raw logits after one token: ids uint32[n] and logits float32[n] in any order."""

    ids: numpy.ndarray
    logits: numpy.ndarray
    normaliser: float = math.nan
    """ln of the sum of exp(logit) over all allowed ids; NaN where it was not asked for."""


class Reader:
    """Reads the numbers of a body, one after the other."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.at = 0

    def numbers(self, form: str) -> tuple:
        form = "<" + form
        end = self.at + struct.calcsize(form)
        if end > len(self.body):
            raise BadFrame(f"a frame is cut off: {len(self.body)} bytes where {end} are due")
        found = struct.unpack_from(form, self.body, self.at)
        self.at = end
        return found

    def array(self, count: int, kind: str = "<u4") -> numpy.ndarray:
        end = self.at + 4 * count
        if end > len(self.body):
            raise BadFrame(f"a frame is cut off: {len(self.body)} bytes where {end} are due")
        found = numpy.frombuffer(self.body, kind, count, self.at)
        self.at = end
        return found

    def text(self) -> str:
        rest = self.body[self.at :]
        self.at = len(self.body)
        try:
            return rest.decode()
        except UnicodeDecodeError:
            raise BadFrame("a frame's text is not UTF-8") from None

    def end(self) -> None:
        if self.at != len(self.body):
            raise BadFrame(f"a frame has {len(self.body) - self.at} bytes too many")


def frame(kind: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack("<IB", len(body) + 1, kind) + body


def hello_frame(hello: dict) -> bytes:
    return frame(HELLO, struct.pack("<H", VERSION), json.dumps(hello).encode())


def read_hello(body: bytes) -> tuple[int, dict]:
    reader = Reader(body)
    (version,) = reader.numbers("H")
    return version, json.loads(reader.text())


def evaluate_frame(step: int, items: list[Item]) -> bytes:
    parts = [struct.pack("<IH", step, len(items))]
    for item in items:
        parts.append(struct.pack("<IIHI", item.sequence, item.keep, item.rows, len(item.ids)))
        parts.append(numpy.asarray(item.ids, "<u4").tobytes())
        parts.append(struct.pack("<H", len(item.asks)))
        for row, ask in item.asks.items():
            flags = (MASK if ask.mask is not None else 0) | (BESIDE if ask.beside else 0)
            parts.append(struct.pack("<HB", row, flags | (NORMALISER if ask.normaliser else 0)))
            if ask.mask is not None:
                parts.append(struct.pack("<I", len(ask.mask)) + ask.mask.astype("<u4").tobytes())
            if ask.beside:
                parts.append(struct.pack("<H", len(ask.beside)) + numpy.array(ask.beside, "<u4").tobytes())
    return frame(EVALUATE, *parts)


def read_ask(reader: Reader) -> tuple[int, Ask]:
    row, flags = reader.numbers("HB")
    if flags & ~(MASK | BESIDE | NORMALISER):
        raise BadFrame(f"an ask has unknown flags {flags}")
    mask = reader.array(*reader.numbers("I")) if flags & MASK else None
    beside = tuple(reader.array(*reader.numbers("H")).tolist()) if flags & BESIDE else ()
    return row, Ask(mask, beside, bool(flags & NORMALISER))


def read_evaluate(body: bytes) -> tuple[int, list[Item]]:
    """Step and items. @raises BadFrame"""
    reader = Reader(body)
    step, count = reader.numbers("IH")
    items = []
    for _ in range(count):
        sequence, keep, rows, size = reader.numbers("IIHI")
        ids = reader.array(size)
        (asks,) = reader.numbers("H")
        read = [read_ask(reader) for _ in range(asks)]
        if len({row for row, _ in read}) < len(read):
            raise BadFrame("a row has two asks")
        items.append(Item(sequence, keep, ids, rows, dict(read)))
    reader.end()
    return step, items


def rows_frame(step: int, microseconds: int, rows: list[Row]) -> bytes:
    parts = [struct.pack("<II", step, min(microseconds, 0xFFFFFFFF))]
    for row in rows:
        parts.append(struct.pack("<Hd", len(row.ids), row.normaliser))
        parts.append(numpy.asarray(row.ids, "<u4").tobytes())
        parts.append(numpy.asarray(row.logits, "<f4").tobytes())
    return frame(ROWS, *parts)


def read_rows(body: bytes, count: int) -> tuple[int, int, list[Row]]:
    """Step, microseconds and `count` rows. @raises BadFrame"""
    reader = Reader(body)
    step, microseconds = reader.numbers("II")
    rows = []
    for _ in range(count):
        size, normaliser = reader.numbers("Hd")
        rows.append(Row(reader.array(size), reader.array(size, "<f4"), normaliser))
    reader.end()
    return step, microseconds, rows


def failed_frame(step: int, code: str, cause: str) -> bytes:
    line = " ".join(cause.split())
    return frame(FAILED, struct.pack("<I", step), json.dumps({"code": code, "cause": line}).encode())


def read_failed(body: bytes) -> tuple[int, dict]:
    reader = Reader(body)
    (step,) = reader.numbers("I")
    return step, json.loads(reader.text())


def number_frame(kind: int, number: int) -> bytes:
    """`release` (of a sequence), `abort` and `working` (of a step)."""
    return frame(kind, struct.pack("<I", number))


def read_number(body: bytes) -> int:
    reader = Reader(body)
    (number,) = reader.numbers("I")
    reader.end()
    return number


def encode_frame(number: int, text: str) -> bytes:
    return frame(ENCODE, struct.pack("<I", number), text.encode())


def read_encode(body: bytes) -> tuple[int, str]:
    reader = Reader(body)
    (number,) = reader.numbers("I")
    return number, reader.text()


def ids_frame(number: int, ids: list[int]) -> bytes:
    return frame(IDS, struct.pack("<II", number, len(ids)), numpy.array(ids, "<u4").tobytes())


def read_ids(body: bytes) -> tuple[int, list[int]]:
    reader = Reader(body)
    number, count = reader.numbers("II")
    ids = reader.array(count).tolist()
    reader.end()
    return number, ids
