"""Which cells are streets. Needs numpy and scipy; left out where they are missing."""

import unittest

try:
    import numpy as np

    import streets
except ImportError:
    np = None


@unittest.skipIf(np is None, "numpy or scipy is not installed")
class StreetCells(unittest.TestCase):
    def town(self):
        """Two blocks of 20 x 40 m with a street of 20 m between, in the middle of 300 m of bare ground; cells of 5 m."""
        is_built = np.zeros((60, 60), bool)
        is_built[26:34, 26:30] = is_built[26:34, 34:38] = True
        return is_built

    def test_include_what_lies_between_buildings_and_a_margin(self):
        is_built = self.town()
        mask = streets.street_cells(~is_built, is_built, 5)
        self.assertTrue(mask[26:34, 30:34].all())
        self.assertTrue(mask[30, 38:41].all())
        self.assertFalse((mask & is_built).any())
        self.assertFalse(mask[30, 43:].any() or mask[:20].any())

    def test_leave_out_closed_yards(self):
        is_built = self.town()
        is_built[26:34, 26:38] = True
        is_built[29:31, 29:31] = False
        mask = streets.street_cells(~is_built, is_built, 5)
        self.assertFalse(mask[29:31, 29:31].any())
        self.assertTrue(mask.any())

    def test_do_not_hang_together_by_corners(self):
        is_free = np.array([[1, 1, 0], [1, 0, 1], [1, 1, 0]], bool)
        self.assertEqual(streets.street_cells(is_free, np.zeros_like(is_free), 5).sum(), 5)

    def test_end_where_the_ground_ends(self):
        is_built = self.town()
        is_free = ~is_built
        is_free[:, 40:] = False
        before = streets.street_cells(~is_built, is_built, 5)
        after = streets.street_cells(is_free, is_built, 5)
        self.assertTrue((after == (before & is_free)).all())

    def test_have_lamp_posts_beside_buildings(self):
        mask = np.zeros((5, 7), bool)
        mask[1:4, 1:6] = True
        posts = streets.beside_buildings(mask)
        self.assertEqual(posts.sum(), 12)
        self.assertFalse(posts[2, 2:5].any())


if __name__ == "__main__":
    unittest.main()
