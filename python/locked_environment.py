"""Python environments with the packages of one list, whose files have hashes. The scripts `setup.py` below this folder make them.

They lie in the user's cache, as that of the draft pipeline (drafts/setup.py), and are taken up, not made again, when they are complete.
"""

import hashlib
import os
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TORCH = ROOT / "drafts" / "torch.txt"
sys.path.insert(0, str(ROOT / "drafts"))
# The script that was started is called setup as well.
sys.modules.pop("setup", None)

from setup import install, interpreter, is_complete  # noqa: E402  (drafts/setup.py)


def cache_folder() -> Path:
    base = os.environ.get("OUTRIDER_CACHE")
    cache = Path(base) if base else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "outrider"
    return cache.resolve()


def mark_of(requirements: Path) -> str:
    return hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]


def environment_folder(name: str, requirements: Path, label: str = "python") -> Path:
    """Lies below the folder `name` of the cache, one for each version of the list."""
    return cache_folder() / name / f"{label}-{mark_of(requirements)}"


def fill(folder: Path, requirements: Path, flags: tuple[str, ...] = (), unhashed: Path | None = None) -> bool:
    """Makes the environment from nothing; `flags` are pip's, `unhashed` is a list without hashes beside. Says what failed."""
    print(f"setting up {folder}", file=sys.stderr)
    venv.create(folder, with_pip=True, clear=True)
    more = [] if unhashed is None else [("-r", unhashed)]
    if not all(install(folder, *what) for what in [(*flags, "--require-hashes", "-r", requirements), *more]):
        print(
            f"pip could not install the packages of {requirements.relative_to(ROOT).as_posix()}\n"
            "Read pip's message above; check the connection, or set PIP_INDEX_URL to an index that can be reached.",
            file=sys.stderr,
        )
        return False
    (folder / "complete").write_text(mark_of(requirements))
    return True


def set_up(
    name: str, requirements: Path, label: str = "python", flags: tuple[str, ...] = (), unhashed: Path | None = None
) -> int:
    """Prints the path of the interpreter. `flags` and `unhashed` as of `fill`. Returns the exit status."""
    if sys.version_info < (3, 11):  # noqa: UP036
        print(f"Python {sys.version.split()[0]} is too old\nUse Python 3.11 or newer.", file=sys.stderr)
        return 2
    folder = environment_folder(name, requirements, label)
    if not (is_complete(folder) or fill(folder, requirements, flags, unhashed)):
        return 2
    print(interpreter(folder))
    return 0
