"""What docs/internals/protocol.md says an edge does, asked of a real edge one rule at a time."""

import asyncio
import random

import frames
import token_choice
import websocket
from frames import Codec, Message
from report import Report
from turn import EdgeAddress
from websocket import ClosedError, HandshakeRefusedError, WebSocket

PROMPT = [1, 300, 20_000]
LENGTH = len(PROMPT)


class Probe:
    """One connection, by hand."""

    def __init__(self, address: EdgeAddress, socket: WebSocket, hello: Message, codec: Codec) -> None:
        self.address = address
        self.socket = socket
        self.hello = hello
        self.codec = codec
        self.lengths: list[int] = []

    @staticmethod
    async def connect(address: EdgeAddress) -> "Probe":
        socket = await websocket.connect(address.url, frames.SUBPROTOCOL, address.authority)
        codec = Codec("device")
        return Probe(address, socket, codec.decode(await socket.receive()), codec)

    def send(self, m: Message) -> "Probe":
        self.socket.post(self.codec.encode(m))
        return self

    def open(self, session: bytes, attempt: int = 1, **changes: object) -> "Probe":
        identity = {"version": 3, "credentials": self.address.credentials, "padding": 0, "session": session}
        turn = {
            "conversation": bytes(16),
            "namespace": bytes(16),
            "attempt": attempt,
            "tokenizerHash": self.hello["tokenizerHash"],
            "mode": "ar",
        }
        limits = {"stopStrings": [], "maxAnswerTokens": 20, "flowControlWindow": 64, "maxAhead": 24, "promptLogprobs": None}
        text = {"sampling": dict(token_choice.NEUTRAL), "prompt": PROMPT, "answer": []}
        return self.send({"kind": "open", **identity, **turn, **limits, **text, **changes})

    def resume(self, session: bytes, attempt: int, length: int, **changes: object) -> "Probe":
        identity = {"version": 3, "credentials": self.address.credentials, "padding": 0, "session": session}
        return self.send({"kind": "resume", **identity, "attempt": attempt, "length": length, **changes})

    async def next(self) -> Message:
        """The next message but pings and `held`; a close is `closed` with its reason."""
        try:
            async with asyncio.timeout(20):
                while True:
                    frame = await self.socket.receive()
                    self.lengths.append(len(frame))
                    m = self.codec.decode(frame)
                    if m["kind"] not in ("ping", "held"):
                        return m
        except ClosedError as closed:
            return {"kind": "closed", "status": closed.status, "reason": closed.reason}

    async def until(self, *kinds: str) -> Message:
        """The first message of one of these kinds, or the close."""
        while True:
            m = await self.next()
            if m["kind"] in (*kinds, "closed"):
                return m


class Rules:
    """@param plain an edge without keys @param keyed one with keys, one place and no draft model @param other the same with another key"""

    def __init__(
        self, plain: EdgeAddress, keyed: EdgeAddress, other: EdgeAddress, rng: random.Random, report: Report
    ) -> None:
        self.plain = plain
        self.keyed = keyed
        self.other = other
        self.rng = rng
        self.report = report

    def session(self) -> bytes:
        return self.rng.randbytes(16)

    def expect(self, rule: str, m: Message, **wanted: object) -> None:
        is_right = all(m.get(name) == value for name, value in wanted.items())
        self.report.check(f"rule: {rule}", is_right, f"{m}, expected {wanted}")

    def expect_closed(self, rule: str, m: Message, code: str) -> None:
        is_right = m["kind"] == "closed" and m["status"] >= 4000 and m["reason"].split(" ")[0] == code
        self.report.check(f"rule: {rule}", is_right, str(m))

    async def refused(self, rule: str, probe: Probe, code: str, *, writes: bool = False) -> None:
        """A refusal, and a close with the same code. @param writes the edge may have sent text before it read what it refuses"""
        kinds = ("refused", "gone") if writes else ("refused", "commit", "end", "gone")
        self.expect(rule, await probe.until(*kinds), kind="refused", code=code)
        self.expect_closed(f"{rule}, and closes", await probe.until(), code)

    async def check(self) -> None:
        checks = [getattr(self, name) for name in dir(self) if name.startswith("check_")]
        for check in checks:
            await check()

    async def check_handshake(self) -> None:
        for subprotocol, headers, status, code in (
            (None, (), 400, "version-mismatch"),
            ("outrider.2", (), 400, "version-mismatch"),
            ("outrider.4", (), 400, "version-mismatch"),
            (frames.SUBPROTOCOL, ("Origin: https://page.example",), 403, "unauthorized"),
        ):
            try:
                await websocket.connect(self.plain.url, subprotocol, headers=headers)
                got = (101, "")
            except HandshakeRefusedError as error:
                got = (error.status, error.body.split(":")[0])
            self.report.check(f"rule: handshake {subprotocol} {headers}", got == (status, code), str(got))

    async def check_path(self) -> None:
        probe = await Probe.connect(EdgeAddress(self.plain.url + "/any/path"))
        self.expect("hello comes first, on any path", probe.hello, kind="hello", version=3)
        probe.socket.cut()

    async def check_websocket(self) -> None:
        probe = await Probe.connect(self.plain)
        probe.socket.post(b"text", websocket.TEXT)
        self.expect_closed("a text message", await probe.until(), "protocol-error")
        probe = await Probe.connect(self.plain)
        probe.socket.post(bytes(1_048_577))
        self.expect("a message above every limit", await probe.until(), kind="closed", status=1009)
        probe = (await Probe.connect(self.plain)).open(self.session())
        probe.socket.post(b"there?", websocket.PING)
        await probe.until("end")
        self.report.check("rule: a WebSocket ping is answered", probe.socket.pongs == 1)
        probe.socket.cut()

    async def check_versions(self) -> None:
        for version in (1, 2, 2**53 - 1):
            for kind in (1, 2):
                probe = await Probe.connect(self.plain)
                probe.socket.post(bytes([kind]) + frames.varint(version) + b"\xff\xff")
                await self.refused(f"attach {kind} of version {version}", probe, "version-mismatch")

    async def check_openings(self) -> None:
        for code, changes in (
            ("tokenizer-mismatch", {"tokenizerHash": bytes(32)}),
            ("bad-argument", {"sampling": {**token_choice.NEUTRAL, "temperature": 11.0}}),
            ("context-full", {"prompt": [5] * 3000}),
            ("protocol-error", {"prompt": [4_000_000]}),
            ("protocol-error", {"prompt": []}),
            ("protocol-error", {"flowControlWindow": 15}),
            ("protocol-error", {"maxAhead": 513}),
            ("protocol-error", {"padding": 1025}),
        ):
            probe = (await Probe.connect(self.plain)).open(self.session(), **changes)
            await self.refused(f"open with {next(iter(changes))}", probe, code)
        probe = (await Probe.connect(self.keyed)).open(self.session(), mode="edge-sd")
        await self.refused("a mode that needs a draft model on the edge", probe, "bad-argument")

    async def check_keys(self) -> None:
        session = self.session()
        first = (await Probe.connect(self.keyed)).open(session)
        self.expect("a key that the edge knows", await first.next(), kind="commit", first=LENGTH)
        for credentials in ("", "a key that nobody has"):
            probe = (await Probe.connect(self.keyed)).resume(session, 2, LENGTH, credentials=credentials)
            await self.refused("resume with a wrong key", probe, "unauthorized")
        probe = (await Probe.connect(self.other)).resume(session, 2**53 - 1, LENGTH)
        self.expect("resume of another key's session", await probe.next(), kind="gone")
        probe.socket.cut()
        first.socket.cut()
        again = (await Probe.connect(self.keyed)).resume(session, 2, LENGTH)
        self.expect("and its owner still has it", await again.next(), kind="commit", first=LENGTH)
        again.send({"kind": "bye"})
        await again.socket.close()

    async def check_places(self) -> None:
        """In mode sd nothing is written before it is asked for, so the first one keeps the only place."""
        first = (await Probe.connect(self.keyed)).open(self.session(), mode="sd")
        first.send({"kind": "ping", "stamp": 1})
        self.expect("a place at once", await first.next(), kind="pong")
        second = (await Probe.connect(self.keyed)).open(self.session())
        self.expect("the next one waits", await second.next(), kind="queued", ahead=0)
        third = (await Probe.connect(self.keyed)).open(self.session())
        self.expect("and the one after it", await third.next(), kind="queued", ahead=1)
        first.send({"kind": "bye"})
        self.expect(
            "a place that is free is given", await second.until("commit", "refused"), kind="commit", first=LENGTH
        )
        second.send({"kind": "bye"})
        self.expect("and the next one too", await third.until("commit", "refused"), kind="commit", first=LENGTH)
        third.send({"kind": "bye"})
        for probe in (first, second, third):
            await probe.socket.close()

    async def check_attempts(self) -> None:
        session = self.session()
        first = (await Probe.connect(self.plain)).open(session, 5)
        end = await first.until("end")
        late = (await Probe.connect(self.plain)).resume(session, 5, LENGTH)
        await self.refused("an attempt that is not larger", late, "superseded")
        probe = (await Probe.connect(self.plain)).resume(session, 6, end["length"] + 1)
        self.expect("resume beyond the edge's text", await probe.next(), kind="gone")
        self.expect_closed("an attach supersedes the older connection", await first.until(), "superseded")
        probe.open(session, 6)
        await self.refused("a resume that got gone has used its attempt", probe, "superseded")
        probe = (await Probe.connect(self.plain)).resume(session, 7, LENGTH - 1)
        self.expect("resume below the prompt", await probe.next(), kind="gone")
        probe.open(session, 8)
        self.expect("open after gone on the same connection", await probe.next(), kind="commit", first=LENGTH)
        probe.open(session, 9)
        await self.refused("a second open", probe, "protocol-error", writes=True)

    async def check_forgotten(self) -> None:
        session = self.session()
        probe = (await Probe.connect(self.plain)).resume(session, 1, LENGTH)
        self.expect("resume of a session that nobody opened", await probe.next(), kind="gone")
        probe.open(session, 2)
        end = await probe.until("end")
        probe.socket.cut()
        probe = (await Probe.connect(self.plain)).resume(session, 3, end["length"])
        self.expect("the end comes again", await probe.next(), kind="end", length=end["length"], reason=end["reason"])
        probe.send({"kind": "bye"})
        await probe.socket.close()
        probe = (await Probe.connect(self.plain)).resume(session, 4, end["length"])
        self.expect("bye forgets the session", await probe.next(), kind="gone")
        probe.socket.cut()

    async def check_complete_opening(self) -> None:
        whole, probe = [], (await Probe.connect(self.plain)).open(self.session())
        while (m := await probe.next())["kind"] == "commit":
            whole += m["tokens"]
        probe.send({"kind": "bye"})
        probe = (await Probe.connect(self.plain)).open(self.session(), answer=whole)
        m = await probe.next()
        self.expect("open of a complete answer", m, kind="end", length=LENGTH + len(whole))
        self.report.check("rule: and without a step", m.get("account", {}).get("steps") == 0, str(m))
        probe.send({"kind": "bye"})
        probe = (await Probe.connect(self.plain)).open(self.session(), answer=[*whole, 5])
        self.expect_closed(
            "an answer that continues after its end", await probe.until("end", "commit"), "protocol-error"
        )

    async def check_violations(self) -> None:
        """In mode sd nothing is written before it is asked for. The session may be resumed each time."""
        session, attempt = self.session(), 1

        def draft(first: int, tokens: list[int]) -> Message:
            return {"kind": "draft", "branch": 1, "first": first, "tokens": tokens}

        probe = (await Probe.connect(self.plain)).open(session, mode="sd")
        for what, m in (
            ("an ack above the text", {"kind": "ack", "length": LENGTH + 1}),
            ("a verify above the text", {"kind": "verify", "length": LENGTH + 1}),
            ("a branch that starts beyond the text", draft(LENGTH + 1, [5])),
            ("a branch that starts in the prompt", draft(LENGTH - 1, [5])),
            ("an id beyond the vocabulary", draft(LENGTH, [4_000_000])),
            ("a draft beyond maxAhead", draft(LENGTH, [5] * 25)),
        ):
            probe.send(m)
            self.expect_closed(what, await probe.until("refused"), "protocol-error")
            attempt += 1
            probe = (await Probe.connect(self.plain)).resume(session, attempt, LENGTH)
        # With flag 0 the same bytes would go on with the branch.
        probe.send(draft(LENGTH, [5]))
        probe.socket.post(b"\x10\x02\x01\x05")
        await self.refused("a draft with flag 2", probe, "protocol-error")

    async def check_verdicts(self) -> None:
        """Drafts and requests are lost with their connection; the device repeats them."""
        session = self.session()
        probe = (await Probe.connect(self.plain)).open(session, mode="sd")
        probe.send({"kind": "draft", "branch": 1, "first": LENGTH, "tokens": [5]})
        probe.send({"kind": "ping", "stamp": 7})
        self.expect("no verify, no step", await probe.next(), kind="pong", stamp=7)
        probe.send({"kind": "verify", "length": LENGTH})
        m = await probe.next()
        self.expect("a verdict", m, kind="commit", first=LENGTH)
        # A request that is late, for text that the edge has gone beyond, waits for drafts; the attach forgets it.
        held = LENGTH + m["accepted"] + len(m["tokens"])
        probe.send({"kind": "verify", "length": LENGTH}).send({"kind": "ping", "stamp": 8})
        self.expect("a late verify, no step", await probe.next(), kind="pong", stamp=8)
        probe.socket.cut()
        probe = (await Probe.connect(self.plain)).resume(session, 2, held)
        probe.send({"kind": "draft", "branch": 1, "first": held, "tokens": [5]})
        await asyncio.sleep(0.3)
        probe.send({"kind": "ping", "stamp": 9})
        self.expect("requests are lost with their connection", await probe.next(), kind="pong", stamp=9)
        probe.send({"kind": "verify", "length": held})
        self.expect("and made again", await probe.next(), kind="commit", first=held)
        probe.send({"kind": "bye"})
        await probe.socket.close()

    async def check_padding(self) -> None:
        probe = (await Probe.connect(self.plain)).open(self.session(), padding=48)
        while (await probe.next())["kind"] not in ("end", "closed"):
            pass
        lengths = probe.lengths
        is_padded = len(lengths) > 3 and all(length % 48 == 0 for length in lengths)
        self.report.check("rule: padded frames", is_padded, str(lengths))
        probe.send({"kind": "bye"})
        await probe.socket.close()
