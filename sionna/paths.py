#!/usr/bin/env python3
"""Checks a map against Sionna's own path solver at random street points: maps/NAME.paths.json, and the difference in dB.

    python3 sionna/paths.py maps/munich --points 200 --samples 1e5 --seed 1
    python3 sionna/paths.py maps/munich --points 20 --mean-of 5       the mean of 5 x 5 points of each cell; writes no file

The map's value is a mean over the cell, found by counting rays; a path's gain is that of one point, found by exact geometry.
`--mean-of` takes the first of the two causes away: what is left is the noise of the counting, and paths that one of them missed.
"""

import argparse
import math
import random
from pathlib import Path
from statistics import median, quantiles

import environment
from grid import Grid
from map_file import FLOOR_DB, GAIN_UNIT_DB, NO_ENERGY, json_bytes, paths_file, read_map, replace
from progress import Progress
from refusal import Refusal, run
from sites import Site


MOST_RECORDS = 50_000_000
"""At 200 bytes each, 10 GB."""


def main() -> None:
    settings = parse()
    try:
        header, gains, streets = read_map(settings.map)
    except (OSError, ValueError, KeyError) as error:
        raise Refusal(f"can't read the map {settings.map}: {error}", "Name it without ending: maps/munich") from error
    environment.enter()
    import tracing

    grid = Grid(*header["origin"], header["cellMetres"], header["rows"], header["columns"])
    sites = [Site(**site) for site in header["sites"]]
    cells, points = draw_points(grid, streets, settings.points, settings.seed)
    asked = points if settings.mean_of is None else [at for cell in cells for at in points_of_cell(grid, cell, settings.mean_of)]
    scene = tracing.load(header["scene"], header["frequencyHz"])
    found, progress = [], Progress("sites", len(sites))
    for done, site in enumerate(sites):
        found.append(tracing.path_gains(scene, site, asked, header["maxDepth"], settings.samples, settings.seed + done))
        progress.advance()
    in_cell = len(asked) // len(points)
    paths = [[decibel(sum(row[i * in_cell : (i + 1) * in_cell]) / in_cell) for row in found] for i in range(len(points))]
    if settings.mean_of is None:
        document = {
            "map": settings.map.name,
            "mapSha256": header["bodySha256"],
            "software": tracing.software(),
            "interactions": header["interactions"],
            "seed": settings.seed,
            "maxDepth": header["maxDepth"],
            "samples": settings.samples,
            "points": [{"x": x, "y": y, "gainDb": row} for (x, y), row in zip(points, paths)],
        }
        replace(paths_file(settings.map), json_bytes(document))
    in_map = [[None if site[cell] == NO_ENERGY else site[cell] * GAIN_UNIT_DB for site in gains] for cell in cells]
    print("\n".join(comparison_lines(in_map, paths)))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Checks a map against Sionna's path solver.")
    parser.add_argument("map", type=Path, help="the map without ending: maps/munich")
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--samples", type=float, default=1e5, help="rays a site that look for paths (1e5)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mean-of", type=int, help="compare with the mean of N x N points of the cell, write no file")
    settings = parser.parse_args()
    if not 1 <= settings.points <= 10_000 or not 1_000 <= settings.samples <= 100_000_000:
        raise Refusal("--points or --samples is outside what is allowed", "Choose 1 to 10000 points and 1e3 to 1e8 samples.")
    if settings.mean_of is not None and not 1 <= settings.mean_of <= 20:
        raise Refusal(f"--mean-of is {settings.mean_of}", "Choose 1 to 20.")
    settings.samples = int(settings.samples)
    in_cell = 1 if settings.mean_of is None else settings.mean_of**2
    # The deterministic solver keeps a record of every ray for every point.
    if settings.samples * settings.points * in_cell > MOST_RECORDS:
        raise Refusal(
            f"{settings.points * in_cell} points with {settings.samples:g} rays need more than 10 GB of memory",
            f"Use --samples {MOST_RECORDS // (settings.points * in_cell):g} or fewer points.",
        )
    return settings


def draw_points(grid: Grid, streets: list[bool], count: int, seed: int) -> tuple[list[int], list[tuple[float, float]]]:
    """Different street cells, and a point in each; metres, rounded to millimetres. Same seed, same points."""
    cells = [index for index, is_street in enumerate(streets) if is_street]
    if len(cells) < count:
        raise Refusal(f"the map has {len(cells)} street cells, {count} are asked for", f"Use --points {len(cells)} or fewer.")
    chance = random.Random(seed)
    drawn = chance.sample(cells, count)
    points = []
    for cell in drawn:
        x, y = grid.centre(cell)
        dx, dy = (grid.cell * (0.1 + 0.8 * chance.random() - 0.5) for _ in range(2))
        points.append((round(x + dx, 3), round(y + dy, 3)))
    return drawn, points


def points_of_cell(grid: Grid, cell: int, side: int) -> list[tuple[float, float]]:
    """side * side points, spread evenly over the cell."""
    x, y = grid.centre(cell)
    offsets = [grid.cell * ((index + 0.5) / side - 0.5) for index in range(side)]
    return [(x + dx, y + dy) for dy in offsets for dx in offsets]


def decibel(linear: float) -> float | None:
    """Rounded to 0.01; None for no path and for less than the map's floor."""
    if linear <= 0 or 10 * math.log10(linear) < FLOOR_DB:
        return None
    return round(10 * math.log10(linear), 2)


def comparison_lines(in_map: list[list[float | None]], paths: list[list[float | None]]) -> list[str]:
    """`in_map`, `paths` [points][sites]: how far the map is from the paths (map less path, dB)."""
    links = [pair for ours, theirs in zip(in_map, paths) for pair in zip(ours, theirs)]
    best = [pair for ours, theirs in zip(in_map, paths) for pair in [strongest(ours, theirs)] if pair is not None]
    both = sum(None not in pair for pair in links)
    only_map = sum(theirs is None and ours is not None for ours, theirs in links)
    only_paths = sum(ours is None and theirs is not None for ours, theirs in links)
    strong = [pair for pair in links if pair[1] is not None and pair[1] >= -110]
    return [
        f"links: {len(links)}; in both {both}, in the map only {only_map}, in the paths only {only_paths}",
        spread_line("all links", links),
        spread_line("links above -110 dB", strong),
        spread_line("best site of each point", best),
    ]


def strongest(ours: list[float | None], theirs: list[float | None]) -> tuple[float | None, float | None] | None:
    """The pair of the site with the strongest path, None where there is no path at all."""
    heard = [site for site, gain in enumerate(theirs) if gain is not None]
    return None if not heard else max(((ours[site], theirs[site]) for site in heard), key=lambda pair: pair[1])


def spread_line(name: str, pairs: list[tuple[float | None, float | None]]) -> str:
    differences = [ours - theirs for ours, theirs in pairs if ours is not None and theirs is not None]
    if len(differences) < 10:
        return f"{name}: only {len(differences)} pairs"
    tenths = quantiles(differences, n=10)
    return (
        f"{name}: map less path, {len(differences)} pairs: median {median(differences):+.2f} dB,"
        f" p10 {tenths[0]:+.2f}, p90 {tenths[-1]:+.2f}, median of the size {median(map(abs, differences)):.2f}"
    )


if __name__ == "__main__":
    run(main)
