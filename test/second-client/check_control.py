"""A device and an edge as members of a real controller, from docs/operate/controller.md and its tables of messages."""

import argparse
import asyncio
import hashlib
import json
import random
import ssl
from pathlib import Path

import frames
import websocket
from edge_process import EdgeProcess
from report import Report
from restless import RestlessTurn
from turn import EdgeAddress
from turn_bench import Bench
from websocket import TEXT, ClosedError, WebSocket

VERSION = 3
KEY, EDGE_KEY = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
WAIT_S = 20

Message = dict


class Member:
    """One connection to the controller."""

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket
        self.heard: list[Message] = []
        self.closed: str | None = None
        self.seq = 0
        self.changed = asyncio.Condition()
        self.reading = asyncio.create_task(self._read())

    @staticmethod
    async def join(controller: EdgeAddress, role: str, name: str, key: str, version: int = VERSION) -> "Member":
        member = Member(await websocket.connect(controller.url, frames.SUBPROTOCOL, controller.authority))
        member.say({"kind": "join", "version": version, "role": role, "id": name, "credentials": key})
        return member

    def say(self, message: Message) -> None:
        self.socket.post(json.dumps(message).encode())

    def report(self, message: Message) -> None:
        self.seq += 1
        self.say({**message, "seq": self.seq})

    async def _read(self) -> None:
        try:
            while True:
                message = json.loads(await self.socket.receive())
                async with self.changed:
                    self.heard.append(message)
                    self.changed.notify_all()
        except ClosedError as error:
            async with self.changed:
                self.closed = f"{error.status} {error.reason}"
                self.changed.notify_all()

    def all(self, kind: str) -> list[Message]:
        return [message for message in self.heard if message["kind"] == kind]

    async def next(self, kind: str) -> Message:
        """The last message of this kind; {} if there is none in time."""
        await self._until(lambda: self.all(kind) or self.closed is not None)
        return (self.all(kind) or [{}])[-1]

    async def ended(self) -> str:
        await self._until(lambda: self.closed is not None)
        return self.closed or "it is open"

    async def _until(self, is_so) -> None:
        try:
            async with asyncio.timeout(WAIT_S), self.changed:
                await self.changed.wait_for(is_so)
        except TimeoutError:
            pass

    async def leave(self) -> None:
        self.reading.cancel()
        await asyncio.gather(self.reading, return_exceptions=True)
        await self.socket.close()


def device_report(tokenizer_hash: str, edges: list[str]) -> Message:
    links = [{"edge": edge, "roundTripMs": 2.5, "bitsPerSecond": None} for edge in edges]
    unknown = {"fingerprint": None, "draftMs": None, "acceptance": 0, "session": None, "feltMsPerToken": None}
    more = {"battery": 1, "uplinkUse": None, "place": None, "a field of a later version": [1]}
    return {"kind": "device-report", "tokenizerHash": tokenizer_hash, "links": links, **unknown, **more}


def edge_report(card: Message) -> Message:
    """Of an edge that is much quicker than any other, and that nobody reaches."""
    same = {name: card[name] for name in ("fingerprint", "tokenizerHash")}
    place = {"address": "wss://127.0.0.1:1", "certificate": None, "model": "toy", "places": 8, "contextLength": 2048}
    load = {"sessions": 0, "waiting": 0, "busyShare": 0, "isDraining": False, "place": None}
    return {
        "kind": "edge-report",
        **same,
        **place,
        **load,
        "stepFixedMs": 0.01,
        "stepRowMs": 0.001,
        "draftMs": None,
        "bitsPerSecond": 1e9,
    }


async def repeated(member: Member, report: Message, times: int = 10_000) -> None:
    for _ in range(times):
        member.report(report)
        await asyncio.sleep(0.2)


def fingerprint_of(certificate: Path) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.read_text())).hexdigest()


class ControlRules:
    def __init__(self, controller: EdgeAddress, edge: EdgeAddress, keys: list[str], bench: Bench) -> None:
        self.controller = controller
        self.edge = edge
        self.keys = keys
        self.bench = bench
        self.check = bench.report.check

    async def all(self) -> None:
        device = await Member.join(self.controller, "device", "phone", self.keys[0])
        welcome = await device.next("welcome")
        said = {name: welcome.get(name) for name in ("version", "cell")}
        self.check("welcome", said == {"version": VERSION, "cell": "default"}, str(welcome))
        cards = await self._edges(device)
        card = next((one for one in cards if one["id"] == "near"), None)
        if not self.check("edges", card is not None, str(device.heard)):
            return
        await self._assign(device, card)
        await self._edge(device, card)
        await self._names(device)
        await self._growth(device, card)
        await self._refusals()
        await device.leave()

    async def _edges(self, device: Member) -> list[Message]:
        # The edge may join after the device.
        for _ in range(100):
            cards = (await device.next("edges")).get("edges", [])
            if cards:
                return cards
            await asyncio.sleep(0.1)
        return []

    async def _assign(self, device: Member, card: Message) -> None:
        """Without a link no edge is named; the ticket opens a session at the one that is named."""
        await repeated(device, device_report(card["tokenizerHash"], []), 8)
        self.check("no link, no assign", device.all("assign") == [], str(device.heard))
        reporting = asyncio.create_task(repeated(device, device_report(card["tokenizerHash"], ["near"])))
        assign = await device.next("assign")
        reporting.cancel()
        if not self.check("a link, and an assign", assign.get("edge") == "near", str(device.heard)):
            return
        address = EdgeAddress(card["address"], assign["ticket"], self.edge.authority)
        request = self.bench.request("stream", self.bench.samplings[0], "mostly right")
        await self.bench.judge("by a ticket", RestlessTurn(request, [address], self.bench.rng, 0))

    async def _edge(self, device: Member, card: Message) -> None:
        """The device is sent to a second edge, which has the ticket too."""
        far = await Member.join(self.controller, "edge", "far", EDGE_KEY)
        work = [
            asyncio.create_task(repeated(far, edge_report(card))),
            asyncio.create_task(repeated(device, device_report(card["tokenizerHash"], ["near", "far"]))),
        ]
        for _ in range(100):
            if any(one["edge"] == "far" for one in device.all("assign")):
                break
            await asyncio.sleep(0.1)
        for one in work:
            one.cancel()
        ticket = device.all("assign")[-1]["ticket"]
        granted = [grant["ticket"] for shares in far.all("shares") for grant in shares["tickets"]]
        self.check("the quicker edge is assigned", device.all("assign")[-1]["edge"] == "far", str(device.heard[-3:]))
        self.check("its edge knows the ticket", ticket in granted, f"{ticket}, {granted}")
        self.check("an edge is told no edges", far.all("edges") == [])
        await far.leave()

    async def _names(self, device: Member) -> None:
        thief = await Member.join(self.controller, "device", "phone", self.keys[1])
        self.check("a name of another key", (await thief.next("refused")).get("code") == "name-taken", str(thief.heard))
        self.check("its owner stays", device.closed is None, str(device.closed))
        await thief.leave()

    async def _growth(self, device: Member, card: Message) -> None:
        device.say({"kind": "weather", "rain": True})
        await repeated(device, device_report(card["tokenizerHash"], ["near"]), 3)
        self.check("a kind of a later version is ignored", device.closed is None, str(device.closed))

    async def _refusals(self) -> None:
        old = await Member.join(self.controller, "device", "old", self.keys[0], VERSION - 1)
        self.check("another version", (await old.next("refused")).get("code") == "version-mismatch", str(old.heard))
        self.check("it is closed", (await old.ended()).startswith("1000"), str(old.closed))
        stranger = await Member.join(self.controller, "edge", "near", self.keys[0])
        self.check("a device's key as an edge", (await stranger.next("refused")).get("code") == "unauthorized")
        wrong = await Member.join(self.controller, "device", "wrong", self.keys[0])
        wrong.report({**device_report("ab" * 32, []), "battery": 2})
        refused = await wrong.next("refused")
        is_said = refused.get("code") == "protocol-error" and "battery" in refused["cause"]
        self.check("out of range", is_said, str(refused))
        text = await Member.join(self.controller, "device", "text", self.keys[0])
        text.socket.post(b"{}", TEXT)
        self.check("a text frame", (await text.ended()).startswith("4000 protocol-error"), str(text.closed))
        for member in (old, stranger, wrong, text):
            await member.leave()


async def check_control(given: argparse.Namespace, folder: Path, report: Report, keys: list[str], file: Path) -> None:
    """@param keys of devices, in that file"""
    bench = Bench(report, random.Random(given.seed), [1, 300, 20_000], 60)
    flags = ["--edge-key", EDGE_KEY, "--keys", str(file), "--tls-self-signed", "--slot", "200"]
    with EdgeProcess(given.edge, flags, folder / "controller", service="controller") as controller:
        pin = fingerprint_of(Path(controller.address.authority))
        member = ["--controller", controller.address.url, "--controller-fingerprint", pin, "--controller-key", EDGE_KEY]
        served = ["--model", "toy:1", "--tls-self-signed", "--name", "near", *member]
        with EdgeProcess(given.edge, served, folder / "near", KEY) as edge:
            await bench.learn(edge.address)
            await ControlRules(controller.address, edge.address, keys, bench).all()
