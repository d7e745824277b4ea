"""Extends a run's learning curve: `python3 drafts/curve.py curve.jsonl`. Needs no packages. `npm run figures` draws it.

Prints for each depth the gain in agreement for every doubling of the ids learnt, and where ten times the ids would lead if
that went on. Points with coarse weights are left out of the fit.
"""

import json
import math
import sys
from pathlib import Path


def by_depth(rows: list[dict]) -> dict[int, list[dict]]:
    depths: dict[int, list[dict]] = {}
    for row in rows:
        depths.setdefault(row["layers"], []).append(row)
    return depths


def fit(rows: list[dict]) -> tuple[float, float] | None:
    """Agreement = start + gain * log2(ids) by least squares over the points without coarse weights; None below three."""
    points = [(math.log2(row["ids"]), row["agreement"]) for row in rows if not row["coarse"]]
    if len(points) < 3:
        return None
    middle = sum(x for x, _ in points) / len(points)
    mean = sum(y for _, y in points) / len(points)
    gain = sum((x - middle) * (y - mean) for x, y in points) / sum((x - middle) ** 2 for x, _ in points)
    return mean - gain * middle, gain


def main(log: str) -> None:
    rows = [json.loads(line) for line in Path(log).read_text().splitlines()]
    # What a depth begins with has no place on a logarithmic axis.
    depths = by_depth([row for row in rows if row["ids"] > 0])
    for layers, rows in depths.items():
        if (line := fit(rows)) is not None:
            start, gain = line
            last = max(row["ids"] for row in rows)
            far = start + gain * math.log2(10 * last)
            print(
                f"{layers} layers: +{gain:.4f} for each doubling, {start + gain * math.log2(last):.3f} at {last:,}, {far:.3f} at {10 * last:,}"
            )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
