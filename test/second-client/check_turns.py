"""Turns against real edges: in every mode, with every kind of drafter, over connections that break, between two edges, and at random. Every
text must be the one that the target writes alone, and every token what this client chooses from the engine's candidates."""

import argparse
import asyncio
import random
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import edge_log
import frames
import token_choice
from check_rules import Probe, Rules
from edge_process import EdgeProcess
from report import Report
from restless import FuzzTurn, RestlessTurn
from tokenizer_hash import tokenizer_hash
from turn import WITHOUT_DRAFTS, Drafter, EdgeAddress, Request, Turn, no_drafts

# Steps of some ms, so that drafts are worth rows, and connections break within a text.
PACED = ["--profile", "edge-8b-rtx4090", "--draft-profile", "phone-0.5b"]
TOGETHER = 7
KEY = "0123456789abcdef0123456789abcdef"


def samplings(rng: random.Random) -> list[dict]:
    """Of different seeds: a seed names a text."""
    varied = [
        {},
        {"temperature": 0.8},
        {"temperature": 0.8, "topK": 5, "presencePenalty": 0.6, "frequencyPenalty": 0.3},
        {"temperature": 1.3, "topP": 0.9, "repetitionPenalty": 1.2},
        {"temperature": 0.7, "minP": 0.05, "logitBias": [(17, 4.0), (300, -2.5)], "repetitionPenalty": 0.9},
    ]
    return [{**token_choice.NEUTRAL, **changes, "seed": rng.getrandbits(64)} for changes in varied]


def drafters(whole: Sequence[int], vocabulary_size: int, rng: random.Random) -> dict[str, Drafter]:
    def right(text: Sequence[int]) -> int | None:
        return whole[len(text)] if len(text) < len(whole) else None

    def mostly(text: Sequence[int]) -> int | None:
        return right(text) if rng.random() < 0.8 else rng.randrange(vocabulary_size)

    def wrong(text: Sequence[int]) -> int:
        return ((right(text) or 0) + 1) % vocabulary_size

    def some(text: Sequence[int]) -> int | None:
        return right(text) if rng.random() < 0.6 else None

    return {"right": right, "mostly right": mostly, "wrong": wrong, "some": some, "none": no_drafts}


class Bench:
    """Runs turns, some at a time, and compares their texts."""

    def __init__(self, report: Report, rng: random.Random, prompt: list[int], length: int) -> None:
        self.report = report
        self.rng = rng
        self.prompt = prompt
        self.length = length
        self.samplings = samplings(rng)
        # Of one text: one syllable in seventy, in a toy.
        self.stops = {self.samplings[1]["seed"]: ["ke"]}
        # Prompt and answer as the target writes them alone, and the reason of the end, by seed.
        self.texts: dict[int, list[int]] = {}
        self.reasons: dict[int, str] = {}
        self.vocabulary_size = 0
        self._free = asyncio.Semaphore(TOGETHER)

    async def learn(self, edge: EdgeAddress) -> None:
        async def alone(sampling: dict) -> None:
            stops = self.stops.get(sampling["seed"], [])
            turn = Turn(Request(self.prompt, sampling, "ar", self.length, stop_strings=stops), [edge], self.rng)
            self.texts[sampling["seed"]] = self.prompt + await turn.run()
            self.reasons[sampling["seed"]] = turn.end["reason"]
            self.vocabulary_size = turn.vocabulary_size

        await asyncio.gather(*map(alone, self.samplings))

    def request(self, mode: str, sampling: dict, drafter: str) -> Request:
        window, ahead, padding = (
            self.rng.choice([16, 32, 256]),
            self.rng.choice([8, 24, 100]),
            self.rng.choice([0, 0, 64]),
        )
        known = drafters(self.texts[sampling["seed"]], self.vocabulary_size, random.Random(self.rng.random()))
        stops = self.stops.get(sampling["seed"], [])
        asked = Request(self.prompt, sampling, mode, self.length, known[drafter], stops)
        return replace(
            asked, flow_control_window=window, max_ahead=ahead, padding=padding, draft_s=self.rng.choice([0, 0.004])
        )

    async def judge(self, name: str, turn: RestlessTurn) -> None:
        seed = turn.request.sampling["seed"]
        async with self._free:
            try:
                answer = await turn.run()
                got, expected = (turn.prompt_length, turn.text, turn.end["reason"]), self.texts[seed]
                is_right = turn.request.prompt + answer == expected and turn.end["reason"] == self.reasons[seed]
                self.report.check(f"text: {name}", is_right, f"{got}, expected {expected}, {self.reasons[seed]}")
                self.report.check(f"one fingerprint: {name}", len(turn.fingerprints) == 1, str(turn.fingerprints))
            # Any failure of a turn is a finding.
            except Exception as error:
                self.report.check(f"text: {name}", False, f"{error!r}, {dict(turn.done)}, {turn.counts}")
        self.report.count("turns")
        for what, count in {**turn.done, **turn.counts}.items():
            self.report.count(what, count)

    async def all_modes(
        self,
        edges: Sequence[EdgeAddress],
        disturbances: int,
        names: Sequence[str],
        modes: Sequence[str] = frames.MODES,
    ) -> None:
        """Every mode with every drafter, one edge each."""
        work = []
        for mode in modes:
            for drafter in names if mode not in WITHOUT_DRAFTS else ["none"]:
                request = self.request(mode, self.rng.choice(self.samplings), drafter)
                edge = edges[len(work) % len(edges)]
                turn = RestlessTurn(request, [edge], random.Random(self.rng.random()), disturbances)
                work.append(self.judge(f"{mode}, drafts {drafter}, {edge.url[:5]}", turn))
        await asyncio.gather(*work)

    async def hand_overs(self, edges: Sequence[EdgeAddress], disturbances: int, modes: Sequence[str]) -> None:
        work = []
        for index, mode in enumerate(modes):
            drafter = ["mostly right", "right", "some", "wrong"][index % 4]
            request = self.request(mode, self.rng.choice(self.samplings), drafter)
            turn = RestlessTurn(request, edges, random.Random(self.rng.random()), disturbances)
            work.append(self.judge(f"handover, {mode}, drafts {drafter}", turn))
        await asyncio.gather(*work)

    async def fuzz(
        self, edges: Sequence[EdgeAddress], turns: int, disturbances: int, modes: Sequence[str] = frames.MODES
    ) -> None:
        work = []
        for index in range(turns):
            sampling = self.rng.choice(self.samplings)
            request = self.request(self.rng.choice(modes), sampling, "none")
            here = [edges[index % len(edges)]] if self.rng.random() < 0.7 else edges
            truth = self.texts[sampling["seed"]]
            turn = FuzzTurn(request, here, random.Random(self.rng.random()), disturbances, 0.3, truth=truth)
            work.append(self.judge(f"fuzz {index}, {request.mode}", turn))
        await asyncio.gather(*work)


def toy_edges(given: argparse.Namespace, folder: Path) -> list[EdgeProcess]:
    # Sessions that a device leaves without a word keep their places for a while.
    shared = ["--model", "toy:1", "--draft", "toy:1:0.8", "--sessions", "24", *PACED]
    secured = EdgeProcess(given.edge, [*shared, "--tls-self-signed"], folder / "secured", KEY)
    return [EdgeProcess(given.edge, shared, folder / "open"), secured]


async def check_toy(given: argparse.Namespace, folder: Path, report: Report) -> None:
    bench = Bench(report, random.Random(given.seed), [1, 300, 20_000], 60)
    keys = folder / "keys.json"
    two = [add_key(given.edge, keys, name) for name in ("one", "two")]
    first, second = toy_edges(given, folder)
    keyed = EdgeProcess(given.edge, ["--model", "toy:2", "--sessions", "1", "--keys", str(keys)], folder / "keyed")
    with first, second, keyed:
        addresses = [first.address, second.address]
        await bench.learn(first.address)
        await bench.all_modes(addresses, given.disturbances, ["right", "mostly right", "wrong", "none"])
        await bench.hand_overs(
            addresses, given.disturbances, ["stream", "mix", "sd", "psd", "psd-lockstep", "ar", "stream"]
        )
        await bench.fuzz(addresses, given.turns, given.disturbances)
        owner, other = (EdgeAddress(keyed.address.url, key) for key in two)
        await Rules(first.address, owner, other, bench.rng, report).check()
    for edge in (first, second):
        edge_log.check_logs(edge.logs, bench.texts, report)


def add_key(edge: Sequence[str], file: Path, name: str) -> str:
    words = [*edge, "keys", "add", name, "--keys", str(file)]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


async def check_fuzz(given: argparse.Namespace, folder: Path, report: Report) -> None:
    bench = Bench(report, random.Random(given.seed), [1, 300, 20_000], 60)
    first, second = toy_edges(given, folder)
    with first, second:
        await bench.learn(first.address)
        await bench.fuzz([first.address, second.address], given.turns, given.disturbances)
    for edge in (first, second):
        edge_log.check_logs(edge.logs, bench.texts, report)


# "Why is the sky blue?" in the chat format of SmolLM2.
SMOLLM2_PROMPT = [
    1,
    9690,
    198,
    2683,
    359,
    253,
    5356,
    5646,
    11173,
    3365,
    3511,
    308,
    34519,
    28,
    7018,
    411,
    407,
    19712,
    8182,
    2,
    198,
    1,
    4093,
    198,
    4898,
    314,
    260,
    6376,
    4461,
    47,
    2,
    198,
    1,
    520,
    9531,
    198,
]
# Those that need no draft model on the edge.
DEVICE_MODES = ["ar", "stream", "sd", "psd", "psd-lockstep"]


async def check_model(given: argparse.Namespace, folder: Path, report: Report) -> None:
    """A real model."""
    bench = Bench(report, random.Random(given.seed), SMOLLM2_PROMPT, 40)
    bench.stops = {bench.samplings[1]["seed"]: [" light"]}
    # Rows that seem cheap, so that drafts are verified whatever this machine is.
    flags = ["--model", given.model, "--profile", "reference", "--max-rows", "16"]
    with EdgeProcess(given.edge, flags, folder / "model") as edge:
        if given.model_file is not None:
            hello = (await Probe.connect(edge.address)).hello
            derived = tokenizer_hash(Path(given.model_file))
            report.check("tokenizer hash of the page", derived == hello["tokenizerHash"], derived.hex())
        await bench.learn(edge.address)
        await bench.all_modes([edge.address], given.disturbances, ["mostly right", "wrong"], DEVICE_MODES)
        await bench.fuzz([edge.address], given.turns, given.disturbances, DEVICE_MODES)
    edge_log.check_logs(edge.logs, bench.texts, report)
