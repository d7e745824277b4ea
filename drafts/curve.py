"""Draws a run's learning curve and extends it: `python3 drafts/curve.py curve.jsonl picture.svg`. Needs no packages.

Prints for each depth the gain in agreement for every doubling of the ids learnt, and where ten times the ids would lead if
that went on. Points with coarse weights are drawn hollow and left out of the fit.
"""

import json
import math
import sys
from pathlib import Path

COLORS = ("#0072B2", "#C84E00", "#00795A", "#9A3D78", "#7A6A00", "#444444", "#B00020")
WIDTH, HEIGHT, LEFT, TOP, PLOT_WIDTH, PLOT_HEIGHT = 720, 420, 70, 30, 540, 320


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


def picture(depths: dict[int, list[dict]]) -> str:
    ids = [row["ids"] for rows in depths.values() for row in rows]
    low, high = math.log2(min(ids)) - 0.2, math.log2(max(ids)) + 0.2
    values = [row["agreement"] for rows in depths.values() for row in rows]
    bottom, top = math.floor(min(values) * 10) / 10, math.ceil(max(values) * 10) / 10
    across = lambda count: LEFT + PLOT_WIDTH * (math.log2(count) - low) / (high - low)  # noqa: E731
    down = lambda value: TOP + PLOT_HEIGHT * (top - value) / (top - bottom)  # noqa: E731
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="Helvetica, Arial, sans-serif" font-size="13">'
    ]
    parts.append(f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>')
    for tenth in range(round(bottom * 10), round(top * 10) + 1):
        y = down(tenth / 10)
        parts.append(
            f'<path d="M{LEFT} {y:.1f}h{PLOT_WIDTH}" stroke="#ddd"/><text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tenth / 10:.1f}</text>'
        )
    for count in (25_000, 50_000, 100_000, 200_000, 400_000, 800_000, 1_600_000, 3_200_000):
        if low <= math.log2(count) <= high:
            parts.append(
                f'<text x="{across(count):.1f}" y="{TOP + PLOT_HEIGHT + 20}" text-anchor="middle">{count:,}</text>'
            )
    parts.append(
        f'<text x="{LEFT + PLOT_WIDTH / 2}" y="{HEIGHT - 22}" text-anchor="middle">positions learnt at this depth</text>'
    )
    parts.append(
        f'<text transform="translate(18 {TOP + PLOT_HEIGHT / 2}) rotate(-90)" text-anchor="middle">same likeliest id, held-out text</text>'
    )
    for color, (layers, rows) in zip(COLORS * 5, sorted(depths.items(), reverse=True), strict=False):
        fine = [row for row in rows if not row["coarse"]]
        line = " ".join(f"{across(row['ids']):.1f},{down(row['agreement']):.1f}" for row in fine)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="2"/>')
        for row in rows:
            fill = "white" if row["coarse"] else color
            parts.append(
                f'<circle cx="{across(row["ids"]):.1f}" cy="{down(row["agreement"]):.1f}" r="4" fill="{fill}" stroke="{color}" stroke-width="2"/>'
            )
        last = rows[-1]
        parts.append(
            f'<text x="{across(last["ids"]) + 10:.1f}" y="{down(last["agreement"]) + 4:.1f}" fill="{color}">{layers} layers</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


def main(log: str, svg: str) -> None:
    rows = [json.loads(line) for line in Path(log).read_text().splitlines()]
    # What a depth begins with has no place on a logarithmic axis.
    depths = by_depth([row for row in rows if row["ids"] > 0])
    Path(svg).write_text(picture(depths))
    for layers, rows in depths.items():
        if (line := fit(rows)) is not None:
            start, gain = line
            last = max(row["ids"] for row in rows)
            far = start + gain * math.log2(10 * last)
            print(
                f"{layers} layers: +{gain:.4f} for each doubling, {start + gain * math.log2(last):.3f} at {last:,}, {far:.3f} at {10 * last:,}"
            )


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
