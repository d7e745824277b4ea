"""Whether ik_llama.cpp can run here: which Python, system and processor its package is made for. It needs no package, so that set-up asks it."""

import platform
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

PACKAGE = "ik-llama-cpp-python"
KNOWN_VERSION = "0.1.5"
"""Its structures are read by their layout, which another version may have changed."""
PYTHONS = ((3, 11), (3, 12), (3, 13))
SYSTEMS = (("Linux", "x86_64"), ("Linux", "aarch64"), ("Darwin", "arm64"))
OLDEST_GLIBC = (2, 28)
NEEDED_FLAGS = ("avx2", "fma", "f16c")
"""Instructions of an x86-64 processor that the library uses without asking."""

ELSEWHERE = "Leave --engine ik out: llama.cpp runs here."


class Unfit(Exception):
    """Why it can't run here, in one line, and what to do."""

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(cause)
        self.remedy = remedy


@dataclass(frozen=True)
class Host:
    python: tuple[int, int]
    system: str
    machine: str
    libc: tuple[str, str]
    """Name and version, empty where there is none."""
    flags: frozenset[str] | None
    """Of the processor; None where the system does not list them."""
    installed: str | None
    """Version of the package."""


def this_host() -> Host:
    try:
        installed = version(PACKAGE)
    except PackageNotFoundError:
        installed = None
    return Host(sys.version_info[:2], platform.system(), platform.machine(), platform.libc_ver(), flags(), installed)


def flags() -> frozenset[str] | None:
    line = processor("flags")
    return None if line is None else frozenset(line.split())


def processor(field: str) -> str | None:
    """A line of /proc/cpuinfo."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            found = next((line for line in lines if line.split(":")[0].strip() == field), None)
    except OSError:
        return None
    return None if found is None else found.split(":", 1)[1].strip()


def demand_place(host: Host) -> None:
    """@raises Unfit where there is no package for this Python, system or processor"""
    if host.python not in PYTHONS:
        names = ", ".join(f"{major}.{minor}" for major, minor in PYTHONS)
        wheel = f"{PACKAGE} {KNOWN_VERSION} has wheels for Python {names}, not {host.python[0]}.{host.python[1]}"
        raise Unfit(wheel, "Set it up with one of these: the variable PYTHON names its path.")
    if (host.system, host.machine) not in SYSTEMS:
        raise Unfit(f"outrider-ik runs on Linux (x86-64, arm64) and macOS (arm64), not on {host.system} {host.machine}", ELSEWHERE)
    if host.system == "Linux":
        name, number = host.libc
        parts = tuple(int(part) for part in number.split(".")[:2] if part.isdigit())
        if name != "glibc" or parts < OLDEST_GLIBC:
            has = f"{name} {number}".strip() or "another C library"
            raise Unfit(f"the wheel of {PACKAGE} needs glibc 2.28 or newer, this system has {has}", ELSEWHERE)
    if host.machine == "x86_64" and host.flags is not None:
        missing = [flag for flag in NEEDED_FLAGS if flag not in host.flags]
        if missing:
            raise Unfit(f"ik_llama.cpp needs a processor with {' and '.join(missing)}", ELSEWHERE)


def demand_package(host: Host) -> None:
    """@raises Unfit"""
    if host.installed is None:
        raise Unfit(f"{PACKAGE} is not installed", f"pip install {PACKAGE}=={KNOWN_VERSION}, or: outrider engine install ik")
    if host.installed != KNOWN_VERSION:
        only = f"{PACKAGE} {host.installed} is installed; this worker knows the layouts of {KNOWN_VERSION} only"
        raise Unfit(only, f"pip install {PACKAGE}=={KNOWN_VERSION}")
