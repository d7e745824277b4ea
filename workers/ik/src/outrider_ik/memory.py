"""How much memory this process may still take."""

from pathlib import Path

PLENTY = 1 << 62
SYSTEM = Path("/proc/meminfo")
GROUPS = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"), Path("/sys/fs/cgroup/memory/memory.usage_in_bytes")),
)
"""Limit and use of the group of processes (a container), by both versions of Linux's control groups."""


def free_bytes() -> int:
    """What the system and the group of this process have left; much where neither says so."""
    return min([available(SYSTEM), *(left(limit, used) for limit, used in GROUPS)])


def available(file: Path) -> int:
    for line in lines_of(file):
        name, _, rest = line.partition(":")
        if name == "MemAvailable":
            return int(rest.split()[0]) << 10
    return PLENTY


def left(limit: Path, used: Path) -> int:
    """@returns the limit less the use; a group without a limit says "max", or a number of some exabytes"""
    numbers = [line.strip() for file in (limit, used) for line in lines_of(file)[:1]]
    return int(numbers[0]) - int(numbers[1]) if len(numbers) == 2 and all(one.isdigit() for one in numbers) else PLENTY


def lines_of(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
