"""Serves one engine to one edge after the other. The engine runs in the thread that called `serve`; one thread reads, one says `working`."""

import os
import queue
import signal
import socket
import stat
import sys
import threading
import time
from typing import Protocol

from . import frames
from .checks import SequenceLengths
from .command import Refusal
from .frames import BadFrame, Item, Row
from .largest import NoNumbers

WORKING_SECONDS = 0.5
ENDING_SECONDS = 10
WAITING_FRAMES = 256


class Failure(Exception):
    """A step that failed; its sequences are unknown then. Codes: memory-full, failed."""

    def __init__(self, code: str, cause: str) -> None:
        super().__init__(cause)
        self.code = code


class Engine(Protocol):
    def call(self, items: list[Item]) -> list[Row]:
        """The rows of all items in order, by one call of the engine. @raises Failure, NoNumbers; anything else ends the worker"""

    def release(self, sequence: int) -> None:
        """Forgets what the sequence holds."""

    def encode(self, text: str) -> list[int] | None:
        """Plain text to ids, special tokens in it as text; None if the engine has no tokenizer."""


class Connection:
    """One edge: frames come in through `waiting`, each with its kind, or as a BadFrame or None at the end."""

    def __init__(self, stream: socket.socket) -> None:
        self.stream = stream
        self.waiting: queue.Queue = queue.Queue(WAITING_FRAMES)
        # Steps that have come, were not answered, and were not given up.
        self.pending: set[int] = set()
        self.running: int | None = None
        self.lock = threading.Lock()
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=target, daemon=True) for target in (self.read_all, self.say_working)]
        for thread in self.threads:
            thread.start()

    def send(self, data: bytes) -> None:
        with self.lock:
            self.running = None
            self.stream.sendall(data)

    def answer(self, step: int, data: bytes) -> None:
        self.pending.discard(step)
        self.send(data)

    def say_working(self) -> None:
        while not self.ended.wait(WORKING_SECONDS):
            with self.lock:
                try:
                    if self.running is not None:
                        self.stream.sendall(frames.number_frame(frames.WORKING, self.running))
                except OSError:
                    return

    def read_exactly(self, count: int) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            part = self.stream.recv(min(count - len(parts), 1 << 20))
            if not part:
                raise EOFError
            parts += part
        return bytes(parts)

    def read_all(self) -> None:
        try:
            while True:
                length = int.from_bytes(self.read_exactly(4), "little")
                if length == 0 or length > frames.LARGEST_FRAME:
                    self.waiting.put(BadFrame(f"a frame of {length} bytes"))
                    break
                kind, *body = self.read_exactly(1), self.read_exactly(length - 1)
                self.take(kind[0], body[0])
        except (EOFError, OSError):
            pass
        self.waiting.put(None)

    def take(self, kind: int, body: bytes) -> None:
        """An abort acts at once, everything else in its turn."""
        try:
            if kind == frames.ABORT:
                self.pending.discard(frames.read_number(body))
            elif kind == frames.EVALUATE:
                step, items = frames.read_evaluate(body)
                self.pending.add(step)
                self.waiting.put((kind, step, items))
            elif kind == frames.RELEASE:
                self.waiting.put((kind, frames.read_number(body)))
            elif kind == frames.ENCODE:
                self.waiting.put((kind, *frames.read_encode(body)))
            else:
                self.waiting.put(BadFrame(f"a frame of the unknown kind {kind}"))
        except BadFrame as bad:
            self.waiting.put(bad)

    def close(self) -> None:
        self.ended.set()
        try:
            self.stream.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        while self.threads[0].is_alive():
            # The reader may wait for room.
            while not self.waiting.empty():
                self.waiting.get_nowait()
            self.threads[0].join(0.05)
        self.threads[1].join()
        self.stream.close()


class Worker:
    """Answers the frames of one connection, one after the other."""

    def __init__(self, engine: Engine, hello: dict, stream: socket.socket) -> None:
        self.engine = engine
        self.hello = hello
        self.connection = Connection(stream)
        self.sequences = SequenceLengths(hello)

    def serve(self) -> None:
        try:
            self.connection.send(frames.hello_frame(self.hello))
            while (found := self.connection.waiting.get()) is not None:
                self.answer(found)
        except OSError:
            pass
        finally:
            for sequence in list(self.sequences.lengths):
                self.engine.release(sequence)
            self.connection.close()

    def answer(self, found: tuple | BadFrame) -> None:
        if isinstance(found, BadFrame):
            self.connection.send(frames.failed_frame(0, "bad-frame", str(found)))
        elif found[0] == frames.EVALUATE:
            self.evaluate(found[1], found[2])
        elif found[0] == frames.RELEASE:
            if self.sequences.released(found[1]):
                self.engine.release(found[1])
        else:
            ids = self.engine.encode(found[2])
            if ids is None:
                self.connection.send(frames.failed_frame(0, "failed", "this worker has no tokenizer"))
            else:
                self.connection.send(frames.ids_frame(found[1], ids))

    def evaluate(self, step: int, items: list[Item]) -> None:
        try:
            rows, microseconds = self.rows_of(step, items)
            self.sequences.evaluated(items)
            self.connection.answer(step, frames.rows_frame(step, microseconds, rows))
        except BadFrame as bad:
            self.fail(step, items, "bad-frame", bad)
        except NoNumbers as bad:
            self.fail(step, items, "no-numbers", bad)
        except Failure as failure:
            self.fail(step, items, failure.code, failure)
        except Exception as error:
            self.fail(step, items, "failed", error)
            raise

    def rows_of(self, step: int, items: list[Item]) -> tuple[list[Row], int]:
        if step not in self.connection.pending:
            raise Failure("aborted", "given up before it began")
        self.sequences.check(items)
        self.connection.running = step
        start = time.perf_counter()
        rows = self.engine.call(items)
        return rows, int(1e6 * (time.perf_counter() - start))

    def fail(self, step: int, items: list[Item], code: str, cause: Exception) -> None:
        self.sequences.failed(items)
        self.connection.answer(step, frames.failed_frame(step, code, str(cause) or type(cause).__name__))


def listen(address: str) -> socket.socket:
    """A socket that listens at `unix:PATH` or `tcp:PORT` (of 127.0.0.1). @raises Refusal"""
    kind, _, where = address.partition(":")
    try:
        if kind == "unix":
            return listen_unix(where)
        listener = socket.socket(socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", int(where)))
        listener.listen(4)
        return listener
    except (OSError, ValueError, OverflowError) as error:
        raise Refusal(f"cannot listen at {address}: {error}", "Name another socket or port.") from None


def listen_unix(path: str) -> socket.socket:
    remove_stale(path)
    listener = socket.socket(socket.AF_UNIX)
    # Only the owner may connect, from the first moment on.
    before = os.umask(0o177)
    try:
        listener.bind(path)
    finally:
        os.umask(before)
    listener.listen(4)
    return listener


def remove_stale(path: str) -> None:
    """Removes the socket of a worker that has ended."""
    if not os.path.lexists(path):
        return
    if not stat.S_ISSOCK(os.lstat(path).st_mode):
        raise OSError("a file is there that is no socket")
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
            return
    raise OSError("another worker listens there")


def end_with_input() -> None:
    """Ends this process when standard input ends: orderly, or hard if a step does not come back."""

    def watch() -> None:
        # A read of the descriptor itself: the buffered reader's lock would hold up the interpreter's end.
        while os.read(0, 4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(ENDING_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def end_on_terminate() -> None:
    def stop(_signal: int, _frame: object) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)


def serve(engine: Engine, hello: dict, address: str, until_input_ends: bool = False) -> None:
    """Listens until the process is told to end. @raises Refusal"""
    end_on_terminate()
    listener = listen(address)
    if until_input_ends:
        end_with_input()
    print(f"listening at {address}", file=sys.stderr, flush=True)
    try:
        while True:
            stream, _ = listener.accept()
            if stream.family == socket.AF_INET:
                stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            Worker(engine, hello, stream).serve()
    finally:
        listener.close()
        if address.startswith("unix:") and os.path.lexists(address[5:]):
            os.unlink(address[5:])
