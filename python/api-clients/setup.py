"""Makes the Python environments of the clients that `outrider trial api` calls: `python3 python/api-clients/setup.py [LIST...]`.

A list is a file of packages here, without ".txt"; default: those of every run. Prints the path of the interpreter of each. They lie in the
user's cache, as that of the draft pipeline (drafts/setup.py), and are taken up, not made again, when they are complete.
"""

import hashlib
import os
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
USUAL = ["openai", "agents"]
# This file is called setup as well: the pipeline's folder comes first.
sys.path.insert(0, str(HERE.parent.parent / "drafts"))
sys.modules.pop("setup", None)

from setup import install, interpreter, is_complete  # noqa: E402  (drafts/setup.py)


def environment_folder(name: str) -> Path:
    """The environment for the versions of this list."""
    base = os.environ.get("OUTRIDER_CACHE")
    cache = Path(base) if base else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "outrider"
    mark = hashlib.sha256((HERE / f"{name}.txt").read_bytes()).hexdigest()[:12]
    return cache.resolve() / "api-clients" / f"{name}-{mark}"


def main() -> int:
    if sys.version_info < (3, 11):  # noqa: UP036
        print(f"Python {sys.version.split()[0]} is too old\nUse Python 3.11 or newer.", file=sys.stderr)
        return 2
    for name in sys.argv[1:] or USUAL:
        if not (HERE / f"{name}.txt").exists():
            known = ", ".join(sorted(file.stem for file in HERE.glob("*.txt")))
            print(f"there is no list of packages {name}\nName some of {known}.", file=sys.stderr)
            return 2
        folder = environment_folder(name)
        if not is_complete(folder):
            print(f"setting up {folder}", file=sys.stderr)
            venv.create(folder, with_pip=True, clear=True)
            # Most modules are never imported: compiling them all would take longer than the download.
            if not install(folder, "--no-compile", "--require-hashes", "-r", HERE / f"{name}.txt"):
                print(
                    f"pip could not install the packages of python/api-clients/{name}.txt\n"
                    "Read pip's message above; check the connection, or set PIP_INDEX_URL to an index that can be reached.",
                    file=sys.stderr,
                )
                return 2
            (folder / "complete").write_text("")
        print(interpreter(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
