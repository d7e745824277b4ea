"""Renders a model's own chat template, which is a foreign program: in jinja2's sandbox and in a process of its own with bounds.

The sandbox keeps the template from Python's insides and from changing its arguments; the process keeps it from going on for ever or taking
all memory. render_template.py is that process.
"""

import json
import subprocess
import sys
from pathlib import Path

from refusal import Refusal

TEMPLATE_CHARACTERS = 200_000
"""Of the template. One with tools is about 10,000 long."""
SECONDS = 20
"""Of the process, its start included."""
RENDERER = Path(__file__).resolve().with_name("render_template.py")


def render(template: str, values: dict) -> str:
    """The template's text. Refuses a template that breaks a bound, fails, or reaches for what it may not."""
    if len(template) > TEMPLATE_CHARACTERS:
        raise refused(f"is {len(template)} characters long; at most {TEMPLATE_CHARACTERS} are accepted")
    command = [sys.executable, "-I", str(RENDERER)]
    given = json.dumps({"template": template, "values": values})
    try:
        # Isolated and away from the reader's folder: no module there stands in for one of Python's own.
        done = subprocess.run(
            command, input=given, capture_output=True, text=True, encoding="utf-8", timeout=SECONDS, check=False,
            cwd=RENDERER.parent,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise refused(f"does not come to an end within {SECONDS} s") from None
    if done.returncode != 0:
        raise refused("needs more memory than it may have, or ended its process")
    answer = json.loads(done.stdout)
    if "problem" in answer:
        raise refused(answer["problem"])
    return answer["text"]


def refused(problem: str) -> Refusal:
    return Refusal(f"the target's chat template {problem}", "Take a target with an ordinary chat template.")
