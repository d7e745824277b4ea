#!/usr/bin/env python3
"""Makes a radio map with Sionna RT: maps/NAME.map.json and maps/NAME.map.gz. One command from a bare Python.

    python3 sionna/export.py --scene munich --sites auto:20 --frequency 3.5e9 --cell 5 --samples 1e7 --seed 1 --out maps/munich
"""

import argparse
import math
import random
from pathlib import Path

import environment
from grid import Grid, grid_over
from map_file import body_bytes, body_file, header_file, pack_body, write_map
from progress import Progress
from refusal import Refusal, run
from sites import Site, automatic_count, choose, improve, read_sites

POLE_METRES = 10.0
"""Antenna height of a chosen site; that of TR 38.901 UMi street canyon."""
CANDIDATES = 1500
FARTHEST_METRES = 400.0
"""A chosen site counts the cells that it sees up to this distance."""
SHORT_LIST_FOR_ONE = 5
"""Candidates on the short list for each site wanted."""
QUICK_SAMPLES = 500_000
GOOD_GAIN = 1e-11
"""-110 dB: a sender of 16 dBm is received 10 dB above the thermal noise of 10 MHz."""
FEWEST_SAMPLES, MOST_SAMPLES = 1_000, 1_000_000_000

LICENCE = {
    "attribution": "Scene geometry: (c) OpenStreetMap contributors, by way of the scenes of Sionna RT (NVIDIA, Apache-2.0)",
    "licence": "ODbL-1.0",
}
OWN_SCENES = {"attribution": "Scene geometry: a scene of Sionna RT (NVIDIA, Apache-2.0)", "licence": "Apache-2.0"}
CITY_SCENES = ("etoile", "florence", "munich", "san_francisco")


def main() -> None:
    settings = parse()
    site_count = automatic_count(settings.sites)
    sites = None if site_count is not None else read_sites(Path(settings.sites))
    environment.enter()
    import tracing

    scene = tracing.load(settings.scene, settings.frequency, settings.scattering)
    grid = grid_over(*tracing.corners(scene), settings.cell, site_count or len(sites or ()))
    environment.require_space(settings.out.parent, 2 * body_bytes(site_count or len(sites or ()), grid.cell_count), "--out on another disk")
    streets = street_mask(scene, grid)
    if sites is None:
        sites = choose_sites(scene, grid, streets, site_count or 0, settings)
    check_sites(scene, sites)
    gains = trace(scene, sites, grid, settings)
    header = {
        "scene": settings.scene,
        "software": tracing.software(),
        "seed": settings.seed,
        "samplesPerSite": settings.samples,
        "maxDepth": settings.depth,
        "interactions": tracing.interactions_in_words(settings.scattering),
        "frequencyHz": settings.frequency,
        "cellMetres": settings.cell,
        "origin": [grid.x, grid.y],
        "rows": grid.rows,
        "columns": grid.columns,
        "heightMetres": tracing.DEVICE_HEIGHT_METRES,
        "sites": [site.fields() for site in sites],
        **(LICENCE if settings.scene in CITY_SCENES else OWN_SCENES),
    }
    write_map(settings.out, header, pack_body(gains, streets.ravel().tolist()))
    report(settings.out)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Makes a radio map with Sionna RT.")
    parser.add_argument("--scene", required=True, help="a scene of Sionna RT: munich, simple_street_canyon, ...")
    parser.add_argument("--sites", default="auto:20", help='"auto:N", or a JSON file {"sites": [{name, x, y, z}]}; a map header is one (auto:20)')
    parser.add_argument("--frequency", type=float, default=3.5e9, help="Hz (3.5e9)")
    parser.add_argument("--cell", type=float, default=5, help="side of a cell, m (5)")
    parser.add_argument("--samples", type=float, default=1e7, help="rays a site (1e7)")
    parser.add_argument("--depth", type=int, default=5, help="most interactions of a ray (5)")
    parser.add_argument("--scattering", type=float, default=0, help="S: share of the reflected field that surfaces scatter (0)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="path and name without ending: maps/munich")
    settings = parser.parse_args()
    if not FEWEST_SAMPLES <= settings.samples <= MOST_SAMPLES:
        raise Refusal(f"--samples is {settings.samples:g}", f"Choose {FEWEST_SAMPLES:g} to {MOST_SAMPLES:g}; 1e7 fills the streets of a city.")
    if not 0 <= settings.depth <= 20:
        raise Refusal(f"--depth is {settings.depth}", "Choose 0 to 20.")
    if not 0 <= settings.scattering <= 1:
        raise Refusal(f"--scattering is {settings.scattering:g}", "Choose 0 to 1; measured walls have 0.2 to 0.4.")
    if not 0 <= settings.seed < 2**31:
        raise Refusal(f"--seed is {settings.seed}", "Choose 0 to 2147483647.")
    if not (math.isfinite(settings.frequency) and 1e8 <= settings.frequency <= 1e11):
        raise Refusal(f"--frequency is {settings.frequency:g} Hz", "Give it in Hz: 3.5e9.")
    settings.samples = int(settings.samples)
    return settings


def street_mask(scene, grid: Grid):
    """[rows, columns]"""
    import streets
    import tracing

    mask = streets.street_cells(*tracing.ground_cells(scene, grid), grid.cell)
    if not mask.any():
        raise Refusal(f"the scene has no street under the open sky as wide as a cell of {grid.cell:g} m", "Use smaller cells, or another scene.")
    return mask


def choose_sites(scene, grid: Grid, mask, count: int, settings: argparse.Namespace) -> list[Site]:
    """Poles beside buildings. Those that see most make a short list; of these a quick trace tells which cells they reach, and
    which they reach well. The chosen ones together reach most, counting both. Same settings, same sites."""
    import numpy as np
    import streets
    import tracing

    cells = np.flatnonzero(mask)
    x, y = (np.array(axis) for axis in zip(*(grid.centre(int(cell)) for cell in cells)))
    candidates = [int(cell) for cell in np.flatnonzero(streets.beside_buildings(mask))]
    if len(candidates) > CANDIDATES:
        candidates = sorted(random.Random(settings.seed).sample(candidates, CANDIDATES))
    if len(candidates) < count:
        raise Refusal(f"only {len(candidates)} places for {count} sites", "Ask for fewer sites, or use smaller cells.")
    poles = [Site("candidate", *grid.centre(cell), POLE_METRES) for cell in candidates]
    seen = [as_bits(tracing.seen_from(scene, pole, x, y, FARTHEST_METRES)) for pole in poles]
    poles = [poles[index] for index in choose(seen, SHORT_LIST_FOR_ONE * count)]
    progress = Progress("candidates", len(poles))
    reached = []
    for pole in poles:
        gains = tracing.site_gains(scene, pole, grid, settings.depth, QUICK_SAMPLES, settings.seed, settings.scattering).ravel()[cells]
        reached.append(as_bits(np.concatenate([gains > 0, gains > GOOD_GAIN])))
        progress.advance()
    chosen = [poles[index] for index in improve(choose(reached, count), reached)]
    return [Site(f"es{number}", round(pole.x, 3), round(pole.y, 3), POLE_METRES) for number, pole in enumerate(chosen)]


def as_bits(flags) -> int:
    """An array of booleans as one integer."""
    import numpy as np

    return int.from_bytes(np.packbits(flags, bitorder="little").tobytes(), "little")


def check_sites(scene, sites: list[Site]) -> None:
    """Each stands inside the scene, above what is below it."""
    import numpy as np
    import tracing

    low, high = tracing.corners(scene)
    for site in sites:
        if not (low[0] < site.x < high[0] and low[1] < site.y < high[1]):
            raise Refusal(
                f"site {site.name} at ({site.x:g}, {site.y:g}) lies outside the scene",
                f"x has to be from {low[0]:.0f} to {high[0]:.0f}, y from {low[1]:.0f} to {high[1]:.0f} m.",
            )
        surface = float(tracing.surface_heights(scene, np.array([site.x]), np.array([site.y]))[0])
        if not surface < site.z < 500:
            raise Refusal(f"site {site.name} at {site.z:g} m is below the surface ({surface:.1f} m) or above 500 m", f"Set its z above {surface:.1f} m, or move it.")


def trace(scene, sites: list[Site], grid: Grid, settings: argparse.Namespace) -> list[list[float]]:
    """Gains of one site after the other, so that memory does not grow with their number."""
    import tracing

    gains, progress = [], Progress("sites", len(sites))
    for done, site in enumerate(sites):
        # Each site has rays of its own.
        one = tracing.site_gains(scene, site, grid, settings.depth, settings.samples, settings.seed + done, settings.scattering)
        gains.append(one.ravel().tolist())
        progress.advance()
    return gains


def report(out: Path) -> None:
    """Coverage and sizes of a written map, as read back."""
    from coverage import coverage_lines

    print("\n".join(coverage_lines(out)))
    print(f"{header_file(out)}, {body_file(out)} ({body_file(out).stat().st_size / 1e6:.2f} MB)")


if __name__ == "__main__":
    run(main)
