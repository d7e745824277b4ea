"""Brings any Python to where Sionna RT runs: a virtual environment of its own and an LLVM library. Knows nothing of maps.

The environment lies in OUTRIDER_CACHE (or `outrider` in XDG_CACHE_HOME or ~/.cache), folder `sionna`, and is made again
when requirements.txt changes.
"""

import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from refusal import Refusal

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
LOWEST_PYTHON = (3, 11)
ENVIRONMENT_BYTES = 1_500_000_000
"""What the packages (0.7 GB), pip's download cache and its temporary files need."""

LOWEST_LLVM = (15,)
"""Dr.Jit refuses older ones."""
LLVM_PATTERNS = (
    "/usr/lib/*/libLLVM*.so*",
    "/usr/lib/llvm-*/lib/libLLVM*.so*",
    "/usr/lib*/libLLVM*.so*",
    "/usr/local/lib/libLLVM*.so*",
    "/opt/homebrew/opt/llvm/lib/libLLVM*.dylib",
    "/usr/local/opt/llvm/lib/libLLVM*.dylib",
)


def enter() -> None:
    """Returns inside the environment, with DRJIT_LIBLLVM_PATH set; elsewhere starts this program again inside it."""
    library = find_llvm()
    folder = (cache_directory() / "sionna").resolve()
    python = folder / "bin" / "python"
    if Path(sys.prefix).resolve() == folder.resolve():
        os.environ["DRJIT_LIBLLVM_PATH"] = library
        return
    if sys.version_info < LOWEST_PYTHON:
        raise Refusal(
            f"Python {sys.version_info.major}.{sys.version_info.minor} is too old for sionna-rt",
            f"Use Python {LOWEST_PYTHON[0]}.{LOWEST_PYTHON[1]} or newer.",
        )
    prepare(folder, python)
    os.environ["DRJIT_LIBLLVM_PATH"] = library
    os.execv(python, [str(python), *sys.argv])


def prepare(folder: Path, python: Path) -> None:
    """Makes the environment unless it stands already, made from these very requirements."""
    stamp = folder / "requirements.sha256"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted and python.exists():
        return
    require_space(folder, ENVIRONMENT_BYTES, "another disk, by OUTRIDER_CACHE")
    print("setting up Sionna RT (0.7 GB, about a minute)", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        venv.create(folder, with_pip=True)
    except subprocess.CalledProcessError as error:
        raise Refusal("Python could not make a virtual environment", "On Debian: apt-get install python3-venv") from error
    # Isolated and in a folder of its own: no module of the reader's folder stands in for one of pip's.
    command = [python, "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run([*command, "--require-hashes", "-r", REQUIREMENTS.resolve()], stdout=sys.stderr, cwd=folder).returncode != 0:
        raise Refusal("pip could not install the packages of sionna/requirements.txt", "Read pip's message above, then try again.")
    stamp.write_text(wanted)


def find_llvm(patterns: tuple[str, ...] = LLVM_PATTERNS) -> str:
    """Path of the LLVM library that Dr.Jit compiles with: DRJIT_LIBLLVM_PATH, else the newest that is installed."""
    given = os.environ.get("DRJIT_LIBLLVM_PATH", "")
    if given:
        if not Path(given).is_file():
            raise Refusal(f"DRJIT_LIBLLVM_PATH names no file: {given}", "Unset it, or name the libLLVM library itself.")
        return given
    found = [file for pattern in patterns for file in glob.glob(pattern) if not (0,) < llvm_version(file) < LOWEST_LLVM]
    if not found:
        raise Refusal(
            f"Sionna RT needs an LLVM library of version {LOWEST_LLVM[0]} or newer to run on a CPU, and none is installed",
            "On Debian and Ubuntu: apt-get install libllvm19 (macOS: brew install llvm)",
        )
    return max(found, key=lambda file: (llvm_version(file), file))


def llvm_version(file: str) -> tuple[int, ...]:
    """Version in a library's file name ("libLLVM.so.19.1" and "libLLVM-19.so": 19...), (0,) where there is none."""
    return tuple(int(part) for part in re.findall(r"\d+", Path(file).name)) or (0,)


def cache_directory() -> Path:
    """As the command line has it: OUTRIDER_CACHE, or `outrider` in XDG_CACHE_HOME or in ~/.cache."""
    own, shared = os.environ.get("OUTRIDER_CACHE", ""), os.environ.get("XDG_CACHE_HOME", "")
    if own:
        return Path(own).resolve()
    return (Path(shared) if shared.startswith("/") else Path.home() / ".cache") / "outrider"


def require_space(folder: Path, wanted_bytes: int, elsewhere: str) -> None:
    """Refuses where the disk of `folder` (it need not exist yet) has no room for that many bytes."""
    standing = folder.resolve()
    while not standing.exists():
        standing = standing.parent
    free_bytes = shutil.disk_usage(standing).free
    if free_bytes < wanted_bytes:
        raise Refusal(
            f"not enough disk: {wanted_bytes / 1e6:.0f} MB are needed, {free_bytes / 1e6:.0f} MB are free",
            f"Free some space, or use {elsewhere}.",
        )
