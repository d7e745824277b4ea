"""What the exporter refuses before it starts Sionna, and the choice of sites. Needs nothing but Python."""

import json
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import environment
from grid import Grid, grid_over
from refusal import Refusal
from sites import automatic_count, choose, improve, read_sites


class SitesFile(unittest.TestCase):
    def refused(self, text: str) -> str:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "sites.json"
            file.write_text(text)
            with self.assertRaises(Refusal) as caught:
                read_sites(file)
        for line in (caught.exception.cause, caught.exception.remedy):
            self.assertNotIn("\n", line)
        return caught.exception.cause

    def test_is_read(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "sites.json"
            file.write_text(json.dumps({"sites": [{"name": "a", "x": 1, "y": -2.5, "z": 10, "more": 0}]}))
            self.assertEqual([site.fields() for site in read_sites(file)], [{"name": "a", "x": 1.0, "y": -2.5, "z": 10.0}])

    def test_that_is_none_is_refused(self):
        self.assertIn("holds no list", self.refused("x,y"))
        self.assertIn("holds no list", self.refused("[]"))
        self.assertIn("1 to 100", self.refused('{"sites": []}'))
        with self.assertRaises(Refusal):
            read_sites(Path("no-such-file.json"))

    def test_with_a_broken_site_is_refused(self):
        good = {"name": "a", "x": 1, "y": 2, "z": 10}
        for broken in ({**good, "x": "1"}, {**good, "z": None}, {**good, "name": ""}, {**good, "y": True}, 5):
            self.assertIn("site 1", self.refused(json.dumps({"sites": [good, broken]})))
        self.assertIn('two sites named "a"', self.refused(json.dumps({"sites": [good, good]})))

    def test_or_a_number(self):
        self.assertEqual(automatic_count("auto:20"), 20)
        self.assertIsNone(automatic_count("maps/munich.map.json"))
        for wrong in ("auto:0", "auto:101", "auto:x", "auto:"):
            with self.assertRaises(Refusal):
                automatic_count(wrong)


class Choose(unittest.TestCase):
    def test_takes_what_adds_most(self):
        self.assertEqual(choose([0b000111, 0b001111, 0b110000], 2), [1, 2])
        self.assertEqual(choose([0b0111, 0b1110, 0b1000], 2), [0, 1])

    def test_covers_again_when_all_is_seen(self):
        self.assertEqual(choose([0b1111, 0b0011, 0b0111], 3), [0, 2, 1])

    def test_ends_where_no_candidate_is_left_or_sees_anything(self):
        self.assertEqual(choose([0b1, 0b1], 5), [0, 1])
        self.assertEqual(choose([0, 0, 0], 2), [0, 1])


class Improve(unittest.TestCase):
    def test_exchanges_what_greed_took_first(self):
        seen = [0b0111110, 0b0001111, 0b1110000]
        self.assertEqual(choose(seen, 2), [0, 1])
        self.assertEqual(sorted(improve([0, 1], seen)), [1, 2])

    def test_leaves_the_best_as_it_is(self):
        self.assertEqual(improve([1, 2], [0b111100, 0b011111, 0b100000]), [1, 2])


class GridOver(unittest.TestCase):
    def test_covers_the_scene(self):
        self.assertEqual(grid_over((-805.584, -688.601), (669.883, 517.035), 5, 20), Grid(-805.584, -688.601, 5, 242, 296))

    def test_finds_cells(self):
        grid = Grid(-10, 5, 2, 3, 4)
        self.assertEqual(grid.centre(6), (-5, 8))
        for cell in range(grid.cell_count):
            self.assertEqual(grid.index(*grid.centre(cell)), cell)

    def test_refuses_cells_that_make_the_file_too_large_and_names_a_size_that_does_not(self):
        with self.assertRaises(Refusal) as caught:
            grid_over((0, 0), (1500, 1200), 1, 20)
        named = float(caught.exception.remedy.split()[2])
        self.assertLess(grid_over((0, 0), (1500, 1200), named, 20).cell_count * 40, 32 * 2**20)

    def test_refuses_impossible_cells(self):
        for cell in (0, -5, 0.1, 1000, float("nan")):
            with self.assertRaises(Refusal):
                grid_over((0, 0), (1500, 1200), cell, 1)


class Environment(unittest.TestCase):
    def test_without_llvm_says_how_to_get_it(self):
        with mock.patch.dict(os.environ, {"DRJIT_LIBLLVM_PATH": ""}), self.assertRaises(Refusal) as caught:
            environment.find_llvm(patterns=("/no-such-folder/libLLVM*",))
        self.assertIn("apt-get install libllvm19", caught.exception.remedy)

    def test_with_a_wrong_path_says_so(self):
        with mock.patch.dict(os.environ, {"DRJIT_LIBLLVM_PATH": "/no-such-file"}), self.assertRaises(Refusal) as caught:
            environment.find_llvm()
        self.assertIn("/no-such-file", caught.exception.cause)

    def test_takes_the_newest_llvm(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, {"DRJIT_LIBLLVM_PATH": ""}):
            for name in ("libLLVM-9.so", "libLLVM-14.0.6.so.1", "libLLVM.so.19.1"):
                (Path(folder) / name).touch()
            self.assertEqual(Path(environment.find_llvm((f"{folder}/libLLVM*",))).name, "libLLVM.so.19.1")

    def test_does_not_take_an_llvm_that_is_too_old(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, {"DRJIT_LIBLLVM_PATH": ""}):
            (Path(folder) / "libLLVM-14.so.1").touch()
            with self.assertRaises(Refusal):
                environment.find_llvm((f"{folder}/libLLVM*",))

    def test_without_room_says_how_much_is_needed(self):
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaises(Refusal) as caught:
                environment.require_space(Path(folder) / "not" / "yet", 10**18, "another disk")
            self.assertIn("MB are needed", caught.exception.cause)
            environment.require_space(Path(folder), 1, "another disk")

    def test_lies_in_the_cache(self):
        with mock.patch.dict(os.environ, {"OUTRIDER_CACHE": "", "XDG_CACHE_HOME": "/cache"}):
            self.assertEqual(environment.cache_directory(), Path("/cache/outrider"))
        with mock.patch.dict(os.environ, {"OUTRIDER_CACHE": "/own"}):
            self.assertEqual(environment.cache_directory(), Path("/own"))


if __name__ == "__main__":
    unittest.main()
