"""The frames of docs/internals/protocol.md, for both ends of a connection. A message is a dictionary with a `kind`, its fields named as on the page."""

import struct
from collections.abc import Callable, Mapping, Sequence

from asked import plus_one, read_asked, read_plus_one, read_scores, varint, write_asked, write_scores

VERSION = 3
SUBPROTOCOL = f"outrider.{VERSION}"
MODES = ("ar", "stream", "sd", "psd", "psd-lockstep", "edge-sd", "mix")
END_REASONS = ("end-token", "stop-string", "length", "context-full")
ACCOUNT = ("steps", "draftRows", "acceptedRows", "edgeDraftRows", "acceptedEdgeDraftRows")
PENALTIES = ("presencePenalty", "frequencyPenalty", "repetitionPenalty")
MAX_ID = 4_194_303
MAX_TEXT = 262_144
MAX_WHOLE = 2**53 - 1
HOUR_US = 3_600_000_000

Message = dict


class MalformedError(Exception):
    """Bytes that are no frame of the page."""


def signed(value: int) -> bytes:
    return varint(2 * value if value >= 0 else -2 * value - 1)


def text(value: str) -> bytes:
    encoded = value.encode()
    return varint(len(encoded)) + encoded


def float64(value: float) -> bytes:
    return struct.pack("<d", value)


def varints(values: Sequence[int]) -> bytes:
    return b"".join(map(varint, values))


class Reader:
    def __init__(self, frame: bytes) -> None:
        self.frame = frame
        self.at = 0

    def take(self, count: int) -> bytes:
        if self.at + count > len(self.frame):
            raise MalformedError("a frame is shorter than its fields")
        self.at += count
        return self.frame[self.at - count : self.at]

    def byte(self) -> int:
        return self.take(1)[0]

    def varint(self, most: int = MAX_WHOLE) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
            if shift > 49:
                raise MalformedError("a varint is too long")
        if shift > 0 and byte == 0:
            raise MalformedError("a varint has superfluous bytes")
        if value > most:
            raise MalformedError(f"{value} is above {most}")
        return value

    def signed(self) -> int:
        value = self.varint()
        return value // 2 if value % 2 == 0 else -(value + 1) // 2

    def text(self, most: int = 1024) -> str:
        try:
            return self.take(self.varint(most)).decode()
        except UnicodeDecodeError as error:
            raise MalformedError("a text is not UTF-8") from error

    def float64(self) -> float:
        return struct.unpack("<d", self.take(8))[0]

    def ids(self, count: int) -> list[int]:
        return [self.varint(MAX_ID) for _ in range(count)]

    def rest(self) -> int:
        return len(self.frame) - self.at

    def end(self, padding: int) -> None:
        rest = self.frame[self.at :]
        if len(rest) > max(0, padding - 1) or any(rest):
            raise MalformedError(f"{len(rest)} bytes follow the fields of a frame")


def write_sampling(sampling: Mapping) -> bytes:
    out = float64(sampling["temperature"]) + varint(sampling["topK"]) + float64(sampling["topP"])
    out += float64(sampling["minP"]) + b"".join(float64(sampling[name]) for name in PENALTIES)
    out += varint(len(sampling["logitBias"]))
    out += b"".join(varint(token) + float64(bias) for token, bias in sampling["logitBias"])
    return out + struct.pack("<Q", sampling["seed"])


def read_sampling(reader: Reader) -> dict:
    sampling = {"temperature": reader.float64(), "topK": reader.varint(), "topP": reader.float64()}
    sampling["minP"] = reader.float64()
    sampling.update({name: reader.float64() for name in PENALTIES})
    sampling["logitBias"] = [(reader.varint(MAX_ID), reader.float64()) for _ in range(reader.varint(300))]
    sampling["seed"] = struct.unpack("<Q", reader.take(8))[0]
    return sampling


def read_name(reader: Reader, names: Sequence[str]) -> str:
    number = reader.byte()
    if number >= len(names):
        raise MalformedError(f"{number} is none of {', '.join(names)}")
    return names[number]


def write_open(m: Message) -> bytes:
    out = b"\x01" + varint(m["version"]) + text(m["credentials"]) + varint(m["padding"])
    out += m["session"] + m["conversation"] + m["namespace"]
    out += varint(m["attempt"]) + m["tokenizerHash"]
    out += bytes([MODES.index(m["mode"])]) + write_sampling(m["sampling"])
    out += varint(len(m["stopStrings"])) + b"".join(map(text, m["stopStrings"]))
    out += varint(m["maxAnswerTokens"]) + varint(m["flowControlWindow"]) + varint(m["maxAhead"])
    out += plus_one(m["promptLogprobs"])
    out += varint(len(m["prompt"])) + varint(len(m["answer"])) + varints(m["prompt"]) + varints(m["answer"])
    return out + write_asked(m)


def read_open(reader: Reader) -> Message:
    m: Message = {
        "kind": "open",
        "version": reader.varint(),
        "credentials": reader.text(),
        "padding": reader.varint(1024),
    }
    m.update(session=reader.take(16), conversation=reader.take(16), namespace=reader.take(16))
    m["attempt"] = reader.varint()
    m.update(tokenizerHash=reader.take(32), mode=read_name(reader, MODES), sampling=read_sampling(reader))
    m["stopStrings"] = [reader.text(64) for _ in range(reader.varint(4))]
    m.update(
        maxAnswerTokens=reader.varint(MAX_TEXT), flowControlWindow=reader.varint(65_536), maxAhead=reader.varint(512)
    )
    m["promptLogprobs"] = read_plus_one(reader)
    prompt, answer = reader.varint(MAX_TEXT), reader.varint(MAX_TEXT)
    m.update(prompt=reader.ids(prompt), answer=reader.ids(answer))
    # The zeros of a padded frame ask for nothing.
    return m if m["padding"] > 0 else {**m, **read_asked(reader)}


def write_resume(m: Message) -> bytes:
    out = b"\x02" + varint(m["version"]) + text(m["credentials"]) + varint(m["padding"])
    return out + m["session"] + varint(m["attempt"]) + varint(m["length"])


def read_resume(reader: Reader) -> Message:
    m: Message = {
        "kind": "resume",
        "version": reader.varint(),
        "credentials": reader.text(),
        "padding": reader.varint(1024),
    }
    m.update(session=reader.take(16), attempt=reader.varint(), length=reader.varint(MAX_TEXT))
    return m


def write_hello(m: Message) -> bytes:
    out = b"\x41" + varint(m["version"]) + text(m["model"]) + text(m["fingerprint"]) + m["tokenizerHash"]
    out += varint(m["vocabularySize"]) + varint(m["contextLength"])
    return out + varints([*m["stepUs"], m["edgeDraftUs"]])


def read_hello(reader: Reader) -> Message:
    m: Message = {
        "kind": "hello",
        "version": reader.varint(MAX_ID),
        "model": reader.text(),
        "fingerprint": reader.text(),
    }
    m.update(tokenizerHash=reader.take(32), vocabularySize=reader.varint(MAX_ID + 1))
    m.update(contextLength=reader.varint(MAX_TEXT), stepUs=[reader.varint(HOUR_US) for _ in range(8)])
    m["edgeDraftUs"] = reader.varint(HOUR_US)
    return m


def write_end(m: Message) -> bytes:
    counts = [m["account"][name] for name in ACCOUNT]
    return b"\x44" + bytes([END_REASONS.index(m["reason"])]) + varint(m["length"]) + varints(counts)


def read_end(reader: Reader) -> Message:
    reason = read_name(reader, END_REASONS)
    length = reader.varint(MAX_TEXT)
    account = {name: reader.varint() for name in ACCOUNT}
    return {"kind": "end", "reason": reason, "length": length, "account": account}


def write_prompt_scored(m: Message) -> bytes:
    return b"\x4a" + varint(m["first"]) + varint(len(m["logprobs"])) + write_scores(m["logprobs"])


def read_prompt_scored(reader: Reader) -> Message:
    first, count = reader.varint(MAX_TEXT), reader.varint(1024)
    if first == 0 or count == 0:
        raise MalformedError("logprobs of no token, or of the first one")
    return {"kind": "prompt-scored", "first": first, "logprobs": read_scores(reader, count)}


def write_refused(m: Message) -> bytes:
    return b"\x43" + text(m["code"]) + text(m["cause"]) + text(m["remedy"])


def read_refused(reader: Reader) -> Message:
    return {"kind": "refused", "code": reader.text(), "cause": reader.text(), "remedy": reader.text()}


PLAIN_KINDS: Mapping[int, tuple[str, tuple[str, ...]]] = {
    0x04: ("bye", ()),
    0x05: ("ping", ("stamp",)),
    0x06: ("pong", ("stamp",)),
    0x42: ("gone", ()),
    0x46: ("queued", ("ahead",)),
    0x47: ("leaving", ()),
    0x49: ("held", ("tokens",)),
}
PLAIN_HEADS = {kind: (head, fields) for head, (kind, fields) in PLAIN_KINDS.items()}
WRITERS: Mapping[str, Callable[[Message], bytes]] = {
    "open": write_open,
    "resume": write_resume,
    "hello": write_hello,
    "end": write_end,
    "refused": write_refused,
    "prompt-scored": write_prompt_scored,
}
READERS: Mapping[int, Callable[[Reader], Message]] = {
    0x01: read_open,
    0x02: read_resume,
    0x41: read_hello,
    0x43: read_refused,
    0x44: read_end,
    0x4A: read_prompt_scored,
}
DEVICE_HEADS = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x10, 0x11, 0x12, *range(0x21, 0x40)}
EDGE_HEADS = {0x05, 0x06, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4A}


class Codec:
    """One end of one connection: writes the messages of one side and reads those of the other."""

    def __init__(self, side: str) -> None:
        self.is_device = side == "device"
        self.branch = self.newest = 0
        self.alternative = self.alternative_end = 0
        self.committed_branch = 0
        self.padding = 0
        self._start_at(0)

    def _start_at(self, length: int) -> None:
        self.branch_start = self.draft_position = self.acknowledged = self.committed_end = length

    def encode(self, m: Message) -> bytes:
        frame = self._write(m)
        self._note(m)
        if self.padding > 0:
            frame += bytes(-len(frame) % self.padding)
        return frame

    def decode(self, frame: bytes) -> Message:
        reader = Reader(frame)
        head = reader.byte()
        m = self._read_edge(reader, head) if self.is_device else self._read_device(reader, head)
        self._note(m)
        reader.end(self.padding)
        return m

    def _note(self, m: Message) -> None:
        """The numbers that both ends keep."""
        kind = m["kind"]
        if kind == "open":
            self.padding = m["padding"]
            self._start_at(len(m["prompt"]) + len(m["answer"]))
        elif kind == "resume":
            self.padding = m["padding"]
            self._start_at(m["length"])
        elif kind in ("ack", "verify"):
            self.acknowledged = m["length"]
        elif kind == "alternative":
            self.newest = max(self.newest, m["branch"])
            self.alternative, self.alternative_end = m["branch"], m["first"] + len(m["tokens"])
        elif kind == "draft":
            if m["branch"] > self.newest:
                self.branch_start = m["first"]
            self.branch = m["branch"]
            self.newest = max(self.newest, self.branch)
            self.draft_position = m["first"] + len(m["tokens"])
        elif kind == "commit":
            if m["accepted"] > 0:
                self.committed_branch = m["branch"]
            self.committed_end = m["first"] + m["accepted"] + len(m["tokens"])

    def _write(self, m: Message) -> bytes:
        kind = m["kind"]
        if kind in WRITERS:
            return WRITERS[kind](m)
        if kind in PLAIN_HEADS:
            head, fields = PLAIN_HEADS[kind]
            return bytes([head]) + varints([m[field] for field in fields])
        if kind in ("ack", "verify"):
            return bytes([0x03 if kind == "ack" else 0x07]) + varint(m["length"] - self.acknowledged)
        if kind == "alternative":
            return self._write_alternative(m)
        return self._write_draft(m) if kind == "draft" else self._write_commit(m)

    def _write_draft(self, m: Message) -> bytes:
        is_new = m["branch"] > self.newest
        tokens = m["tokens"]
        if not is_new and m["branch"] > self.branch:
            return b"\x10\x02" + varint(len(tokens)) + self._which(m) + varints(tokens)
        start = signed(m["first"] - self.branch_start) if is_new else b""
        if not is_new and m["first"] != self.draft_position:
            raise ValueError("a gap between drafts")
        if len(tokens) <= 63:
            return bytes([(0xC0 if is_new else 0x80) + len(tokens)]) + start + varints(tokens)
        return bytes([0x10, int(is_new)]) + varint(len(tokens)) + start + varints(tokens)

    def _which(self, m: Message) -> bytes:
        return varint(self.newest - m["branch"]) + signed(m["first"] - self.draft_position)

    def _write_alternative(self, m: Message) -> bytes:
        tokens = m["tokens"]
        if m["branch"] == self.alternative and m["first"] == self.alternative_end and len(tokens) <= 31:
            return bytes([0x20 + len(tokens)]) + varints(tokens)
        is_new = m["branch"] > self.newest
        start = b"\x11" + varint(self.draft_position - m["first"]) if is_new else b"\x12" + self._which(m)
        return start + varint(len(tokens)) + varints(tokens)

    def _write_commit(self, m: Message) -> bytes:
        accepted, tokens = m["accepted"], m["tokens"]
        step = m["branch"] - self.committed_branch if accepted > 0 else 0
        is_next = m["first"] == self.committed_end and accepted <= 31 and step in (0, 1)
        logprobs = m.get("logprobs")
        if logprobs is None and is_next and len(tokens) <= 1 and accepted + len(tokens) > 0:
            return bytes([(0x80 if tokens else 0xC0) + 0x20 * step + accepted]) + varints(tokens)
        branch = signed(step) if accepted > 0 else b""
        first = signed(m["first"] - self.committed_end)
        out = first + varint(accepted) + branch + varint(len(tokens)) + varints(tokens)
        return b"\x45" + out if logprobs is None else b"\x48" + out + write_scores(logprobs)

    def _read_device(self, reader: Reader, head: int) -> Message:
        if head < 0x80 and head not in DEVICE_HEADS:
            raise MalformedError(f"a frame of kind {head}")
        if head in (0x03, 0x07):
            return {"kind": "ack" if head == 0x03 else "verify", "length": self.acknowledged + reader.varint(MAX_TEXT)}
        if head >= 0x80 or head == 0x10:
            return self._read_draft(reader, head)
        if head in (0x11, 0x12) or head > 0x20:
            return self._read_alternative(reader, head)
        return self._read_shared(reader, head)

    def _read_edge(self, reader: Reader, head: int) -> Message:
        if head < 0x80 and head not in EDGE_HEADS:
            raise MalformedError(f"a frame of kind {head}")
        if head >= 0x80 or head in (0x45, 0x48):
            return self._read_commit(reader, head)
        return self._read_shared(reader, head)

    def _read_shared(self, reader: Reader, head: int) -> Message:
        if head in READERS:
            return READERS[head](reader)
        kind, fields = PLAIN_KINDS[head]
        return {"kind": kind, **{field: reader.varint() for field in fields}}

    def _read_draft(self, reader: Reader, head: int) -> Message:
        if head == 0x10:
            flag, count = reader.byte(), reader.varint(512)
            if flag > 2:
                raise MalformedError(f"a flag is {flag}")
            if flag == 2:
                branch, first = self._read_which(reader)
                return {"kind": "draft", "branch": branch, "first": first, "tokens": reader.ids(count)}
        else:
            flag, count = int(head >= 0xC0), head & 0x3F
        if count == 0 or (flag == 0 and self.branch == 0):
            raise MalformedError("drafts without ids, or of no branch")
        first = self.branch_start + reader.signed() if flag == 1 else self.draft_position
        branch = self.newest + 1 if flag == 1 else self.branch
        return {"kind": "draft", "branch": branch, "first": first, "tokens": reader.ids(count)}

    def _read_which(self, reader: Reader) -> tuple[int, int]:
        branch = self.newest - reader.varint(MAX_TEXT)
        if branch <= self.branch:
            raise MalformedError("an alternative of an older branch")
        return branch, self.draft_position + reader.signed()

    def _read_alternative(self, reader: Reader, head: int) -> Message:
        if self.branch == 0:
            raise MalformedError("an alternative of no branch")
        if head == 0x11:
            branch, first = self.newest + 1, self.draft_position - reader.varint(MAX_TEXT)
        elif head == 0x12:
            branch, first = self._read_which(reader)
        else:
            branch, first = self.alternative, self.alternative_end
        count = head & 0x1F if head > 0x20 else reader.varint(32)
        if count == 0 or first < 0 or branch <= self.branch:
            raise MalformedError("an alternative without ids, before the text, or of an older branch")
        return {"kind": "alternative", "branch": branch, "base": self.branch, "first": first, "tokens": reader.ids(count)}

    def _read_commit(self, reader: Reader, head: int) -> Message:
        if head in (0x45, 0x48):
            first = self.committed_end + reader.signed()
            accepted = reader.varint(MAX_TEXT)
            branch = self.committed_branch + reader.signed() if accepted > 0 else 0
            tokens = reader.ids(reader.varint(MAX_TEXT))
        else:
            first, accepted = self.committed_end, head & 0x1F
            branch = self.committed_branch + (head >> 5 & 1) if accepted > 0 else 0
            tokens = reader.ids(0 if head >= 0xC0 else 1)
            if accepted + len(tokens) == 0:
                raise MalformedError("a commit of nothing")
        m = {"kind": "commit", "first": first, "branch": branch, "accepted": accepted, "tokens": tokens}
        return {**m, "logprobs": read_scores(reader, accepted + len(tokens))} if head == 0x48 else m
