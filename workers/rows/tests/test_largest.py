"""Rows from logits: the largest, ties to the lower id, masks, ids beside, the normaliser."""

import math
import unittest

import numpy
from outrider_rows import Ask, NoNumbers, row_of


def plain(logits: numpy.ndarray, count: int) -> list[int]:
    return numpy.lexsort((numpy.arange(len(logits)), -logits))[:count].tolist()


def mask_of(ids: list[int], words: int) -> numpy.ndarray:
    mask = numpy.zeros(words, numpy.uint32)
    for id_ in ids:
        mask[id_ // 32] |= numpy.uint32(1 << (id_ % 32))
    return mask


class Rows(unittest.TestCase):
    def test_equal_a_plain_sort_with_ties(self) -> None:
        random = numpy.random.default_rng(1)
        for vocabulary in (10, 64, 65, 1000, 20_000, 151_936):
            for levels in (3, 100, 1_000_000):
                logits = random.integers(-levels, levels, vocabulary).astype(numpy.float32)
                logits[logits == 0] = random.choice([0.0, -0.0], int((logits == 0).sum()))
                with self.subTest(vocabulary=vocabulary, levels=levels):
                    row = row_of(logits)
                    self.assertEqual(row.ids.tolist(), plain(logits, 64))
                    self.assertEqual(row.logits.tolist(), logits[row.ids].tolist())
                    self.assertTrue(math.isnan(row.normaliser))

    def test_of_masked_ids_have_none_and_beyond_the_mask_neither(self) -> None:
        logits = numpy.arange(1000, dtype=numpy.float32)
        allowed = [3, 31, 32, 500]
        row = row_of(logits, Ask(mask_of(allowed, 16), (999, 3), True))
        self.assertEqual(row.ids.tolist(), [500, 32, 31, 3])
        self.assertAlmostEqual(row.normaliser, 500 + math.log(sum(math.exp(logits[id_] - 500) for id_ in allowed)), places=12)

    def test_with_ids_beside_hold_as_many_more(self) -> None:
        logits = -numpy.arange(1000, dtype=numpy.float32)
        logits[900] = -math.inf
        row = row_of(logits, Ask(None, (2, 800, 900)))
        self.assertEqual(row.ids.tolist(), [*range(67), 800])

    def test_of_a_mask_that_allows_nothing_are_empty(self) -> None:
        row = row_of(numpy.zeros(1000, numpy.float32), Ask(mask_of([], 4), (), True))
        self.assertEqual((len(row.ids), row.normaliser), (0, -math.inf))

    def test_with_a_nan_or_plus_infinity_are_refused(self) -> None:
        for wrong in (math.nan, math.inf):
            for at in (0, 255, 999):
                logits = numpy.zeros(1000, numpy.float32)
                logits[at] = wrong
                with self.assertRaises(NoNumbers):
                    row_of(logits)


if __name__ == "__main__":
    unittest.main()
