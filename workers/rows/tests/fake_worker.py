"""A worker over an engine of arithmetic, for tests: `python fake_worker.py ADDRESS`.

A logit is a function of the last two ids, so a sequence that was cut or filled wrongly shows. Some ids make a step slow or fail.
"""

import sys
import time

import numpy
from outrider_rows import Failure, Item, Row, row_of, serve

VOCABULARY = 1000
SLOW, FULL, NAN, BROKEN = 990, 991, 992, 993


class FakeEngine:
    def __init__(self) -> None:
        self.held: dict[int, list[int]] = {}

    def call(self, items: list[Item]) -> list[Row]:
        rows = []
        for item in items:
            text = self.held.setdefault(item.sequence, [])
            text[item.keep :] = item.ids.tolist()
            self.act(text)
            for row in range(item.rows):
                end = len(text) - item.rows + row + 1
                rows.append(row_of(logits_after(text[:end]), item.asks.get(row)))
        return rows

    def act(self, text: list[int]) -> None:
        if SLOW in text:
            time.sleep(1.3)
        if FULL in text:
            raise Failure("memory-full", "no key-value memory left")
        if BROKEN in text:
            raise RuntimeError("the engine broke")

    def release(self, sequence: int) -> None:
        self.held.pop(sequence)

    def encode(self, text: str) -> list[int]:
        """Of "held?": the sequences that it holds."""
        if text == "held?":
            return sorted(self.held)
        return [ord(letter) % VOCABULARY for letter in text]


def logits_after(text: list[int]) -> numpy.ndarray:
    last, before = text[-1], text[-2] if len(text) > 1 else 0
    logits = ((numpy.arange(VOCABULARY) * 7 + last * 131 + before * 17 + len(text)) % 499).astype(numpy.float32) / 8
    if last == NAN:
        logits[5] = numpy.nan
    return logits


HELLO = {
    "name": "fake",
    "engine": "arithmetic",
    "device": "cpu",
    "parts": {"engine": "arithmetic"},
    "vocabularySize": VOCABULARY,
    "tokenizer": {"format": "gguf", "sha256": "0" * 64},
    "encodes": True,
    "limits": {"contextLength": 100, "maxSequences": 3, "largestCall": 16},
    "law": {"multiple": 1, "least": 1, "most": 16, "merges": True},
    "settles": True,
}

if __name__ == "__main__":
    serve(FakeEngine(), HELLO, sys.argv[1], until_input_ends=True)
