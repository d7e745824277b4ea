"""Makes the Python environment of OpenAI's client, which `outrider trial api` calls: `python3 python/openai-client/setup.py`.

Prints the path of its interpreter. It lies in the user's cache, as that of the draft pipeline (drafts/setup.py), and is taken up, not made
again, when it is complete.
"""

import hashlib
import os
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements.txt"
# This file is called setup as well: the pipeline's folder comes first.
sys.path.insert(0, str(HERE.parent.parent / "drafts"))
sys.modules.pop("setup", None)

from setup import install, interpreter, is_complete  # noqa: E402  (drafts/setup.py)


def environment_folder() -> Path:
    """The environment for these versions."""
    base = os.environ.get("OUTRIDER_CACHE")
    cache = Path(base) if base else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "outrider"
    mark = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    return cache.resolve() / "openai-client" / f"python-{mark}"


def main() -> int:
    if sys.version_info < (3, 11):  # noqa: UP036
        print(f"Python {sys.version.split()[0]} is too old\nUse Python 3.11 or newer.", file=sys.stderr)
        return 2
    folder = environment_folder()
    if not is_complete(folder):
        print(f"setting up {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        if not install(folder, "--require-hashes", "-r", REQUIREMENTS):
            print(
                "pip could not install the packages of python/openai-client/requirements.txt\n"
                "Read pip's message above; check the connection, or set PIP_INDEX_URL to an index that can be reached.",
                file=sys.stderr,
            )
            return 2
        (folder / "complete").write_text("")
    print(interpreter(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
