"""How much memory this process may still take. What files occupy in memory counts as free, because the system gives it back when it is
asked for: the rule of src/models/files/free-memory.ts."""

from pathlib import Path

PLENTY = 1 << 62
SYSTEM = Path("/proc/meminfo")
ROOT = Path("/sys/fs/cgroup")


def lines_of(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []


def groups_of(lines: list[str], root: Path = ROOT) -> list[tuple[Path, Path]]:
    """Limit and use of each control group (a container) that may limit memory: those of `/proc/self/cgroup`, and the groups around them.

    @param lines such as "0::/user/job" of the second version, "4:cpu,memory:/job" of the first
    """
    found = []
    for _, controllers, group in (line.split(":", 2) for line in lines if line.count(":") >= 2):
        if controllers and "memory" not in controllers.split(","):
            continue
        top, names = (root / "memory", ("limit_in_bytes", "usage_in_bytes")) if controllers else (root, ("max", "current"))
        place = top / group.strip("/")
        for folder in (place, *(one for one in place.parents if one == top or top in one.parents)):
            found.append((folder / f"memory.{names[0]}", folder / f"memory.{names[1]}"))
    return found


GROUPS = groups_of(lines_of(Path("/proc/self/cgroup")))


def free_bytes() -> int:
    """What the system and the groups of this process have left; much where none of them says so."""
    return min([available(SYSTEM), *(left(limit, used) for limit, used in GROUPS)])


def available(file: Path) -> int:
    kibibytes = numbers_of(file, ":").get("MemAvailable")
    return PLENTY if kibibytes is None else kibibytes << 10


def left(limit: Path, used: Path) -> int:
    """@returns the limit less what is used and can't be given back; a group without a limit says "max", or a number of some exabytes"""
    numbers = [line.strip() for file in (limit, used) for line in lines_of(file)[:1]]
    if len(numbers) != 2 or not all(one.isdigit() for one in numbers):
        return PLENTY
    most, taken = map(int, numbers)
    statistics = numbers_of(limit.with_name("memory.stat"))
    # The first version counts a group without those in it, and with them as "total".
    files = sum(statistics.get(f"total_{name}", statistics.get(name, 0)) for name in ("inactive_file", "active_file"))
    return max(0, most - max(0, taken - files))


def numbers_of(file: Path, after_name: str = "") -> dict[str, int]:
    """Of lines of a name and a number; a unit may follow."""
    words = (line.split() for line in lines_of(file))
    return {one[0].removesuffix(after_name): int(one[1]) for one in words if len(one) > 1 and one[1].isdigit()}
