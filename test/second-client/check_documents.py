"""Compares this client with what the documents promise: the golden frames of docs/internals/protocol.md, read from the page, and the golden vectors of
docs/internals/token-choice.md, read from the page and from src/core/decoding/golden/."""

import json
import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import frames
import token_choice
from frames import Codec, Message
from report import Report

ROOT = Path(__file__).resolve().parents[2]
HASH = b"\xab" * 32
SESSION = bytes(range(16))
CONVERSATION = bytes(range(0xF0, 0x100))


def commit(first: int, branch: int, accepted: int, tokens: list[int]) -> Message:
    return {"kind": "commit", "first": first, "branch": branch, "accepted": accepted, "tokens": tokens}


def draft(branch: int, first: int, tokens: list[int]) -> Message:
    return {"kind": "draft", "branch": branch, "first": first, "tokens": tokens}


def hello(**changes: object) -> Message:
    steps = [57_700] * 4 + [61_125] * 4
    fields = {"version": 3, "model": "m", "fingerprint": "f", "tokenizerHash": HASH, "vocabularySize": 49_152}
    return {"kind": "hello", **fields, "contextLength": 2048, "stepUs": steps, "edgeDraftUs": 0, **changes}


def opening(**changes: object) -> Message:
    identity = {"version": 3, "credentials": "", "padding": 0, "session": SESSION, "conversation": CONVERSATION}
    identity |= {"namespace": bytes(16)}
    sampling = {**token_choice.NEUTRAL, "temperature": 0.5, "logitBias": [(7, -1.0)], "seed": 42}
    turn = {"attempt": 1, "tokenizerHash": HASH, "mode": "stream", "sampling": sampling, "stopStrings": ["END"]}
    limits = {"maxAnswerTokens": 64, "flowControlWindow": 256, "maxAhead": 24, "promptLogprobs": None}
    return {"kind": "open", **identity, **turn, **limits, "prompt": [1, 300, 20_000], "answer": [5], **changes}


def resume(**changes: object) -> Message:
    fields = {"version": 3, "credentials": "key", "padding": 0, "session": SESSION, "attempt": 2, "length": 8}
    return {"kind": "resume", **fields, **changes}


def alternative(branch: int, base: int, first: int, tokens: list[int]) -> Message:
    return {"kind": "alternative", "branch": branch, "base": base, "first": first, "tokens": tokens}


ACCOUNT = {"steps": 4, "draftRows": 3, "acceptedRows": 2, "edgeDraftRows": 1, "acceptedEdgeDraftRows": 0}

QUARTER = (-0.25, [(10, -0.25)])

# What the words of each row mean, as messages.
CONNECTIONS: dict[str, list[Message]] = {
    "A connection": [
        hello(),
        opening(),
        draft(1, 4, [10]),
        draft(1, 5, [11, 3000]),
        commit(4, 0, 0, [10]),
        commit(5, 1, 1, [12]),
        draft(2, 7, [13]),
        commit(7, 2, 1, []),
        commit(8, 0, 0, [14, 15, 16]),
        {"kind": "ack", "length": 11},
        {"kind": "verify", "length": 11},
        {"kind": "ping", "stamp": 200},
        {"kind": "pong", "stamp": 200},
        {"kind": "end", "reason": "length", "length": 11, "account": ACCOUNT},
        {"kind": "bye"},
    ],
    "A resumed connection": [
        hello(model="größer", fingerprint="0f", stepUs=[1000 * ms for ms in range(10, 18)], edgeDraftUs=2500),
        resume(),
        {"kind": "queued", "ahead": 3},
        commit(8, 0, 0, [14, 15]),
        draft(1, 10, list(range(1, 65))),
        draft(1, 74, [7] * 64),
        commit(10, 1, 40, [300]),
        draft(2, 9, [15, 1]),
        draft(3, 51, [20, 21, 22, 23, 24, 25]),
        commit(51, 3, 1, []),
        commit(52, 3, 2, []),
        commit(54, 3, 1, [77]),
        draft(4, 56, [30, 31, 32]),
        commit(56, 4, 2, [78]),
        draft(5, 59, [40, 41]),
        commit(59, 5, 2, []),
        {"kind": "leaving"},
        {"kind": "ping", "stamp": 0},
        {"kind": "pong", "stamp": 0},
        {"kind": "refused", "code": "internal", "cause": "a cause", "remedy": "a remedy"},
    ],
    "A padded connection": [
        resume(credentials="", padding=16, attempt=3),
        {"kind": "gone"},
        opening(padding=16, attempt=4),
        commit(4, 0, 0, [10]),
        draft(1, 5, [12]),
        commit(5, 1, 1, []),
        {"kind": "bye"},
    ],
    "A connection with alternatives": [
        resume(credentials="", attempt=5),
        draft(1, 8, [10, 11, 12]),
        alternative(2, 1, 9, [20, 300]),
        alternative(2, 1, 11, [22]),
        alternative(3, 1, 10, [30, 31]),
        alternative(2, 1, 12, [23]),
        commit(8, 2, 3, []),
        draft(2, 13, [24]),
        draft(2, 14, [25]),
        alternative(4, 2, 14, [50, 51]),
        commit(11, 2, 3, [26]),
        draft(5, 15, [60]),
    ],
    "An answer with a grammar and logprobs": [
        opening(
            namespace=bytes(range(0xA0, 0xB0)),
            grammar=("json-schema", '{"type":"object"}'),
            logprobs=1,
        ),
        {"kind": "held", "tokens": 2},
        draft(1, 4, [10]),
        {**commit(4, 1, 1, [12]), "logprobs": [QUARTER, (-2.5, [(300, -0.5)])]},
        {**commit(6, 0, 0, [10]), "logprobs": [QUARTER]},
        {"kind": "end", "reason": "end-token", "length": 7, "account": dict(zip(frames.ACCOUNT, (2, 1, 1, 0, 0), strict=True))},
    ],
    "A prompt alone": [
        opening(promptLogprobs=2, stopStrings=[], maxAnswerTokens=0, answer=[]),
        {"kind": "held", "tokens": 0},
        {"kind": "prompt-scored", "first": 1, "logprobs": [(-8.0, [(10, -0.25), (11, -3.0)])]},
        {"kind": "prompt-scored", "first": 2, "logprobs": [(-0.25, [(20_000, -0.25), (7, -2.0)])]},
        {"kind": "end", "reason": "length", "length": 3, "account": dict.fromkeys(frames.ACCOUNT, 0)},
    ],
}

# Frames that docs/internals/protocol.md calls malformed, after the attach of the first connection; from the device and from the edge.
MALFORMED = {
    "device": [
        "100201000a",
        "10010000",
        "80",
        "c000",
        "11",
        "12",
        "05c80100",
        "05808080",
        "058000",
        "0500ff",
        "03",
        "",
        "00",
        "7f",
    ],
    "edge": ["c0", "e0", "4404020000000000", "42ff", "45", "", "00", "4700", "48", "49", "8080808080808080808001"],
}


def connection_tables(page: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The heading, and the sender and bytes of each frame."""
    golden = page[page.index("\n## Golden frames\n") :].split("\n## ")[1]
    for part in golden.split("\n### ")[1:]:
        rows = re.findall(r"^ {4}([<>])([0-9a-f]+) ", part, re.MULTILINE)
        yield part.splitlines()[0], [("device" if way == ">" else "edge", shown) for way, shown in rows]


def check_frames(report: Report) -> None:
    tables = dict(connection_tables((ROOT / "docs/internals/protocol.md").read_text()))
    report.check("golden connections have the known headings", list(tables) == list(CONNECTIONS), str(list(tables)))
    for heading, messages in CONNECTIONS.items():
        rows = tables.get(heading, [])
        report.check(f"{heading}: number of frames", len(rows) == len(messages), f"{len(rows)} for {len(messages)}")
        ends = {"device": Codec("device"), "edge": Codec("edge")}
        for number, ((sender, shown), message) in enumerate(zip(rows, messages, strict=False), start=1):
            receiver = ends["edge" if sender == "device" else "device"]
            written = ends[sender].encode(message).hex()
            report.check(
                f"golden frame written: {heading} {number}", written == shown, f"{written}, the page has {shown}"
            )
            read = receiver.decode(bytes.fromhex(shown))
            report.check(f"golden frame read: {heading} {number}", read == message, f"{read}, expected {message}")


def check_malformed(report: Report) -> None:
    for sender, broken in MALFORMED.items():
        for shown in broken:
            reader = Codec("edge" if sender == "device" else "device")
            if sender == "device":
                reader.decode(Codec("device").encode(opening()))
            report.check(
                f"malformed from the {sender}: {shown or 'nothing'}", refuses(reader, bytes.fromhex(shown)), "was read"
            )


def refuses(reader: Codec, frame: bytes) -> bool:
    try:
        reader.decode(frame)
    except frames.MalformedError:
        return True
    return False


def cells_of(section: str, count: int) -> Iterator[list[str]]:
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == count and not set(line) <= set("|- "):
            yield cells


def section_of(page: str, heading: str) -> str:
    return page.split(f"\n### {heading}\n")[1].split("\n### ")[0].split("\n## ")[0]


def bits(value: float) -> str:
    return struct.pack(">d", value).hex()


def check_choices(report: Report) -> None:
    page = (ROOT / "docs/internals/token-choice.md").read_text()
    output, key = re.search(r"counter 0 and key 0 give `([0-9a-f ]+)`", page), (0, 0)
    words = " ".join(f"{word:08x}" for word in token_choice.philox((0, 0, 0, 0), key))
    report.check("Philox of Random123", output is not None and words == output[1], words)
    for seed, position, token, expected, decimal in list(cells_of(section_of(page, "Noise"), 5))[1:]:
        value = token_choice.noise(int(seed, 16), int(position), int(token))
        is_right = bits(value) == expected and value == float(decimal)
        report.check(f"noise of {seed}, {position}, {token}", is_right, f"{bits(value)} {value!r}")
    for seed, index, expected in list(cells_of(section_of(page, "Derived seeds"), 3))[1:]:
        derived = token_choice.derived_seed(int(seed, 16), int(index))
        report.check(f"derived seed {index} of {seed}", derived == int(expected, 16), hex(derived))
    for what, ids, logits, parameters, answer, position, chosen in list(cells_of(section_of(page, "Choices"), 7))[1:]:
        read: Callable = json.loads
        got = token_choice.choose(read(ids), read(logits), sampling_of(read(parameters)), read(answer), int(position))
        report.check(f"choice: {what}", got == int(chosen), str(got))


def sampling_of(parameters: dict) -> dict:
    return {**parameters, "seed": int(parameters.get("seed", "0x0"), 16)}


def check_golden_file(report: Report) -> None:
    """The same vectors in machine-readable form."""
    golden = json.loads((ROOT / "src/core/decoding/golden/token-choice.json").read_text())
    for line in golden["noise"]:
        value = token_choice.noise(int(line["seed"], 16), line["position"], line["id"])
        report.check(f"golden noise {line}", bits(value) == line["noise"], bits(value))
    for line in golden["seeds"]:
        derived = token_choice.derived_seed(int(line["seed"], 16), line["answerIndex"])
        report.check(f"golden seed {line}", derived == int(line["derived"], 16), hex(derived))
    for line in golden["choices"]:
        parameters = sampling_of(line["sampling"])
        got = token_choice.choose(line["ids"], line["logits"], parameters, line["answer"], line["position"])
        report.check(f"golden choice: {line['about']}", got == line["chosen"], str(got))


def check_documents(report: Report) -> None:
    check_frames(report)
    check_malformed(report)
    check_choices(report)
    check_golden_file(report)
