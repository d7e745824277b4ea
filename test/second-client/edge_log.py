"""Checks the event logs of an edge (`--log`): each row of an engine step has the engine's candidates, from which this client makes the
choice itself, and the committed text must be what it chooses."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import token_choice
from report import Report


class RowChooser:
    """Makes each choice once: the same rows come again after lost connections, and in other modes."""

    def __init__(self) -> None:
        self.made: dict[tuple, int] = {}

    def choose(self, row: dict, sampling: dict, answer: Sequence[int], position: int) -> int:
        key = (sampling["seed"], position, tuple(row["ids"]), tuple(row["logits"]), tuple(answer))
        if key not in self.made:
            self.made[key] = token_choice.choose(row["ids"], row["logits"], sampling, answer, position)
        return self.made[key]


def plain(value: object) -> object:
    """Whole numbers above 2^53 are marked in a log."""
    if isinstance(value, dict):
        return int(value["$bigint"]) if "$bigint" in value else {key: plain(part) for key, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, list) else value


def lines_of(path: Path) -> Iterator[dict]:
    # What follows the last line break was cut off by the end of the process.
    for line in path.read_text().split("\n")[:-1]:
        yield plain(json.loads(line))


class SessionLog:
    """The text of one session, as this client would have written it."""

    def __init__(self, name: str, texts: dict[int, list[int]], chooser: RowChooser, report: Report) -> None:
        self.name = name
        self.texts = texts
        self.chooser = chooser
        self.report = report
        self.opening: dict = {}
        self.text: list[int] = []
        self.generation = -1

    def take(self, line: dict) -> None:
        event, state = line["event"], line["state"]
        opening = event.get("open") or event.get("message")
        if opening is not None and opening["kind"] == "open" and state["generation"] != self.generation:
            self.opening = opening
            self.generation = state["generation"]
            self.text = opening["prompt"] + opening["answer"]
        elif event["kind"] == "step-done":
            self.take_step(event["ticket"], event["rows"], state)
        for effect in line["effects"]:
            message = effect.get("message", {})
            if message.get("kind") == "commit":
                self.compare(message["first"] + message["accepted"], message["tokens"], "sent")

    def take_step(self, ticket: dict, rows: Sequence[dict], state: dict) -> None:
        if ticket["generation"] != self.generation:
            self.report.count("stale steps")
            return
        base, drafts = len(self.text), ticket["drafts"]
        self.report.check(
            f"{self.name}: a step after the text", ticket["length"] == base, f"{ticket['length']}, text {base}"
        )
        self.report.check(f"{self.name}: a row for each draft and one", len(rows) == len(drafts) + 1, f"{len(rows)}")
        answer = self.text[len(self.opening["prompt"]) :]
        chosen = []
        for index, row in enumerate(rows):
            token = self.chooser.choose(row, self.opening["sampling"], answer + drafts[:index], base + index)
            chosen.append(token)
            if index < len(drafts) and token != drafts[index]:
                break
        self.report.count("rows chosen", len(chosen))
        self.report.count("drafts accepted", len(chosen) - 1)
        # A text may end within a step.
        count = state["text"] - base
        is_whole = count == len(chosen) or (count < len(chosen) and state["end"] is not None)
        self.report.check(
            f"{self.name}: length after a step", is_whole, f"{count} committed, {len(chosen)} chosen at {base}"
        )
        self.text += chosen[:count]
        self.compare(base, chosen[:count], "chosen")

    def compare(self, first: int, tokens: Sequence[int], what: str) -> None:
        whole = self.texts.get(self.opening["sampling"]["seed"], self.text)
        expected = whole[first : first + len(tokens)]
        self.report.check(
            f"{self.name}: tokens {what} at {first}", list(tokens) == expected, f"{tokens}, expected {expected}"
        )


def check_logs(folder: Path, texts: dict[int, list[int]], report: Report) -> None:
    """@param texts prompt and answer, by seed"""
    chooser = RowChooser()
    for path in sorted(folder.rglob("*.jsonl")):
        lines = lines_of(path)
        header = next(lines, {})
        if header.get("format") != "outrider-event-log" or header.get("side") != "edge":
            continue
        session = SessionLog(path.name, texts, chooser, report)
        report.count("sessions logged")
        for line in lines:
            session.take(line)
    report.count("choices made", len(chooser.made))
