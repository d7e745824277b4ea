"""Devices that make trouble within the rules: connections that break, sessions that are forgotten, second connections, handovers, and a
fuzzer that sends whatever the page allows. All from a seed."""

import random
from collections import Counter
from collections.abc import Sequence

import websocket
from frames import Message
from turn import IN_WINDOWS, EdgeAddress, Link, Request, Turn
from websocket import ClosedError


class RestlessTurn(Turn):
    """@param disturbances how many times a connection is broken, doubled or handed over; fewer if the text ends before"""

    def __init__(
        self, request: Request, edges: Sequence[EdgeAddress], rng: random.Random, disturbances: int, rate: float = 0.5
    ) -> None:
        super().__init__(request, edges, rng)
        self.left = disturbances
        self.rate = rate
        self.done: Counter[str] = Counter()

    def take(self, link: Link, m: Message) -> None:
        super().take(link, m)
        is_idle = m["kind"] != "commit" or self.left == 0 or self.end is not None or link not in self.links
        if is_idle or self.rng.random() > self.rate:
            return
        self.left -= 1
        ways = ["cut", "cut", "half a frame", "closed", "forgotten"]
        if len(self.links) == 1:
            ways += ["doubled"] if len(self.edges) == 1 else ["handed over"] * 5
        self.disturb(link, self.rng.choice(ways))

    def disturb(self, link: Link, way: str) -> None:
        self.done[way] += 1
        if way == "doubled":
            self.spawn(self.connect(link.known))
            return
        if way == "handed over":
            self.spawn(self.connect(next(known for known in self.edges if known is not link.known)))
            return
        if way == "forgotten":
            link.send({"kind": "bye"})
        elif way == "closed":
            link.socket.post(b"\x03\xe8", websocket.CLOSE)
        elif way == "half a frame":
            link.socket.writer.write(bytes([0x82, 0xFF, 0, 0, 0, 0, 0, 0, 1]))
        raise ClosedError(0, way)

    def hand_off(self, link: Link, is_other_edge: bool) -> None:
        """Without a `bye` the first edge keeps the session, and the device may come back to it."""
        if is_other_edge and self.rng.random() < 0.5:
            self.links.remove(link)
            if link.reading is not None:
                link.reading.cancel()
            link.socket.cut()
        else:
            super().hand_off(link, is_other_edge)


class FuzzTurn(RestlessTurn):
    """Branches that start anywhere, half true and half lies, late drafts, attaches with less text than it has, fragments, pings."""

    def __init__(self, *given, truth: Sequence[int], **named) -> None:
        super().__init__(*given, **named)
        self.truth = truth
        self.lies = self.rng.random() * 0.5

    def opening_length(self) -> int:
        return self._less(len(self.text))

    def resume_length(self, held: int) -> int:
        return self._less(held)

    def _less(self, length: int) -> int:
        return self.rng.randint(self.prompt_length, length) if self.rng.random() < 0.4 else length

    def attach(self, link: Link) -> None:
        # An `open` may replace a session that could be resumed.
        if self.rng.random() < 0.2:
            link.known.held = None
        super().attach(link)

    def may_draft(self) -> bool:
        return False

    def pump(self) -> None:
        link = self.main
        if link is None or not link.is_attached or self.end is not None:
            return
        for _ in range(self.rng.randrange(4)):
            link.pieces = self.rng.randint(1, 3)
            self.act(link)
        link.pieces = 1
        if self.request.mode in IN_WINDOWS:
            link.send({"kind": "verify", "length": link.received})
        self.acknowledge(link)

    def act(self, link: Link) -> None:
        chance = self.rng.random()
        if chance < 0.45 or link.codec.branch not in link.branches:
            is_known = self.rng.random() < 0.6
            first = link.received if is_known else self.rng.randint(self.prompt_length, link.received)
            self.send_some(link, first, True)
        elif chance < 0.75:
            self.send_some(link, link.branches[link.codec.branch].end, False)
        elif chance < 0.85:
            link.send({"kind": "ack", "length": self.rng.randint(link.codec.acknowledged, link.received)})
        elif chance < 0.92:
            link.send({"kind": "verify", "length": self.rng.randint(link.codec.acknowledged, link.received)})
        elif chance < 0.96:
            link.send({"kind": "ping", "stamp": 0})
        else:
            link.socket.post(b"still there?", websocket.PING)

    def send_some(self, link: Link, first: int, is_new: bool) -> None:
        count = min(self.rng.choice([1, 2, 5, 12, 70]), link.received + self.request.max_ahead - first)
        if count > 0:
            link.send_drafts(first, [self.guess(first + index) for index in range(count)], is_new)

    def guess(self, position: int) -> int:
        if position < len(self.truth) and self.rng.random() >= self.lies:
            return self.truth[position]
        return self.rng.randrange(self.vocabulary_size)
