"""The cells of a map: where each lies. Rows grow with y, columns with x; cells are numbered row * columns + column."""

import math
from dataclasses import dataclass

from refusal import Refusal

LARGEST_BODY_BYTES = 32 * 2**20
"""A map is read whole, by every simulator run and test."""


@dataclass(frozen=True)
class Grid:
    """`x`, `y`: outer corner of cell 0, metres. `cell`: side of a cell, metres."""

    x: float
    y: float
    cell: float
    rows: int
    columns: int

    @property
    def cell_count(self) -> int:
        return self.rows * self.columns

    def centre(self, index: int) -> tuple[float, float]:
        """Of a cell, metres."""
        row, column = divmod(index, self.columns)
        return self.x + (column + 0.5) * self.cell, self.y + (row + 0.5) * self.cell

    def index(self, x: float, y: float) -> int:
        """The cell that a position lies in; the position lies inside the grid."""
        return int((y - self.y) // self.cell) * self.columns + int((x - self.x) // self.cell)


def grid_over(low: tuple[float, float], high: tuple[float, float], cell: float, site_count: int) -> Grid:
    """The grid that covers a scene. Refuses cells so small that the map would not be read any more."""
    if not math.isfinite(cell) or cell < 0.5 or cell > 100:
        raise Refusal(f"--cell is {cell:g} m", "Choose a cell size from 0.5 to 100 m; 5 m suits a city.")
    columns = math.ceil((high[0] - low[0]) / cell)
    rows = math.ceil((high[1] - low[1]) / cell)
    size = 2 * rows * columns * site_count
    if size > LARGEST_BODY_BYTES:
        smallest = math.ceil(10 * cell * math.sqrt(size / LARGEST_BODY_BYTES)) / 10
        raise Refusal(
            f"cells of {cell:g} m and {site_count} sites make a map of {size / 1e6:.0f} MB; {LARGEST_BODY_BYTES / 1e6:.0f} MB is the most",
            f"Use --cell {smallest:g} or more, or fewer sites.",
        )
    return Grid(x=round(low[0], 3), y=round(low[1], 3), cell=cell, rows=rows, columns=columns)
