"""The server over an engine of arithmetic, in a process of its own: rules of the protocol, mistakes of the edge, its end."""

import os
import signal
import stat
import tempfile
import unittest
from pathlib import Path

import numpy
from client import Client, connect, start
from fake_worker import BROKEN, FULL, HELLO, NAN, SLOW, logits_after
from outrider_rows import Ask, Item, Refusal, frames
from outrider_rows.server import listen

PROGRAM = Path(__file__).parent / "fake_worker.py"


def item(sequence: int, keep: int, ids: list[int], rows: int = 1, asks: dict[int, Ask] | None = None) -> Item:
    return Item(sequence, keep, numpy.array(ids, numpy.uint32), rows, asks or {})


def best(row: frames.Row) -> int:
    return sorted(zip(-row.logits, row.ids, strict=True))[0][1]


class Server(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = f"{self.folder.name}/socket"
        self.process = start(PROGRAM, f"unix:{self.path}")
        self.client = self.meet()

    def meet(self) -> Client:
        return Client(connect(self.path, self.process))

    def tearDown(self) -> None:
        self.client.close()
        self.process.kill()
        self.process.communicate()
        self.folder.cleanup()

    def rows(self, *items: Item) -> list[frames.Row]:
        found = self.client.evaluate(list(items))
        self.assertIsInstance(found, list, found)
        return found

    def test_hello_comes_first(self) -> None:
        self.assertEqual((self.client.version, self.client.hello), (1, HELLO))

    def test_rows_come_in_the_order_of_items_after_cuts(self) -> None:
        self.rows(item(0, 0, [1, 2, 3, 4], 0), item(2, 0, [9, 8]))
        rows = self.rows(item(2, 2, [7]), item(0, 2, [5, 6, 7], 2))
        texts = [[9, 8, 7], [1, 2, 5, 6], [1, 2, 5, 6, 7]]
        self.assertEqual([best(row) for row in rows], [int(logits_after(text).argmax()) for text in texts])

    def test_asks_go_to_their_row(self) -> None:
        mask = numpy.zeros(1, numpy.uint32)
        mask[0] = 1 << 17
        first, second = self.rows(item(0, 0, [1, 2], 2, {1: Ask(mask, (), True)}))
        self.assertEqual((len(first.ids), second.ids.tolist()), (64, [17]))
        self.assertAlmostEqual(second.normaliser, float(second.logits[0]))

    def test_mistakes_of_the_edge_are_answered_and_leave_the_connection(self) -> None:
        self.rows(item(0, 0, [1, 2, 3]))
        wrong = [
            [],
            [item(0, 4, [1])],
            [item(1, 1, [1])],
            [item(3, 0, [1])],
            [item(0, 0, [1], 2)],
            [item(0, 0, [], 0)],
            [item(0, 0, [1000])],
            [item(0, 0, [1] * 17)],
            [item(0, 0, [1] * 9), item(1, 0, [1] * 9)],
            [item(0, 0, [1]), item(0, 0, [1])],
            [item(0, 0, [1], 1, {1: Ask(None, (), True)})],
            [item(0, 0, [1], 1, {0: Ask(None, (1000,))})],
        ]
        for items in wrong:
            said = self.client.evaluate(items)
            self.assertEqual((said["step"], said["code"]), (self.client.step, "bad-frame"), said)
        self.client.stream.sendall(frames.frame(77, b"what"))
        self.assertEqual(self.client.answer(0)["code"], "bad-frame")
        self.client.stream.sendall(frames.frame(frames.EVALUATE, b"\1\0\0\0\1\0\0"))
        self.assertEqual((self.client.answer(0))["step"], 0)
        self.rows(item(0, 0, [1, 2, 3]))

    def test_the_context_holds_sixteen_more_ids(self) -> None:
        for at in range(0, 112, 16):
            self.rows(item(0, at, [1] * 16, 0))
        self.rows(item(0, 112, [1] * 4))
        self.assertEqual(self.client.evaluate([item(0, 116, [1])])["code"], "bad-frame")

    def test_a_frame_without_end_closes_the_connection(self) -> None:
        self.client.stream.sendall(b"\xff\xff\xff\xff")
        self.assertEqual(self.client.answer(0)["code"], "bad-frame")
        with self.assertRaises(EOFError):
            self.client.read()
        self.client.close()
        self.client = self.meet()
        self.rows(item(0, 0, [1]))

    def test_a_failed_step_leaves_its_sequences_unknown(self) -> None:
        self.rows(item(0, 0, [1, 2]), item(1, 0, [1, 2]))
        for cause, code in ((FULL, "memory-full"), (NAN, "no-numbers")):
            self.assertEqual(self.client.evaluate([item(0, 0, [cause])])["code"], code)
        self.assertEqual(self.client.evaluate([item(0, 1, [3])])["code"], "bad-frame")
        self.rows(item(0, 0, [1, 2]), item(1, 2, [3]))

    def test_a_slow_step_says_working(self) -> None:
        self.rows(item(0, 0, [SLOW]))
        self.assertEqual(set(self.client.working), {1})

    def test_an_aborted_step_is_not_begun(self) -> None:
        slow, given_up = self.client.send([item(0, 0, [SLOW])]), self.client.send([item(1, 0, [SLOW])])
        self.client.stream.sendall(frames.number_frame(frames.ABORT, given_up))
        self.assertIsInstance(self.client.answer(1), list)
        self.assertEqual(self.client.answer(1)["code"], "aborted")
        self.assertEqual(set(self.client.working), {slow})

    def test_an_abort_before_its_step_gives_up_none(self) -> None:
        self.client.stream.sendall(frames.number_frame(frames.ABORT, self.client.step + 1))
        self.rows(item(0, 0, [1]))

    def test_released_sequences_and_those_of_a_lost_connection_are_empty(self) -> None:
        self.rows(item(0, 0, [1, 2]))
        self.client.stream.sendall(frames.number_frame(frames.RELEASE, 0))
        self.client.stream.sendall(frames.number_frame(frames.RELEASE, 9))
        self.assertEqual(self.client.encode("held?"), [])
        self.assertEqual(self.client.evaluate([item(0, 1, [3])])["code"], "bad-frame")
        self.rows(item(0, 0, [1, 2]))
        self.client.close()
        self.client = self.meet()
        self.assertEqual(self.client.encode("held?"), [])
        self.assertEqual(self.client.evaluate([item(0, 1, [3])])["code"], "bad-frame")

    def test_the_next_connection_waits(self) -> None:
        second = connect(self.path, self.process)
        second.settimeout(0.3)
        with self.assertRaises(TimeoutError):
            second.recv(1)
        self.client.close()
        self.client = Client(second)
        self.rows(item(0, 0, [1]))

    def test_encodes(self) -> None:
        self.assertEqual(self.client.encode("ab€"), [97, 98, 364])

    def test_only_the_owner_may_use_the_socket(self) -> None:
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)

    def test_a_broken_engine_ends_the_worker(self) -> None:
        self.assertEqual(self.client.evaluate([item(0, 0, [BROKEN])]), {"step": 1, "code": "failed", "cause": "the engine broke"})
        self.assertEqual(self.process.wait(120), 1)

    def test_the_socket_of_a_killed_worker_is_taken_over_and_that_of_a_living_one_is_not(self) -> None:
        with self.assertRaisesRegex(Refusal, "another worker listens"):
            listen(f"unix:{self.path}")
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()
        self.client.close()
        self.process = start(PROGRAM, f"unix:{self.path}")
        self.client = self.meet()
        self.rows(item(0, 0, [1]))

    def test_a_file_at_the_place_of_the_socket_is_left(self) -> None:
        place = Path(self.folder.name, "file")
        place.write_text("mine")
        with self.assertRaisesRegex(Refusal, "no socket"):
            listen(f"unix:{place}")
        self.assertEqual(place.read_text(), "mine")


class Ends(unittest.TestCase):
    def test_with_its_input_or_the_signal_and_removes_its_socket(self) -> None:
        for ending in ("input", "signal"):
            with self.subTest(ending), tempfile.TemporaryDirectory() as folder, start(PROGRAM, f"unix:{folder}/socket") as process:
                client = Client(connect(f"{folder}/socket", process))
                if ending == "input":
                    process.stdin.close()
                else:
                    process.terminate()
                self.assertEqual(process.wait(120), 0)
                self.assertEqual(os.listdir(folder), [])
                client.close()

    def test_in_mid_step(self) -> None:
        with tempfile.TemporaryDirectory() as folder, start(PROGRAM, f"unix:{folder}/socket") as process:
            client = Client(connect(f"{folder}/socket", process))
            client.send([item(0, 0, [SLOW])])
            process.stdin.close()
            self.assertEqual(process.wait(120), 0)
            client.close()


if __name__ == "__main__":
    unittest.main()
