"""Makes the pipeline's own Python environment: `python3 drafts/setup.py`. Prints the path of its interpreter.

It lies in the user's cache and is taken up, not made again, when it is complete. Packages come from where pip is set to.
"""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
REQUIREMENTS = [HERE / "requirements.txt", HERE / "torch.txt"]


def environment_folder() -> Path:
    """The environment for these versions of the lists of packages."""
    base = os.environ.get("OUTRIDER_CACHE")
    cache = Path(base) if base else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "outrider"
    mark = hashlib.sha256(b"".join(file.read_bytes() for file in REQUIREMENTS)).hexdigest()[:12]
    return cache.resolve() / "drafts" / f"python-{mark}"


def interpreter(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def is_complete(folder: Path) -> bool:
    return (folder / "complete").is_file()


def install(folder: Path, *what: str | Path) -> bool:
    """Isolated and in a folder of its own: no module of the reader's folder stands in for one of pip's."""
    pip = [interpreter(folder), "-I", "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
    return subprocess.run([*pip, *what], stdout=sys.stderr, check=False, cwd=folder).returncode == 0


def main() -> int:
    if sys.version_info < (3, 11):  # noqa: UP036
        print(f"Python {sys.version.split()[0]} is too old\nUse Python 3.11 or newer.", file=sys.stderr)
        return 2
    folder = environment_folder()
    if not is_complete(folder):
        print(f"setting up {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        if not (install(folder, "--require-hashes", "-r", REQUIREMENTS[0]) and install(folder, "-r", REQUIREMENTS[1])):
            print(
                "pip could not install the packages of drafts/requirements.txt and drafts/torch.txt\n"
                "Read pip's message above; check the connection, or set PIP_INDEX_URL to an index that can be reached.",
                file=sys.stderr,
            )
            return 2
        (folder / "complete").write_text("")
    print(interpreter(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
