"""Test vectors for tr38901-path-loss.ts: the formulas of 3GPP TR 38.901 once more, in 40 decimal digits, standard library only.

    python3 simulator/world/golden/tr38901.py > simulator/world/golden/tr38901.json

Written from the tables of the specification (7.4.1-1, 7.4.2-1, 7.4.3-1, 7.4.3-2), not from the TypeScript.
"""

import json
import random
from decimal import Decimal as D
from decimal import getcontext

getcontext().prec = 40


def lg(value):
    return value.log10()


def los_loss(distance_2d, site, device, ghz):
    breakpoint = 4 * (site - 1) * (device - 1) * ghz * D(10) ** 9 / D("3e8")
    distance_3d = (distance_2d**2 + (site - device) ** 2).sqrt()
    if distance_2d <= breakpoint:
        return D("32.4") + 21 * lg(distance_3d) + 20 * lg(ghz)
    return (
        D("32.4") + 40 * lg(distance_3d) + 20 * lg(ghz) - D("9.5") * lg(breakpoint**2 + (site - device) ** 2)
    )


def nlos_loss(distance_2d, site, device, ghz):
    distance_3d = (distance_2d**2 + (site - device) ** 2).sqrt()
    other = D("35.3") * lg(distance_3d) + D("22.4") + D("21.3") * lg(ghz) - D("0.3") * (device - D("1.5"))
    return max(los_loss(distance_2d, site, device, ghz), other)


def los_probability(distance):
    if distance <= 18:
        return D(1)
    return 18 / distance + (-distance / 36).exp() * (1 - 18 / distance)


def wall_loss(ghz, building):
    glass = 2 + D("0.2") * ghz if building == "low" else 23 + D("0.3") * ghz
    share = D("0.3") if building == "low" else D("0.7")
    concrete = 5 + 4 * ghz
    return 5 - 10 * lg(share * D(10) ** (-glass / 10) + (1 - share) * D(10) ** (-concrete / 10))


def link(distance, site, device, ghz):
    arguments = [D(str(value)) for value in (distance, site, device, ghz)]
    return {
        "distanceMetres": float(distance),
        "siteHeightMetres": float(site),
        "deviceHeightMetres": float(device),
        "carrierGhz": float(ghz),
        "losDb": float(los_loss(*arguments)),
        "nlosDb": float(nlos_loss(*arguments)),
        "losProbability": float(los_probability(arguments[0])),
    }


draws = random.Random(38901)
links = [link(d, 10, 1.5, f) for f in (3.5, 28) for d in (10, 18, 20, 50, 100, 200, 300, 500, 1000, 5000)]
links += [link(210, 10, 1.5, 3.5), link(210.001, 10, 1.5, 3.5), link(1680, 10, 1.5, 28), link(1680.001, 10, 1.5, 28)]
for _ in range(200):
    links.append(
        link(
            round(10 ** draws.uniform(1, 3.69), 3),
            draws.choice([6, 10, 10, 15, 25]),
            draws.choice([1.5, 1.5, 4.5, 7.5, 10.5, 16.5, 22.5]),
            round(draws.uniform(0.5, 100), 3),
        )
    )
walls = [
    {"carrierGhz": ghz, "building": building, "wallDb": float(wall_loss(D(str(ghz)), building))}
    for ghz in (0.5, 2, 3.5, 6, 28, 60, 100)
    for building in ("low", "high")
]
print(json.dumps({"links": links, "walls": walls}, indent=1))
