"""All that Sionna RT does for us: a scene's surface, what sees what, the gains of one site over a map, and single paths.

Import it only inside the environment (environment.enter). One thread: sums of floating point numbers then always run in the
same order, and the same seed gives the same bytes.
"""

import os
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import drjit
import mitsuba
import numpy as np

from environment import llvm_version
from grid import Grid
from refusal import Refusal
from sites import Site

try:
    mitsuba.set_variant("llvm_ad_mono_polarized")
    drjit.set_thread_count(1)
    import sionna.rt as rt
except Exception as error:
    raise Refusal(f"Sionna RT does not start: {str(error).splitlines()[0]}", "Set DRJIT_LIBLLVM_PATH to an LLVM library of version 15 or newer, for this processor.") from error

DEVICE_HEIGHT_METRES = 1.5
ABOVE_ALL_METRES = 1000.0
GROUND_METRES = 0.5
"""What rises less than this above z = 0 is ground."""

MAP_INTERACTIONS = dict(los=True, specular_reflection=True, diffuse_reflection=False, refraction=False, diffraction=True, edge_diffraction=False)
"""No refraction: the scenes' buildings are hollow shells, so that a ray through one would miss all that is inside."""
INTERACTIONS_IN_WORDS = (
    "line of sight, specular reflection, diffraction at wedges (first order); no scattering, nothing through walls;"
    " isotropic antennas, vertical polarisation"
)


def software() -> dict[str, str]:
    """Versions of everything that a gain depends on."""
    library = Path(os.environ["DRJIT_LIBLLVM_PATH"])
    names = ("sionna-rt", "mitsuba", "drjit")
    return {**{name: version(name) for name in names}, "llvm": ".".join(map(str, llvm_version(library.name)))}


def scene_names() -> list[str]:
    """The scenes that come with Sionna RT."""
    return sorted(name for name in dir(rt.scene) if str(getattr(rt.scene, name)).endswith(".xml"))


def interactions(scattering: float) -> dict[str, bool]:
    """What rays do, for a share of the reflected field that surfaces scatter."""
    return {**MAP_INTERACTIONS, "diffuse_reflection": scattering > 0}


def interactions_in_words(scattering: float) -> str:
    if scattering == 0:
        return INTERACTIONS_IN_WORDS
    return INTERACTIONS_IN_WORDS.replace("no scattering", f"diffuse (Lambertian) scattering with S = {scattering:g}")


def load(name: str, frequency: float, scattering: float = 0.0) -> "rt.Scene":
    """A scene with one vertical isotropic antenna on each side. `frequency` in Hz; `scattering`: S of all surfaces, the share of the
    reflected field (not power) that is scattered in all directions (Degli-Esposti et al. 2007)."""
    if name not in scene_names():
        raise Refusal(f'there is no scene "{name}"', f"Scenes: {', '.join(scene_names())}")
    try:
        scene = rt.load_scene(getattr(rt.scene, name))
        scene.frequency = frequency
    except ValueError as error:
        raise Refusal(f"{name} can't be used at {frequency / 1e9:g} GHz: {error}", "Choose another --frequency, or another scene.") from error
    if scattering > 0:
        for material in scene.radio_materials.values():
            material.scattering_coefficient = scattering
    scene.tx_array = rt.PlanarArray(num_rows=1, num_cols=1, pattern="iso", polarization="V")
    scene.rx_array = scene.tx_array
    return scene


def corners(scene: "rt.Scene") -> tuple[tuple[float, float], tuple[float, float]]:
    """Smallest and largest x, y of the scene, metres."""
    box = scene.mi_scene.bbox()
    return (float(box.min.x), float(box.min.y)), (float(box.max.x), float(box.max.y))


def surface_heights(scene: "rt.Scene", x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Height of what rain would hit there, metres; infinity where there is nothing at all. x, y: same shape."""
    start = mitsuba.Point3f(float_row(x), float_row(y), ABOVE_ALL_METRES)
    hit = scene.mi_scene.ray_intersect(mitsuba.Ray3f(start, mitsuba.Vector3f(0, 0, -1)))
    heights = np.where(hit.is_valid().numpy(), ABOVE_ALL_METRES - hit.t.numpy(), np.inf)
    return heights.reshape(np.shape(x))


def ground_cells(scene: "rt.Scene", grid: Grid, points: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Two masks [rows, columns], by points * points points spread over each cell: all of it is open ground; a building stands
    on some of it. Neither holds beyond the scene's ground."""
    offsets = (np.arange(points) + 0.5) / points * grid.cell
    x = grid.x + (np.arange(grid.columns)[:, None] * grid.cell + offsets).ravel()
    y = grid.y + (np.arange(grid.rows)[:, None] * grid.cell + offsets).ravel()
    heights = surface_heights(scene, *np.meshgrid(x, y)).reshape(grid.rows, points, grid.columns, points)
    is_free = (heights < GROUND_METRES).all(axis=(1, 3))
    is_built = ((heights >= GROUND_METRES) & np.isfinite(heights)).any(axis=(1, 3))
    return is_free, is_built


def seen_from(scene: "rt.Scene", site: Site, x: np.ndarray, y: np.ndarray, farthest: float) -> np.ndarray:
    """Which positions at a device's height have a free line to the site, not longer than `farthest` metres."""
    towards = np.stack([x - site.x, y - site.y, np.full_like(x, DEVICE_HEIGHT_METRES - site.z)])
    start = mitsuba.Point3f(site.x, site.y, site.z)
    ray = mitsuba.Ray3f(start, mitsuba.Vector3f(towards.astype(np.float32)), maxt=0.9999, time=0, wavelengths=[])
    return ~scene.mi_scene.ray_test(ray).numpy() & (np.hypot(*towards[:2]) <= farthest)


def site_gains(scene: "rt.Scene", site: Site, grid: Grid, depth: int, samples: int, seed: int, scattering: float = 0.0) -> np.ndarray:
    """[rows, columns]: mean over the cell of the sum of |a|^2 over all paths, linear."""
    scene.add(rt.Transmitter(site.name, position=[site.x, site.y, site.z]))
    size = grid.columns * grid.cell, grid.rows * grid.cell
    centre = grid.x + size[0] / 2, grid.y + size[1] / 2, DEVICE_HEIGHT_METRES
    try:
        radio_map = rt.RadioMapSolver()(
            scene,
            center=mitsuba.Point3f(*centre),
            orientation=mitsuba.Point3f(0, 0, 0),
            size=mitsuba.Point2f(*size),
            cell_size=mitsuba.Point2f(grid.cell, grid.cell),
            samples_per_tx=samples,
            max_depth=depth,
            seed=seed,
            **interactions(scattering),
        )
        return radio_map.path_gain.numpy()[0][: grid.rows, : grid.columns]
    finally:
        scene.remove(site.name)


def path_gains(scene: "rt.Scene", site: Site, points: Sequence[tuple[float, float]], depth: int, samples: int, seed: int) -> np.ndarray:
    """[points]: sum of |a|^2 over the paths that the path solver finds to each point, linear; 0 where it finds none."""
    scene.add(rt.Transmitter(site.name, position=[site.x, site.y, site.z]))
    names = [f"point-{index}" for index in range(len(points))]
    for name, (x, y) in zip(names, points):
        scene.add(rt.Receiver(name, position=[x, y, DEVICE_HEIGHT_METRES]))
    try:
        solver = rt.PathSolver(deterministic=True)
        paths = solver(scene, max_depth=depth, samples_per_src=samples, max_num_paths_per_src=1_000_000, seed=seed, **MAP_INTERACTIONS)
        real, imaginary = (part.numpy().astype(np.float64) for part in paths.a)
        return (real**2 + imaginary**2).reshape(len(points), -1).sum(axis=1)
    finally:
        for name in (site.name, *names):
            scene.remove(name)


def float_row(values: np.ndarray) -> np.ndarray:
    """Mitsuba takes flat single-precision arrays."""
    return np.ravel(values).astype(np.float32)
