"""The command `llm`, driven by `outrider trial api`: driver.py says how. Its own words are typed, in this process."""

import json
import os
import tempfile
from importlib.metadata import version
from pathlib import Path

FOLDER = tempfile.TemporaryDirectory(prefix="outrider-llm-")
os.environ["LLM_USER_PATH"] = FOLDER.name

from click.testing import CliRunner  # noqa: E402
from llm.cli import cli  # noqa: E402

VERSION = version("llm")

LAMP_TOOL = '''
def set_lamp(room: str, on: bool) -> str:
    "Switches a lamp of the house."
    return "The lamp is on."
'''


def typed(place: dict, *words: str) -> str:
    # YAML holds JSON. A model is read at each start of the command.
    models = [
        {"model_id": name, "model_name": place["model"], "api_base": place["baseUrl"], "api_key_name": "trial", **more}
        for name, more in [
            ("chat", {"supports_schema": True, "supports_tools": True}),
            ("text", {"completion": True}),
        ]
    ]
    (Path(FOLDER.name) / "extra-openai-models.yaml").write_text(json.dumps(models))
    done = CliRunner().invoke(cli, ["prompt", *words, "--key", place["key"]], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    # It ends each text with a line end.
    return done.stdout.removesuffix("\n")


def options(fields: dict) -> list[str]:
    names = ["temperature", "top_p", "seed", "max_tokens"]
    return [word for name in names if name in fields for word in ("-o", name, str(fields[name]))]


def said(kind: str, place: dict, fields: dict) -> str:
    if kind == "completion model":
        return typed(place, fields["prompt"], "-m", "text", "--no-log", *options(fields))
    system, user = (message["content"] for message in fields["messages"][:2])
    chat = [user, "-s", system, "-m", "chat", *options(fields)]
    if kind == "prompt":
        return typed(place, *chat, "--no-log")
    if kind == "prompt --no-stream":
        return typed(place, *chat, "--no-log", "--no-stream")
    if kind == "prompt, then -c":
        first = typed(place, *chat, "--log")
        return json.dumps([first, typed(place, fields["next"], "-c", "--log", "-m", "chat", *options(fields))])
    if kind == "prompt --schema":
        return typed(place, *chat, "--no-log", "--schema", json.dumps(fields["schema"]))
    if kind == "prompt --functions":
        return typed(place, *chat, "--no-log", "--functions", LAMP_TOOL, "--chain-limit", "2")
    raise ValueError(f"there is no call {kind}")
