"""The format: what goes in comes out. Needs nothing but Python: python3 -m unittest discover sionna"""

import gzip
import json
import math
import struct
import tempfile
import unittest
from pathlib import Path

from map_file import (
    NO_ENERGY,
    body_bytes,
    body_file,
    header_file,
    json_bytes,
    pack_body,
    pack_gain,
    pack_streets,
    read_map,
    unpack_body,
    unpack_gain,
    unpack_streets,
    write_map,
)


class PackGain(unittest.TestCase):
    def test_counts_hundredths_of_a_decibel(self):
        self.assertEqual(pack_gain(1), 0)
        self.assertEqual(pack_gain(1e-9), -9000)
        self.assertEqual(pack_gain(10**-9.512), -9512)

    def test_knows_what_is_no_energy(self):
        for nothing in (0.0, -1e-9, math.nan, math.inf, 1e-16 * 0.999):
            self.assertEqual(pack_gain(nothing), NO_ENERGY)
        self.assertEqual(pack_gain(1e-16), -16000)

    def test_comes_back_within_half_a_unit(self):
        for gain in (1e-5, 3.3e-8, 7.77e-12, 2e-16):
            decibel = unpack_gain(pack_gain(gain))
            self.assertLessEqual(abs(decibel - 10 * math.log10(gain)), 0.005 + 1e-9)
        self.assertIsNone(unpack_gain(NO_ENERGY))


class PackStreets(unittest.TestCase):
    def test_has_the_lowest_cell_in_the_lowest_bit(self):
        self.assertEqual(pack_streets([True, False, False, True, False, False, False, False, False, True]), bytes([0b1001, 0b10]))

    def test_comes_back(self):
        for count in (1, 7, 8, 9, 1000):
            cells = [index % 3 == 0 for index in range(count)]
            self.assertEqual(unpack_streets(pack_streets(cells), count), cells)


class Body(unittest.TestCase):
    streets = [True, True, False, True, True, True, False, False, True]
    gains = [[10 ** -(cell + site) for cell in range(9)] for site in range(2)]

    def test_is_little_endian_site_by_site_then_streets(self):
        body = pack_body(self.gains, self.streets)
        self.assertEqual(len(body), body_bytes(2, 9))
        self.assertEqual(struct.unpack_from("<3h", body, 0), (0, -1000, NO_ENERGY))
        self.assertEqual(struct.unpack_from("<3h", body, 18), (-1000, -2000, NO_ENERGY))
        self.assertEqual(body[36:], bytes([0b00111011, 0b1]))

    def test_comes_back(self):
        sites, streets = unpack_body(pack_body(self.gains, self.streets), 2, 9)
        self.assertEqual(streets, self.streets)
        self.assertEqual(list(sites[1]), [-1000, -2000, NO_ENERGY, -4000, -5000, -6000, NO_ENERGY, NO_ENERGY, -9000])

    def test_refuses_runs_and_bodies_of_another_length(self):
        with self.assertRaises(ValueError):
            pack_body([[1.0] * 8], self.streets)
        with self.assertRaises(ValueError):
            unpack_body(b"\0" * 37, 2, 9)


class Files(unittest.TestCase):
    header = {"scene": "none", "origin": [0, 1.5], "rows": 3, "columns": 3, "sites": [{"name": "a"}, {"name": "b"}]}

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = Path(folder.name) / "new" / "toy"
        write_map(self.out, self.header, pack_body(Body.gains, Body.streets))

    def test_come_back(self):
        header, sites, streets = read_map(self.out)
        self.assertEqual({key: header[key] for key in self.header}, self.header)
        self.assertEqual((header["format"], header["version"], header["bodyBytes"]), ("outrider-radio-map", 1, 38))
        self.assertEqual((len(sites), streets), (2, Body.streets))

    def test_are_the_same_bytes_for_the_same_map(self):
        again = self.out.with_name("again")
        write_map(again, self.header, pack_body(Body.gains, Body.streets))
        self.assertEqual(body_file(again).read_bytes(), body_file(self.out).read_bytes())
        self.assertEqual(header_file(again).read_bytes(), header_file(self.out).read_bytes())
        # The archive's own header holds neither a time nor a file name.
        self.assertEqual(body_file(again).read_bytes()[3:8], bytes(5))

    def test_that_do_not_belong_together_are_refused(self):
        body_file(self.out).write_bytes(gzip.compress(bytes(38)))
        with self.assertRaises(ValueError):
            read_map(self.out)

    def test_leave_nothing_unfinished(self):
        self.assertEqual(sorted(file.name for file in self.out.parent.iterdir()), ["toy.map.gz", "toy.map.json"])


class JsonBytes(unittest.TestCase):
    def test_is_json_with_one_item_a_line(self):
        value = {"a": [1, 2], "sites": [{"x": 1}, {"x": 2}], "text": "ö", "none": []}
        written = json_bytes(value)
        self.assertEqual(json.loads(written), value)
        self.assertIn(b'    {"x": 1},\n    {"x": 2}\n', written)


if __name__ == "__main__":
    unittest.main()
