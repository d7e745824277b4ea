"""Which cells people can walk on, from what stands on the ground. Knows neither Sionna nor radio.

A street cell has no building anywhere in it, lies in the built-up part of the scene, and belongs to the largest group of such
cells that hang together by their sides: from any of them every other can be reached on foot.
"""

import numpy as np
from scipy import ndimage

CLOSING_METRES = 60
"""Gaps between buildings up to twice this wide (squares, rivers) are part of the town."""
MARGIN_METRES = 15
"""How far the town reaches beyond its outer buildings: as far as the pavement in front of them."""


def street_cells(is_free: np.ndarray, is_built: np.ndarray, cell: float) -> np.ndarray:
    """`is_free`, `is_built` [rows, columns]: the cell is open ground; a building stands on it. Returns the street cells."""
    walkable = is_free & built_up(is_built, cell)
    label, count = ndimage.label(walkable)
    if count == 0:
        return walkable
    sizes = np.bincount(label.ravel())
    sizes[0] = 0
    return label == sizes.argmax()


def built_up(is_built: np.ndarray, cell: float) -> np.ndarray:
    """The town: buildings, the gaps between them, and a margin. Scenes have bare ground around it that is no street."""
    if not is_built.any():
        return np.ones_like(is_built)
    border = int(np.ceil(CLOSING_METRES / cell)) + 1
    padded = np.pad(is_built, border)
    grown = ndimage.distance_transform_edt(~padded) * cell <= CLOSING_METRES
    town = ndimage.distance_transform_edt(grown) * cell > CLOSING_METRES - MARGIN_METRES
    return town[border:-border, border:-border]


def beside_buildings(is_street: np.ndarray) -> np.ndarray:
    """The street cells with a cell beside them that is none: where lamp posts stand."""
    return is_street & ndimage.binary_dilation(~is_street)
