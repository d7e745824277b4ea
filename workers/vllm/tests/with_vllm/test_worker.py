"""The worker with a small model on a processor: OUTRIDER_VLLM_FOLDER names the model's folder (make_folder.py).

The edge's own contract (`outrider engine check`) tests the rows; this tests what only a client of the protocol sees.
"""

import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy
from outrider_rows import Item

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "rows" / "tests"))
from client import Client, connect  # noqa: E402

FOLDER = os.environ["OUTRIDER_VLLM_FOLDER"]
SECONDS = 900


def start(socket: str, *words: str) -> subprocess.Popen:
    common = ["-m", "outrider_vllm", "--model", FOLDER, "--socket", socket, "--threads", "1", "--dtype", "float32", "--until-input-ends"]
    return subprocess.Popen([sys.executable, *common, *words], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def item(sequence: int, keep: int, ids: list[int], rows: int) -> Item:
    return Item(sequence, keep, numpy.array(ids, numpy.uint32), rows)


def texts(count: int, length: int) -> list[list[int]]:
    random = numpy.random.default_rng(3)
    return [random.integers(300, 40_000, length).tolist() for _ in range(count)]


class SmallMemory(unittest.TestCase):
    """Two blocks of 128 tokens for texts of 250: one text finds room, two do not."""

    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        socket = f"{self.folder.name}/socket"
        flags = ["--sequences", "3", "--context", "238", "--", "--num-gpu-blocks-override", "4", "--max-num-batched-tokens", "256"]
        self.process = start(socket, *flags)
        self.client = Client(connect(socket, self.process, SECONDS))
        self.client.stream.settimeout(SECONDS)

    def tearDown(self) -> None:
        self.client.close()
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stderr.close()
        self.folder.cleanup()

    def test_is_reported_and_leaves_the_worker_usable(self) -> None:
        first, second = texts(2, 240)
        whole = self.client.evaluate([item(0, 0, first, 2)])
        self.assertEqual(len(whole), 2)
        for _ in range(2):
            said = self.client.evaluate([item(1, 0, second, 1)])
            self.assertEqual(said["code"], "memory-full", said)
        # The other sequence is as it was, and room that it gives back is used.
        again = self.client.evaluate([item(0, 200, first[200:], 2)])
        self.assertEqual([row.ids.tolist() for row in again], [row.ids.tolist() for row in whole])
        self.assertEqual(len(self.client.evaluate([item(0, 0, first[:100], 1)])), 1)
        self.assertEqual(len(self.client.evaluate([item(1, 0, second[:100], 1)])), 1)


class Encodes(unittest.TestCase):
    def test_special_tokens_as_text(self) -> None:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(f"{FOLDER}/tokenizer.json")
        tokenizer.encode_special_tokens = True
        self.assertGreater(len(tokenizer.encode("<|im_start|>", add_special_tokens=False).ids), 1)


class Pipeline(unittest.TestCase):
    def test_of_two_stages_gives_the_rows_of_one_and_ends_with_a_killed_stage(self) -> None:
        text = texts(1, 60)[0]
        found = []
        for stages in ("1", "2"):
            with tempfile.TemporaryDirectory() as folder:
                socket = f"{folder}/socket"
                process = start(socket, "--sequences", "2", "--context", "200", "--pipeline-parallel-size", stages)
                client = Client(connect(socket, process, SECONDS))
                client.stream.settimeout(SECONDS)
                rows = []
                for at in range(0, 60, 20):
                    rows += client.evaluate([item(0, at, text[at : at + 20], 20)])
                found.append([dict(zip(row.ids.tolist(), row.logits.tolist(), strict=True)) for row in rows])
                if stages == "2":
                    self.kill_a_stage(client, process)
                client.close()
                process.stdin.close()
                process.wait(60)
                process.stderr.close()
        self.assertEqual(found[0], found[1])

    def kill_a_stage(self, client: Client, process: subprocess.Popen) -> None:
        client.send([item(1, 0, texts(1, 100)[0], 0)])
        children = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=True).stdout.split()
        stages = [child for child in children if "Worker" in Path(f"/proc/{child}/cmdline").read_text()]
        os.kill(int(stages[-1]), signal.SIGKILL)
        self.assertEqual(process.wait(60), 1)


if __name__ == "__main__":
    unittest.main()
