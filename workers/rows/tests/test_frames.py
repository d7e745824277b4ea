"""Frames against the golden ones, which the edge's own codec is tested with as well, and frames that are wrong."""

import json
import math
import unittest
from pathlib import Path

import numpy
from outrider_rows import frames
from outrider_rows.frames import Ask, BadFrame, Item, Row

GOLDEN = json.loads((Path(__file__).parent / "golden.json").read_text())


def ask_of(fields: dict) -> Ask:
    mask = fields.get("mask")
    return Ask(None if mask is None else numpy.array(mask, numpy.uint32), tuple(fields.get("beside", ())), fields.get("normaliser", False))


def item_of(fields: dict) -> Item:
    asks = {ask["row"]: ask_of(ask) for ask in fields["asks"]}
    return Item(fields["sequence"], fields["keep"], numpy.array(fields["ids"], numpy.uint32), fields["rows"], asks)


def row_of(fields: dict) -> Row:
    normaliser = math.nan if fields["normaliser"] is None else fields["normaliser"]
    return Row(numpy.array(fields["ids"], numpy.uint32), numpy.array(fields["logits"], numpy.float32), normaliser)


def written(golden: dict) -> bytes:
    kind, fields = golden["kind"], golden["fields"]
    if kind == "hello":
        return frames.hello_frame(fields["hello"])
    if kind == "evaluate":
        return frames.evaluate_frame(fields["step"], [item_of(item) for item in fields["items"]])
    if kind == "rows":
        return frames.rows_frame(fields["step"], fields["microseconds"], [row_of(row) for row in fields["rows"]])
    if kind == "failed":
        return frames.failed_frame(fields["step"], fields["code"], fields["cause"])
    if kind == "encode":
        return frames.encode_frame(fields["number"], fields["text"])
    if kind == "ids":
        return frames.ids_frame(fields["number"], fields["ids"])
    kinds = {"release": frames.RELEASE, "abort": frames.ABORT, "working": frames.WORKING}
    return frames.number_frame(kinds[kind], fields["number"])


class GoldenFrames(unittest.TestCase):
    def test_are_written_byte_for_byte(self) -> None:
        for golden in GOLDEN:
            if golden["kind"] == "hello" or golden["kind"] == "failed":
                continue  # JSON: spaces are free
            with self.subTest(golden["name"]):
                self.assertEqual(written(golden).hex(), golden["hex"])

    def test_are_read_and_written_again(self) -> None:
        readers = {
            "hello": lambda body, _: frames.hello_frame(frames.read_hello(body)[1]),
            "evaluate": lambda body, _: frames.evaluate_frame(*frames.read_evaluate(body)),
            "rows": lambda body, fields: frames.rows_frame(*frames.read_rows(body, len(fields["rows"]))),
            "failed": lambda body, _: frames.failed_frame(*(lambda step, said: (step, said["code"], said["cause"]))(*frames.read_failed(body))),
            "encode": lambda body, _: frames.encode_frame(*frames.read_encode(body)),
            "ids": lambda body, _: frames.ids_frame(*frames.read_ids(body)),
        }
        for golden in GOLDEN:
            with self.subTest(golden["name"]):
                data = bytes.fromhex(golden["hex"])
                self.assertEqual(int.from_bytes(data[:4], "little"), len(data) - 4)
                numbered = lambda body, _, kind=data[4]: frames.number_frame(kind, frames.read_number(body))  # noqa: E731
                again = readers.get(golden["kind"], numbered)(data[5:], golden["fields"])
                self.assertEqual(again, written(golden))

    def test_every_kind_has_one(self) -> None:
        self.assertEqual({bytes.fromhex(golden["hex"])[4] for golden in GOLDEN}, set(range(9)))


class WrongFrames(unittest.TestCase):
    def test_every_cut_of_an_evaluate_is_refused(self) -> None:
        ask = Ask(numpy.array([1, 2], numpy.uint32), (5, 6), True)
        body = frames.evaluate_frame(1, [Item(0, 0, numpy.array([1, 2, 3], numpy.uint32), 2, {1: ask})])[5:]
        for length in range(len(body)):
            with self.assertRaises(BadFrame):
                frames.read_evaluate(body[:length])
        with self.assertRaises(BadFrame):
            frames.read_evaluate(body + b"\0")

    def test_two_asks_of_a_row_and_unknown_flags_are_refused(self) -> None:
        start = frames.evaluate_frame(1, [Item(0, 0, numpy.array([1], numpy.uint32), 1)])[5:-2]
        for asks in (b"\2\0" + b"\0\0\4" * 2, b"\1\0\0\0\x08"):
            with self.assertRaises(BadFrame):
                frames.read_evaluate(start + asks)

    def test_a_count_that_no_frame_can_hold_is_refused(self) -> None:
        with self.assertRaises(BadFrame):
            frames.read_evaluate(bytes.fromhex("010000000100" + "00000000" * 2 + "0100" + "ffffffff"))


if __name__ == "__main__":
    unittest.main()
