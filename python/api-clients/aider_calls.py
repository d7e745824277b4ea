"""The command `aider`, driven by `outrider trial api`: driver.py says how. It runs in a process and an empty folder of its own."""

import json
import os
import re
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

VERSION = version("aider-chat")

# Nothing is asked of anybody but the endpoint.
QUIET = [
    *["--no-git", "--yes-always", "--no-check-update", "--analytics-disable", "--no-show-model-warnings"],
    *["--no-show-release-notes", "--no-pretty", "--no-fancy-input", "--no-gitignore", "--no-detect-urls"],
    *["--no-suggest-shell-commands", "--map-tokens", "0", "--chat-mode", "ask"],
]


def said(kind: str, place: dict, fields: dict) -> str:
    with tempfile.TemporaryDirectory(prefix="outrider-aider-") as folder:
        here = Path(folder)
        # YAML holds JSON. A small model may never end by itself.
        settings = [{"name": f"openai/{place['model']}", "extra_params": {"max_tokens": fields["max_tokens"]}}]
        (here / "settings.yml").write_text(json.dumps(settings))
        words = ["--model", f"openai/{place['model']}", "--openai-api-base", place["baseUrl"]]
        files = ["--model-settings-file", "settings.yml", "--llm-history-file", "history.txt"]
        more = ["--no-stream"] if kind.endswith("--no-stream") else []
        secrets = {"OPENAI_API_KEY": place["key"], "LITELLM_LOCAL_MODEL_COST_MAP": "True", "HOME": folder}
        subprocess.run(
            [sys.executable, "-m", "aider", *words, *files, *QUIET, *more, "--message", fields["messages"][-1]["content"]],
            cwd=folder,
            env={**os.environ, **secrets},
            stdout=sys.stderr,
            check=True,
            timeout=600,
        )
        answers = re.split(r"^LLM RESPONSE \S+\n", (here / "history.txt").read_text(), flags=re.MULTILINE)
        return "".join(line.removeprefix("ASSISTANT ") for line in answers[1].splitlines(keepends=True))
