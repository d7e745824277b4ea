"""A device for docs/internals/protocol.md: one answer over one or more connections, in every mode, with attaches, branches, acknowledgements,
verdicts, pings and handovers. It trusts no edge: what a rule forbids an edge to send is a ViolationError."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import frames
import websocket
from frames import Codec, Message
from websocket import ClosedError, WebSocket

# The token that follows these, or None: no proposal.
Drafter = Callable[[Sequence[int]], int | None]

WITHOUT_DRAFTS = ("ar", "edge-sd")
IN_WINDOWS = ("sd", "psd", "psd-lockstep")

PING_S = 4.0
SILENCE_S = 15.0


class ViolationError(Exception):
    """The edge broke a rule of the page."""


class RefusedError(Exception):
    def __init__(self, message: Message) -> None:
        super().__init__(f"{message['code']}: {message['cause']}")
        self.code = message["code"]


def no_drafts(_text: Sequence[int]) -> None:
    return None


@dataclass
class EdgeAddress:
    url: str
    credentials: str = ""
    # For wss: the certificate to trust.
    authority: str | None = None


@dataclass
class Request:
    prompt: list[int]
    sampling: dict
    mode: str
    max_answer_tokens: int
    drafter: Drafter = no_drafts
    stop_strings: list[str] = field(default_factory=list)
    flow_control_window: int = 256
    max_ahead: int = 24
    draft_length: int = 4
    draft_s: float = 0.0
    padding: int = 0


@dataclass
class Known:
    """What the device knows of one edge; it outlives connections."""

    address: EdgeAddress
    attempt: int = 0
    # The length that the edge has for certain; None: it must be opened.
    held: int | None = None


@dataclass
class Branch:
    start: int
    tokens: list[int]

    @property
    def end(self) -> int:
        return self.start + len(self.tokens)


class Link:
    """One connection."""

    def __init__(self, known: Known, socket: WebSocket) -> None:
        self.known = known
        self.socket = socket
        self.codec = Codec("device")
        self.hello: Message | None = None
        self.is_attached = False
        self.was_opened = False
        self.attempt = 0
        # Fragments of the next message.
        self.pieces = 1
        # The end of the text that this connection has carried.
        self.received = 0
        self.branches: dict[int, Branch] = {}
        self.is_extendable = False
        self.heard = self.said = time.monotonic()
        self.reading: asyncio.Task | None = None

    def send(self, message: Message) -> None:
        self.said = time.monotonic()
        self.socket.post(self.codec.encode(message), pieces=self.pieces)

    def newest_branch(self) -> Branch | None:
        branch = self.branches.get(self.codec.branch) if self.is_extendable else None
        return branch if branch is not None and branch.end >= self.received else None

    def send_drafts(self, first: int, tokens: list[int], is_new: bool) -> None:
        number = self.codec.branch + int(is_new)
        self.send({"kind": "draft", "branch": number, "first": first, "tokens": tokens})
        if is_new:
            self.branches[number] = Branch(first, [])
        self.branches[number].tokens.extend(tokens)
        self.is_extendable = True


class Turn:
    """@param edges the first one serves; others are for handovers @param rng of ids and pauses, so that a run can be repeated"""

    def __init__(self, request: Request, edges: Sequence[EdgeAddress], rng: random.Random) -> None:
        self.request = request
        self.rng = rng
        self.edges = [Known(address) for address in edges]
        self.session = rng.randbytes(16)
        self.conversation = rng.randbytes(16)
        self.text = list(request.prompt)
        self.prompt_length = len(request.prompt)
        self.tail: list[int] = []
        self.generation = 0
        self.declined_at = -1
        # For each verdict that has not come: the end of the drafts that were sent before the request.
        self.verdicts: list[int] = []
        # Nothing was sent since the start, the last roll-back or the last attach.
        self.is_fresh = True
        self.links: list[Link] = []
        self.main: Link | None = None
        self.tokenizer_hash: bytes | None = None
        self.vocabulary_size = 0
        self.fingerprints: set[str] = set()
        self.end: Message | None = None
        self.counts = {"connections": 0, "gone": 0, "commits": 0, "accepted": 0, "drafts": 0, "frames": 0}
        self.counts |= {"queued": 0, "leaving": 0, "held": 0}
        self.closes: list[str] = []
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task] = set()

    # --- the whole turn

    async def run(self, limit_s: float = 60) -> list[int]:
        """@returns the ids of the answer @raises ViolationError, RefusedError, TimeoutError"""
        self.spawn(self._drafting())
        self.spawn(self._keeping_alive())
        self.spawn(self.connect(self.edges[0]))
        try:
            async with asyncio.timeout(limit_s):
                await self._over
        except TimeoutError as error:
            held = [(link.received, link.is_attached) for link in self.links]
            raise TimeoutError(
                f"at {len(self.text)} tokens, links {held}, waiting for {self.verdicts}, {self.closes[-3:]}"
            ) from error
        finally:
            for link in list(self.links):
                self.spawn(self._leave(link))
            self.links.clear()
            await asyncio.sleep(0)
            for task in list(self._tasks):
                if task.get_name() != "leave":
                    task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        return self.text[self.prompt_length :]

    def spawn(self, work) -> None:
        task = asyncio.create_task(work, name="leave" if work.__name__ == "_leave" else "work")
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.fail(task.exception())

    def fail(self, error: BaseException) -> None:
        if not self._over.done():
            self._over.set_exception(error)

    async def _leave(self, link: Link) -> None:
        """After the end: bye, then a close."""
        if link.reading is not None and not link.reading.done():
            link.reading.cancel()
            await asyncio.gather(link.reading, return_exceptions=True)
        link.send({"kind": "bye"})
        await link.socket.close()

    # --- connections

    async def connect(self, known: Known) -> None:
        pause = 0.0
        while True:
            try:
                address = known.address
                socket = await websocket.connect(address.url, frames.SUBPROTOCOL, address.authority)
                break
            except OSError:
                pause = min(1.0, 2 * pause + 0.02)
                await asyncio.sleep(pause * self.rng.random())
        self.counts["connections"] += 1
        link = Link(known, socket)
        self.links.append(link)
        # Without the hash of the tokenizer the first attach waits for `hello`.
        if self.tokenizer_hash is not None:
            self.attach(link)
        link.reading = asyncio.current_task()
        await self._serve(link)

    async def _serve(self, link: Link) -> None:
        try:
            while self.end is None:
                frame = await link.socket.receive()
                link.heard = time.monotonic()
                # Handed off meanwhile.
                if link not in self.links:
                    return
                self.take(link, link.codec.decode(frame))
        except ClosedError as closed:
            self.closes.append(str(closed))
        except frames.MalformedError as error:
            raise ViolationError(f"a malformed frame: {error}") from error
        if self.end is None and link in self.links:
            self.lose(link)

    def lose(self, link: Link) -> None:
        """The connection is over; without another one the device connects again."""
        self.links.remove(link)
        link.socket.cut()
        if self.main is link:
            self._move_to(next((other for other in self.links if other.is_attached), None))
        if not self.links and self.end is None:
            self.spawn(self.connect(link.known))
        self.pump()

    def _move_to(self, link: Link | None) -> None:
        self.main = link
        self.verdicts = []
        self.is_fresh = True

    def attach(self, link: Link) -> None:
        known = link.known
        known.attempt += 1
        link.attempt = known.attempt
        if known.held is None:
            length = self.opening_length()
            link.send(self._opening(known, length))
        else:
            length = self.resume_length(known.held)
            link.send(self._resume(known, length))
        link.was_opened = known.held is None
        known.held = length
        link.received = length
        link.branches = {}
        link.is_extendable = False
        link.is_attached = True
        if self.main is None or self.main is link:
            self._move_to(link)
        self.pump()

    def opening_length(self) -> int:
        """How much of the text an `open` holds."""
        return len(self.text)

    def resume_length(self, held: int) -> int:
        """A length from which a `resume` continues, at most the one that the edge has."""
        return held

    def _first_fields(self, known: Known) -> Message:
        return {"version": frames.VERSION, "credentials": known.address.credentials, "padding": self.request.padding}

    def _opening(self, known: Known, length: int) -> Message:
        asked = self.request
        return {
            "kind": "open",
            **self._first_fields(known),
            "session": self.session,
            "conversation": self.conversation,
            "namespace": bytes(16),
            "attempt": known.attempt,
            "tokenizerHash": self.tokenizer_hash,
            "mode": asked.mode,
            "sampling": asked.sampling,
            "stopStrings": asked.stop_strings,
            "maxAnswerTokens": asked.max_answer_tokens,
            "flowControlWindow": asked.flow_control_window,
            "maxAhead": asked.max_ahead,
            "promptLogprobs": None,
            "prompt": asked.prompt,
            "answer": self.text[self.prompt_length : length],
        }

    def _resume(self, known: Known, length: int) -> Message:
        identity = {"session": self.session, "attempt": known.attempt, "length": length}
        return {"kind": "resume", **self._first_fields(known), **identity}

    # --- messages

    def take(self, link: Link, m: Message) -> None:
        self.counts["frames"] += 1
        if (m["kind"] == "hello") != (link.hello is None):
            raise ViolationError(f"{m['kind']} out of turn")
        getattr(self, f"_take_{m['kind']}")(link, m)

    def _take_hello(self, link: Link, m: Message) -> None:
        if m["version"] != frames.VERSION or self.tokenizer_hash not in (None, m["tokenizerHash"]):
            raise ViolationError(f"an edge of another protocol or tokenizer: {m}")
        link.hello = m
        self.tokenizer_hash = m["tokenizerHash"]
        self.vocabulary_size = m["vocabularySize"]
        if not link.is_attached:
            self.attach(link)

    def _take_gone(self, link: Link, _m: Message) -> None:
        if link.was_opened:
            raise ViolationError("a session that was just opened is gone")
        self.counts["gone"] += 1
        link.known.held = None
        self.attach(link)

    def _take_held(self, _link: Link, m: Message) -> None:
        if m["tokens"] > len(self.text):
            raise ViolationError(f"more tokens than the text has are held: {m}")
        self.counts["held"] += 1

    def _take_queued(self, _link: Link, _m: Message) -> None:
        self.counts["queued"] += 1

    def _take_leaving(self, _link: Link, _m: Message) -> None:
        self.counts["leaving"] += 1

    def _take_ping(self, link: Link, m: Message) -> None:
        link.send({"kind": "pong", "stamp": m["stamp"]})

    def _take_pong(self, _link: Link, m: Message) -> None:
        if m["stamp"] > time.monotonic() * 1000:
            raise ViolationError("a pong to no ping")

    def _take_refused(self, link: Link, m: Message) -> None:
        # An older connection may learn that a newer one has taken the session over.
        is_outdated = m["code"] == "superseded" and link.attempt < link.known.attempt
        may_return = m["code"] in ("edge-full", "edge-draining") and len(self.text) > self.prompt_length
        if not is_outdated and not may_return:
            raise RefusedError(m)
        self.lose(link)

    def _take_commit(self, link: Link, m: Message) -> None:
        first = m["first"]
        tokens = self._accepted(link, m) + m["tokens"]
        if first != link.received:
            raise ViolationError(f"a commit at {first}, the last one ended at {link.received}")
        if any(token >= self.vocabulary_size for token in tokens):
            raise ViolationError("a commit with an id beyond the vocabulary")
        if first + len(tokens) > self.prompt_length + self.request.max_answer_tokens:
            raise ViolationError("a commit beyond the end")
        shared = min(len(tokens), len(self.text) - first)
        if tokens[:shared] != self.text[first : first + shared]:
            raise ViolationError(f"a commit at {first} that differs from the text")
        self.counts["commits"] += 1
        self.counts["accepted"] += m["accepted"]
        link.received = first + len(tokens)
        link.known.held = max(link.known.held or 0, link.received)
        if tokens[shared:]:
            self.fingerprints.add(link.hello["fingerprint"])
            self._append(tokens[shared:])
        self._settle(link)
        self.pump()

    def _accepted(self, link: Link, m: Message) -> list[int]:
        if m["accepted"] == 0:
            return []
        branch = link.branches.get(m["branch"])
        at = m["first"] - branch.start if branch is not None else -1
        if at < 0 or at + m["accepted"] > len(branch.tokens):
            raise ViolationError(f"a commit accepts drafts that were not sent: {m}")
        return branch.tokens[at : at + m["accepted"]]

    def _append(self, fresh: list[int]) -> None:
        """Compares new text with the tail, and rolls back at the first difference."""
        matched = 0
        while matched < min(len(fresh), len(self.tail)) and fresh[matched] == self.tail[matched]:
            matched += 1
        corrected = len(self.text) + matched
        self.text.extend(fresh)
        if matched in (len(fresh), len(self.tail)):
            self.tail = self.tail[matched:]
            return
        self.tail = []
        self.generation += 1
        self.verdicts = []
        self.is_fresh = True
        for link in self.links:
            branch = link.branches.get(link.codec.branch)
            if branch is not None and branch.end > corrected:
                link.is_extendable = False

    def _settle(self, link: Link) -> None:
        """Verdicts that have come, acknowledgements that are due, a handover that is complete."""
        if self.main is not None:
            self.verdicts = [position for position in self.verdicts if position > self.main.received]
        if len(self.links) > 1 and self.links[-1] is link:
            if self.main is not link:
                self._move_to(link)
            if link.received == len(self.text):
                for other in [other for other in self.links if other is not link]:
                    self.hand_off(other, other.known is not link.known)

    def hand_off(self, link: Link, is_other_edge: bool) -> None:
        if is_other_edge:
            link.known.held = None
        self.links.remove(link)
        self.spawn(self._leave(link))

    def _take_end(self, link: Link, m: Message) -> None:
        if m["length"] < len(self.text) and len(self.links) > 1:
            return
        if m["length"] != len(self.text):
            raise ViolationError(f"an end at {m['length']}, the text is at {len(self.text)}")
        if m["reason"] == "length" and len(self.text) < self.prompt_length + self.request.max_answer_tokens:
            raise ViolationError("an end for the length of a text that is shorter")
        account = m["account"]
        if (
            account["acceptedRows"] > account["draftRows"]
            or account["acceptedEdgeDraftRows"] > account["edgeDraftRows"]
        ):
            raise ViolationError(f"an account that accepts more than was drafted: {account}")
        self.end = m
        if not self._over.done():
            self._over.set_result(None)

    # --- drafts

    def is_exhausted(self) -> bool:
        position = len(self.text) + len(self.tail)
        return self.declined_at == position or position >= self.prompt_length + self.request.max_answer_tokens

    def unsent(self) -> int:
        if self.main is None:
            return len(self.tail)
        branch = self.main.newest_branch()
        first = self.main.received if branch is None else branch.end
        return max(0, min(len(self.text) + len(self.tail) - first, len(self.tail)))

    def may_draft(self) -> bool:
        asked = self.request
        if asked.mode in WITHOUT_DRAFTS or self.is_exhausted() or len(self.tail) >= asked.max_ahead:
            return False
        if asked.mode == "sd":
            return not self.verdicts and len(self.tail) < asked.draft_length
        if asked.mode == "psd-lockstep" and len(self.verdicts) > 1:
            return False
        return asked.mode not in IN_WINDOWS or self.unsent() < self.window_length()

    def window_length(self) -> int:
        """Rule 24: the first window of `psd` includes the draft that was sent at once."""
        length = min(self.request.draft_length, self.request.max_ahead)
        branch = None if self.main is None else self.main.newest_branch()
        is_first = self.request.mode != "sd" and not self.is_fresh and branch is not None and branch.end - branch.start == 1
        return max(1, length - 1) if is_first else length

    def pump(self) -> None:
        """Sends what the mode allows now."""
        link = self.main
        if link is not None and link.is_attached and self.end is None:
            mode = self.request.mode
            if mode in ("stream", "mix"):
                self.send_tail(link)
            elif mode in IN_WINDOWS and self._is_window_complete(mode):
                self.send_tail(link)
                self.request_verdict(link)
            self.acknowledge(link)
        self._wake.set()

    def _is_window_complete(self, mode: str) -> bool:
        length = self.window_length()
        if mode == "sd":
            return not self.verdicts and (len(self.tail) >= length or self.is_exhausted())
        if len(self.verdicts) > (1 if mode == "psd-lockstep" else 0):
            return False
        unsent = self.unsent()
        if unsent > 0:
            return self.is_fresh or self.is_exhausted() or unsent >= length
        return self.is_exhausted() and not self.verdicts

    def send_tail(self, link: Link) -> None:
        """Text of another edge and drafts, no more than `maxAhead` beyond what this edge is known to have."""
        branch = link.newest_branch()
        first = link.received if branch is None else branch.end
        end = min(len(self.text) + len(self.tail), link.received + self.request.max_ahead)
        if first >= end:
            return
        tokens = (self.text[first:] + self.tail if first < len(self.text) else self.tail[first - len(self.text) :])[
            : end - first
        ]
        link.send_drafts(first, tokens, branch is None)
        self.is_fresh = False

    def request_verdict(self, link: Link) -> None:
        branch = link.newest_branch()
        end = link.received if branch is None else branch.end
        link.send({"kind": "verify", "length": link.received})
        self.verdicts.append(max(end, link.received + 1))
        self.is_fresh = False

    def acknowledge(self, link: Link) -> None:
        if link.received - link.codec.acknowledged >= self.request.flow_control_window // 4:
            link.send({"kind": "ack", "length": link.received})

    async def _drafting(self) -> None:
        while self.end is None:
            if not self.may_draft():
                self._wake.clear()
                await self._wake.wait()
                continue
            generation, position = self.generation, len(self.text) + len(self.tail)
            token = self.request.drafter(self.text + self.tail)
            await asyncio.sleep(self.request.draft_s)
            if generation != self.generation or position != len(self.text) + len(self.tail):
                continue
            if token is None:
                self.declined_at = position
            else:
                self.tail.append(token)
                self.counts["drafts"] += 1
            self.pump()

    async def _keeping_alive(self) -> None:
        while True:
            await asyncio.sleep(0.25)
            now = time.monotonic()
            for link in list(self.links):
                if now - link.heard > SILENCE_S:
                    self.lose(link)
                elif now - link.said > PING_S:
                    link.send({"kind": "ping", "stamp": int(now * 1000)})
