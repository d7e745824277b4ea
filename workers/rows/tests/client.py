"""An edge's side of the protocol, for tests."""

import socket
import subprocess
import sys
import time
from pathlib import Path

from outrider_rows import frames
from outrider_rows.frames import Item, Row


def connect(path: str, process: subprocess.Popen, seconds: float = 120) -> socket.socket:
    """Waits until the worker listens."""
    end = time.monotonic() + seconds
    while True:
        stream = socket.socket(socket.AF_UNIX)
        try:
            stream.connect(path)
            return stream
        except OSError:
            stream.close()
            if process.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(0.02)


def start(program: Path, *arguments: str, **more: object) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, str(program), *arguments], stdin=subprocess.PIPE, stderr=subprocess.PIPE, **more)


class Client:
    def __init__(self, stream: socket.socket) -> None:
        self.stream = stream
        self.stream.settimeout(120)
        self.step = 0
        self.working: list[int] = []
        kind, body = self.read()
        assert kind == frames.HELLO
        self.version, self.hello = frames.read_hello(body)

    def exactly(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            part = self.stream.recv(count - len(data))
            if not part:
                raise EOFError
            data += part
        return bytes(data)

    def read(self) -> tuple[int, bytes]:
        """The next frame that is not `working`."""
        while True:
            length = int.from_bytes(self.exactly(4), "little")
            kind, body = self.exactly(1)[0], self.exactly(length - 1)
            if kind != frames.WORKING:
                return kind, body
            self.working.append(frames.read_number(body))

    def send(self, items: list[Item]) -> int:
        self.step += 1
        self.stream.sendall(frames.evaluate_frame(self.step, items))
        return self.step

    def answer(self, rows: int) -> list[Row] | dict:
        kind, body = self.read()
        if kind == frames.FAILED:
            step, said = frames.read_failed(body)
            return {"step": step, **said}
        assert kind == frames.ROWS
        return frames.read_rows(body, rows)[2]

    def evaluate(self, items: list[Item]) -> list[Row] | dict:
        """The rows, or what the worker says of its failure."""
        self.send(items)
        return self.answer(sum(item.rows for item in items))

    def encode(self, text: str) -> list[int]:
        self.stream.sendall(frames.encode_frame(1, text))
        return frames.read_ids(self.read()[1])[1]

    def close(self) -> None:
        self.stream.close()
