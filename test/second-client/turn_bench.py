"""Runs turns, some at a time: in every mode, with every kind of drafter, over connections that break, between two edges, and at random.
Every text must be the one that the target writes alone."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace

import frames
import token_choice
from report import Report
from restless import FuzzTurn, RestlessTurn
from turn import WITHOUT_DRAFTS, Drafter, EdgeAddress, Request, Turn, no_drafts

# Steps of some ms, so that drafts are worth rows, and connections break within a text.
PACED = ["--profile", "edge-8b-rtx4090", "--draft-profile", "phone-0.5b"]
TOGETHER = 7


def samplings(rng: random.Random) -> list[dict]:
    """Of different seeds: a seed names a text."""
    # Ids that a toy often proposes: with a bias they return so often that counts decide.
    common = {"logitBias": [(token, 20.0) for token in range(1, 17)], "presencePenalty": 0.5, "frequencyPenalty": 0.4}
    varied = [
        {},
        {"temperature": 0.8},
        {"temperature": 0.8, "topK": 5, "presencePenalty": 0.6, "frequencyPenalty": 0.3},
        {"temperature": 1.3, "topP": 0.9, "repetitionPenalty": 1.2},
        {"temperature": 0.6, **common},
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
