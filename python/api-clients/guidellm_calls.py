"""The command `guidellm`, driven by `outrider trial api`: driver.py says how. It runs in a process and a folder of its own."""

import json
import os
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from common import root

VERSION = version("guidellm")

# A route, and how many requests of it at the same time.
KINDS = {
    "/v1/chat/completions": ("/v1/chat/completions", 1),
    "/v1/chat/completions, four at once": ("/v1/chat/completions", 4),
    "/v1/completions": ("/v1/completions", 1),
    "/v1/responses": ("/v1/responses", 1),
}


def benchmark(kind: str, place: dict, fields: dict, here: Path) -> dict:
    route, count = KINDS[kind]
    row = {"prompt": fields["prompt"]} if "prompt" in fields else {}
    for message in fields.get("messages", []):
        row["system" if message["role"] == "system" else "prompt"] = message["content"]
    (here / "data.jsonl").write_text(f"{json.dumps(row)}\n" * count)
    body = {name: fields[name] for name in ("temperature", "top_p", "seed")}
    backend = {"kind": "openai_http", "target": root(place), "model": place["model"], "api_key": place["key"]}
    asked = {"request_format": route, "max_tokens": fields["max_tokens"], "extras": {"body": body}}
    parts = {
        "backend": {**backend, **asked},
        "profile": {"kind": "concurrent", "streams": count},
        "constraint": {"kind": "max_requests", "count": count},
        "data": {"kind": "json_file", "path": "data.jsonl"},
        "output": {"kind": "json", "path": "report.json"},
    }
    words = [word for name, value in parts.items() for word in (f"--{name}", json.dumps(value))]
    subprocess.run(
        [sys.executable, "-m", "guidellm", "run", *words, "--disable-console"],
        cwd=here,
        # Nothing is asked of a hub: the prompts are a file, so it needs no tokenizer.
        env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(here), "HOME": str(here)},
        stdout=sys.stderr,
        check=True,
        timeout=600,
    )
    return json.loads((here / "report.json").read_text())["benchmarks"][0]["requests"]


def said(kind: str, place: dict, fields: dict) -> str:
    """The text of its requests, which must be the same for all of them."""
    with tempfile.TemporaryDirectory(prefix="outrider-guidellm-") as folder:
        requests = benchmark(kind, place, fields, Path(folder))
    done = requests["successful"]
    assert len(done) == KINDS[kind][1] and not requests["errored"], f"{len(done)} answers, errors {requests['errored']}"
    assert all(one["output_metrics"]["text_tokens"] > 0 for one in done), "no usage"
    texts = {one["output"] for one in done}
    assert len(texts) == 1, f"texts for the same request: {texts}"
    return texts.pop()
