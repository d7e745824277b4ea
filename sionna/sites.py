"""Where edge sites stand: read from a file, or chosen so that few of them see many streets. Only the standard library."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from refusal import Refusal

MOST_SITES = 100


@dataclass(frozen=True)
class Site:
    """Metres, in the scene's own axes; `z` is the antenna's height above the ground."""

    name: str
    x: float
    y: float
    z: float

    def fields(self) -> dict:
        """As it stands in a header."""
        return asdict(self)


def automatic_count(choice: str) -> int | None:
    """The N of "auto:N", None for a file name."""
    if not choice.startswith("auto:"):
        return None
    number = choice.removeprefix("auto:")
    if not number.isdecimal() or not 1 <= int(number) <= MOST_SITES:
        raise Refusal(f'--sites "{choice}" names no number of sites', f"Use auto:1 to auto:{MOST_SITES}, or a file.")
    return int(number)


def read_sites(file: Path) -> list[Site]:
    """A JSON file with {"sites": [{name, x, y, z}]}; the header of a map is one."""
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))["sites"]
    except OSError as error:
        raise Refusal(f"can't read the sites file {file}", "Name a JSON file, or use --sites auto:20.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise Refusal(f"{file} holds no list of sites", 'It has to be {"sites": [{"name", "x", "y", "z"}, ...]}.') from error
    if not isinstance(entries, list) or not 1 <= len(entries) <= MOST_SITES:
        raise Refusal(f"{file} does not hold 1 to {MOST_SITES} sites", "Shorten or fill the list.")
    sites = [read_site(file, index, entry) for index, entry in enumerate(entries)]
    names = [site.name for site in sites]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise Refusal(f'{file} has two sites named "{twice}"', "Give each a name of its own.")
    return sites


def read_site(file: Path, index: int, entry: object) -> Site:
    """One entry of the list."""
    fields = entry if isinstance(entry, dict) else {}
    name, position = fields.get("name"), [fields.get(axis) for axis in "xyz"]
    is_position = all(isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) for value in position)
    if not isinstance(name, str) or not name or not is_position:
        raise Refusal(f"site {index} of {file} is not {{name, x, y, z}}", "Give it a name and three numbers, in metres.")
    return Site(name, *(float(value) for value in position))


def choose(seen_from: Sequence[int], count: int) -> list[int]:
    """Greedy cover: each next site is the one that sees the most cells that none before has seen.

    `seen_from`: for each candidate, the cells that it sees, as bits of one integer. Returns indices, ties to the lowest. Once
    nothing new can be seen, the cells are covered a second time, and so on: then people have a choice of sites.
    """
    chosen: list[int] = []
    seen = 0
    while len(chosen) < min(count, len(seen_from)):
        news = [-1 if index in chosen else (cells & ~seen).bit_count() for index, cells in enumerate(seen_from)]
        best = max(range(len(news)), key=lambda index: (news[index], -index))
        if news[best] == 0 and seen != 0:
            seen = 0
            continue
        chosen.append(best)
        seen |= seen_from[best]
    return chosen


def improve(chosen: Sequence[int], seen_from: Sequence[int]) -> list[int]:
    """Replaces one site at a time by the candidate with which all sites together see most, until no exchange adds a cell."""
    better = list(chosen)
    total = union(seen_from[index] for index in better).bit_count()
    grew = True
    while grew:
        grew = False
        for place in range(len(better)):
            others = better[:place] + better[place + 1 :]
            rest = union(seen_from[index] for index in others)
            sums = [(rest | cells).bit_count() for cells in seen_from]
            best = max(range(len(sums)), key=lambda index: (sums[index], -index))
            if sums[best] > total:
                better[place], total, grew = best, sums[best], True
    return better


def union(sets: Iterable[int]) -> int:
    """The cells of any of them."""
    together = 0
    for cells in sets:
        together |= cells
    return together
