"""An edge that dies in the middle of a text and comes back, and one that is asked to end."""

import argparse
import asyncio
import random
import signal
from pathlib import Path

from check_rules import LENGTH, Probe
from edge_process import EdgeProcess
from restless import RestlessTurn
from turn import Turn
from turn_bench import PACED, Bench


async def reaches(turn: Turn, length: int) -> None:
    while len(turn.text) < length and turn.end is None:
        await asyncio.sleep(0.005)


async def check_killed(given: argparse.Namespace, folder: Path, bench: Bench) -> None:
    """The new process knows no session: `gone`, and the same text."""
    flags = ["--model", "toy:1", *PACED[:2]]
    with EdgeProcess(given.edge, flags, folder / "killed") as edge:
        request = bench.request("stream", bench.samplings[0], "mostly right")
        # The edge waits for acknowledgements, so it can't have written all of the text before it dies.
        request.flow_control_window = 16
        turn = RestlessTurn(request, [edge.address], random.Random(given.seed), 0)
        judged = asyncio.create_task(bench.judge("an edge that is killed", turn))
        await reaches(turn, LENGTH + 10)
        edge.send(signal.SIGKILL)
        edge.process.wait()
        with EdgeProcess(given.edge, flags, folder / "again", port=edge.port):
            await judged
            bench.report.check("a killed edge: gone", turn.counts["gone"] == 1, str(turn.counts))


async def check_drained(given: argparse.Namespace, folder: Path, bench: Bench) -> None:
    """Answers end, nothing is opened. The window keeps one answer from ending before it is asked for."""
    report = bench.report
    with EdgeProcess(given.edge, ["--model", "toy:1", "--drain", "60"], folder / "drained") as edge:
        session = bench.rng.randbytes(16)
        probe = (await Probe.connect(edge.address)).open(session, flowControlWindow=16, maxAnswerTokens=30)
        late = await Probe.connect(edge.address)
        received = 0
        while received < 16:
            m = await probe.next()
            received += len(m["tokens"])
        edge.send(signal.SIGTERM)
        is_refused = False
        while not is_refused:
            m = await late.open(bench.rng.randbytes(16)).until("refused", "commit")
            is_refused = m["kind"] != "commit"
            late = late if is_refused else await Probe.connect(edge.address)
        report.check("rule: an edge that is going down opens no session", m.get("code") == "edge-draining", str(m))
        probe.send({"kind": "ack", "length": LENGTH + received})
        end = await probe.until("end")
        report.check("rule: and lets an answer end", end.get("length") == LENGTH + 30, str(end))
        closed = await probe.until()
        is_told = closed.get("status", 0) >= 4000 and closed.get("reason", "").startswith("interrupted")
        report.check("rule: and closes with interrupted", is_told, str(closed))
        report.check("an edge that was asked to end", edge.process.wait(30) == 0)


async def check_endings(given: argparse.Namespace, folder: Path, bench: Bench) -> None:
    await asyncio.gather(check_killed(given, folder, bench), check_drained(given, folder, bench))
