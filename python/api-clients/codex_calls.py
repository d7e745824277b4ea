"""The command `codex`, driven by `outrider trial api`: driver.py says how. It runs in a process and an empty folder of its own.

Its own instructions and tools are longer than the context of a small model, so they are left out: what remains is one short prompt. It sends
neither a seed nor a limit; the schema of the answer decides the text.
"""

import json
import os
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from codex_cli_bin import bundled_codex_path

VERSION = version("openai-codex-cli-bin")

# What would be in a prompt beside the words of the caller.
WITHOUT = [f"include_{part}_instructions" for part in ("permissions", "apps", "collaboration_mode")] + [
    *("include_environment_context", "skills.include_instructions"),
    *("agents.enabled", "analytics.enabled", "tools.experimental_request_user_input.enabled"),
    *(f"features.{name}" for name in ("apps", "goals", "hooks", "plugins", "shell_snapshot", "shell_tool")),
    *(f"features.{name}" for name in ("skill_search", "sleep_tool", "unified_exec", "view_image")),
]


def settings(place: dict) -> list[str]:
    # JSON is TOML, for texts and truth values.
    endpoint = {"name": "trial", "base_url": place["baseUrl"], "env_key": "TRIAL_KEY", "wire_api": "responses"}
    values = {
        **dict.fromkeys(WITHOUT, False),
        "model": place["model"],
        "model_provider": "trial",
        "model_instructions_file": "instructions.md",
        "approval_policy": "never",
        "web_search": "disabled",
        **{f"model_providers.trial.{name}": value for name, value in endpoint.items()},
        **{f"model_providers.trial.{name}_max_retries": 0 for name in ("request", "stream")},
    }
    return [word for name, value in values.items() for word in ("-c", f"{name}={json.dumps(value)}")]


def said(kind: str, place: dict, fields: dict) -> str:
    """The texts of its turns, as JSON."""
    system, user = (message["content"] for message in fields["messages"])
    turns = [[user]]
    if kind == "exec, then resume":
        turns.append(["resume", "--last", fields["next"]])
    with tempfile.TemporaryDirectory(prefix="outrider-codex-") as folder:
        here = Path(folder)
        (here / "instructions.md").write_text(system)
        (here / "schema.json").write_text(json.dumps(fields["schema"]))
        texts = [turn(words, place, here) for words in turns]
    return json.dumps(texts)


def turn(words: list[str], place: dict, here: Path) -> str:
    files = ["--output-schema", "schema.json", "--output-last-message", "said.txt", "--skip-git-repo-check"]
    subprocess.run(
        [bundled_codex_path(), "exec", "--strict-config", *settings(place), *words, *files],
        cwd=here,
        env={**os.environ, "CODEX_HOME": str(here), "HOME": str(here), "TRIAL_KEY": place["key"]},
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        check=True,
        timeout=600,
    )
    return (here / "said.txt").read_text()
