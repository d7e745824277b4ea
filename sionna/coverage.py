#!/usr/bin/env python3
"""How much of the streets each site of a map reaches. Only the standard library: python3 sionna/coverage.py maps/munich"""

import sys
from pathlib import Path
from statistics import median

from map_file import NO_ENERGY, read_map, unpack_gain
from refusal import Refusal, run


def coverage_lines(out: Path) -> list[str]:
    """One line a site, and one for all."""
    header, gains, streets = read_map(out)
    cells = [index for index, is_street in enumerate(streets) if is_street]
    lines = [f"{'site':<6} {'covered':>8} {'median dB':>10} {'best on':>8}"]
    best = [max(range(len(gains)), key=lambda site: gains[site][cell]) for cell in cells]
    for site, place in enumerate(header["sites"]):
        reached = [gains[site][cell] for cell in cells if gains[site][cell] != NO_ENERGY]
        share, served = len(reached) / len(cells), best.count(site) / len(cells)
        middle = unpack_gain(int(median(reached))) if reached else float("nan")
        lines.append(f"{place['name']:<6} {share:>8.1%} {middle:>10.1f} {served:>8.1%}")
    counts = [sum(site[cell] != NO_ENERGY for site in gains) for cell in cells]
    covered = sum(count > 0 for count in counts) / len(cells)
    lines.append(f"{len(cells)} street cells of {header['cellMetres']:g} m: {covered:.2%} covered, by {sum(counts) / len(cells):.1f} sites on average")
    return lines


def main() -> None:
    if len(sys.argv) != 2:
        raise Refusal("one argument is needed: the map", "python3 sionna/coverage.py maps/munich")
    try:
        print("\n".join(coverage_lines(Path(sys.argv[1]))))
    except (OSError, ValueError, KeyError) as error:
        raise Refusal(f"can't read the map {sys.argv[1]}: {error}", "Name it without ending: maps/munich") from error


if __name__ == "__main__":
    run(main)
