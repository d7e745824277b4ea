"""The radio map format, version 1: NAME.map.json (header) and NAME.map.gz (body). Only the standard library.

simulator/world/radio-map.ts reads it; docs/research/channels.md has the format in words. Gains are numbers here only while they are packed:
linear power in, int16 hundredths of a decibel out.
"""

import gzip
import hashlib
import json
import math
import sys
from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path

FORMAT = "outrider-radio-map"
VERSION = 1
GAIN_UNIT_DB = 0.01
NO_ENERGY = -32768
FLOOR_DB = -160
"""A weaker gain is written as no energy: a sender of 24 dBm would be 32 dB below the thermal noise of 10 MHz."""


def pack_gain(linear: float) -> int:
    """A linear power gain as a whole number of GAIN_UNIT_DB; NO_ENERGY for none and for less than FLOOR_DB."""
    if not math.isfinite(linear) or linear <= 0:
        return NO_ENERGY
    decibel = 10 * math.log10(linear)
    return NO_ENERGY if decibel < FLOOR_DB else round(decibel / GAIN_UNIT_DB)


def unpack_gain(packed: int) -> float | None:
    """Gain in dB, None where there is no energy."""
    return None if packed == NO_ENERGY else packed * GAIN_UNIT_DB


def pack_streets(cells: Sequence[bool]) -> bytes:
    """One bit a cell, cell i in bit i & 7 of byte i >> 3; spare bits are 0."""
    packed = bytearray((len(cells) + 7) // 8)
    for index, is_street in enumerate(cells):
        if is_street:
            packed[index >> 3] |= 1 << (index & 7)
    return bytes(packed)


def unpack_streets(packed: bytes, cell_count: int) -> list[bool]:
    """What pack_streets packed."""
    return [bool(packed[index >> 3] >> (index & 7) & 1) for index in range(cell_count)]


def pack_body(gains_of_sites: Iterable[Sequence[float]], streets: Sequence[bool]) -> bytes:
    """The body, not compressed. `gains_of_sites`: one row-major run of linear gains a site; cells off the streets hold none."""
    body = bytearray()
    for gains in gains_of_sites:
        if len(gains) != len(streets):
            raise ValueError(f"{len(gains)} gains for {len(streets)} cells")
        cells = (pack_gain(gain) if is_street else NO_ENERGY for gain, is_street in zip(gains, streets))
        values = array("h", cells)
        if sys.byteorder == "big":
            values.byteswap()
        body += values.tobytes()
    return bytes(body) + pack_streets(streets)


def unpack_body(body: bytes, site_count: int, cell_count: int) -> tuple[list[array], list[bool]]:
    """Packed gains of each site, and the street cells."""
    wanted = body_bytes(site_count, cell_count)
    if len(body) != wanted:
        raise ValueError(f"body of {len(body)} bytes, {wanted} expected")
    sites = []
    for site in range(site_count):
        values = array("h", body[site * cell_count * 2 : (site + 1) * cell_count * 2])
        if sys.byteorder == "big":
            values.byteswap()
        sites.append(values)
    return sites, unpack_streets(body[site_count * cell_count * 2 :], cell_count)


def body_bytes(site_count: int, cell_count: int) -> int:
    """Size of a body before compression."""
    return site_count * cell_count * 2 + (cell_count + 7) // 8


def header_file(out: Path) -> Path:
    """`out` is the map's path without ending: maps/munich."""
    return out.with_name(f"{out.name}.map.json")


def body_file(out: Path) -> Path:
    """See header_file."""
    return out.with_name(f"{out.name}.map.gz")


def paths_file(out: Path) -> Path:
    """See header_file."""
    return out.with_name(f"{out.name}.paths.json")


def write_map(out: Path, header: dict, body: bytes) -> None:
    """Adds to the header what follows from the body, writes both, each in one piece. Same arguments, same bytes."""
    whole = {
        "format": FORMAT,
        "version": VERSION,
        **header,
        "gainUnitDb": GAIN_UNIT_DB,
        "noEnergy": NO_ENERGY,
        "floorDb": FLOOR_DB,
        "bodyBytes": len(body),
        "bodySha256": hashlib.sha256(body).hexdigest(),
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    # Neither time nor file name goes into the archive.
    replace(body_file(out), gzip.compress(body, compresslevel=9, mtime=0))
    replace(header_file(out), json_bytes(whole))


def read_map(out: Path) -> tuple[dict, list[array], list[bool]]:
    """Header, packed gains of each site, street cells. ValueError where the two files do not belong together."""
    header = json.loads(header_file(out).read_text(encoding="utf-8"))
    body = gzip.decompress(body_file(out).read_bytes())
    if hashlib.sha256(body).hexdigest() != header["bodySha256"]:
        raise ValueError(f"{body_file(out).name} is not the body that {header_file(out).name} tells of")
    return header, *unpack_body(body, len(header["sites"]), header["rows"] * header["columns"])


def replace(file: Path, data: bytes) -> None:
    """Writes under another name first, so that nobody ever reads half a file."""
    unfinished = file.with_name(f"{file.name}.part")
    unfinished.write_bytes(data)
    unfinished.replace(file)


def json_bytes(value: dict) -> bytes:
    """Indented, but for the innermost objects: one site, one point a line."""
    lines = []
    for key, field in value.items():
        if isinstance(field, list) and field and isinstance(field[0], dict):
            items = ",\n".join(f"    {json.dumps(item, ensure_ascii=False)}" for item in field)
            lines.append(f"  {json.dumps(key)}: [\n{items}\n  ]")
        else:
            lines.append(f"  {json.dumps(key)}: {json.dumps(field, ensure_ascii=False)}")
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()
