"""The suites that start edges of their own. Every text must be the one that the target writes alone."""

import argparse
import random
import subprocess
from collections.abc import Sequence
from pathlib import Path

from check_control import check_control as check_control_rules
from check_endings import check_endings
from check_rules import Probe, Rules
from edge_process import EdgeProcess
from report import Report
from tokenizer_hash import tokenizer_hash
from turn import EdgeAddress
from turn_bench import PACED, Bench

KEY = "0123456789abcdef0123456789abcdef"


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
        await check_endings(given, folder, bench)


def add_key(edge: Sequence[str], file: Path, name: str) -> str:
    words = [*edge, "keys", "add", name, "--keys", str(file)]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


async def check_control(given: argparse.Namespace, folder: Path, report: Report) -> None:
    keys = folder / "keys.json"
    devices = [add_key(given.edge, keys, name) for name in ("one", "two")]
    await check_control_rules(given, folder, report, devices, keys)


async def check_fuzz(given: argparse.Namespace, folder: Path, report: Report) -> None:
    bench = Bench(report, random.Random(given.seed), [1, 300, 20_000], 60)
    first, second = toy_edges(given, folder)
    with first, second:
        await bench.learn(first.address)
        await bench.fuzz([first.address, second.address], given.turns, given.disturbances)


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
