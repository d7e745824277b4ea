"""Drives a client of `outrider trial api`: `driver.py MODULE`, one call for each line of JSON on standard input, one line of JSON for each.

A line: {"kind", "place": {"baseUrl", "key", "model"}, "fields"}. The answer: {"text"} or {"error"}, in the order of the calls; the first
line is {"version"}. A module has the client's `VERSION`, and `said(kind, place, fields)`, which returns the text that the client got, and
raises what the client raises.
"""

import contextlib
import importlib
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))


def answer(client, line: dict) -> dict:
    try:
        # What a client prints must not stand between the answers.
        with contextlib.redirect_stdout(sys.stderr):
            return {"text": client.said(line["kind"], line["place"], line["fields"])}
    except BaseException as error:  # noqa: BLE001  (whatever it is, the trial reports it)
        return {"error": f"{type(error).__name__}: {error}"}


def main() -> None:
    client = importlib.import_module(sys.argv[1])
    print(json.dumps({"version": client.VERSION}), flush=True)
    for text in sys.stdin:
        print(json.dumps(answer(client, json.loads(text))), flush=True)


if __name__ == "__main__":
    main()
