"""Rows on a device equal those of outrider_rows to the bit. The device is the processor here: the operations are the same."""

import math
import unittest

import numpy
import torch
from outrider_rows import Ask, row_of
from outrider_vllm.device_rows import rows_on_device


def mask_of(allowed: numpy.ndarray) -> numpy.ndarray:
    bits = numpy.packbits(allowed, bitorder="little")
    return numpy.pad(bits, (0, -len(bits) % 4)).view(numpy.uint32)


class DeviceRows(unittest.TestCase):
    def assert_same(self, found, expected) -> None:
        def sets(row) -> dict:
            return dict(zip(row.ids.tolist(), row.logits.tolist(), strict=True))

        self.assertEqual(sets(found), sets(expected))
        self.assertEqual(len(found.ids), len(expected.ids))
        if math.isnan(expected.normaliser):
            self.assertTrue(math.isnan(found.normaliser))
        elif expected.normaliser != found.normaliser:
            self.assertAlmostEqual(found.normaliser, expected.normaliser, delta=1e-12 * abs(expected.normaliser))

    def test_equal_those_of_numpy(self) -> None:
        random = numpy.random.default_rng(2)
        for vocabulary in (40, 5000, 49_152):
            logits = (random.integers(-300, 300, (6, vocabulary)) / 16).astype(numpy.float32)
            logits[3, 5:] = -math.inf
            allowed = random.random(vocabulary - 7) < 0.02
            beside = tuple(random.integers(0, vocabulary, 20).tolist())
            asks = {
                0: Ask(None, beside, True),
                2: Ask(mask_of(allowed), beside, True),
                3: Ask(mask_of(allowed), (), False),
                4: Ask(mask_of(numpy.zeros(0, bool)), (), True),
            }
            found = rows_on_device(torch.from_numpy(logits), asks)
            for index, row in enumerate(found):
                with self.subTest(vocabulary=vocabulary, row=index):
                    self.assert_same(row, row_of(logits[index], asks.get(index)))

    def test_of_what_is_no_number_begin_with_nan(self) -> None:
        for wrong in (math.nan, -math.nan, math.inf):
            logits = torch.zeros(2, 1000)
            logits[1, 700] = wrong
            first, second = rows_on_device(logits, {1: Ask(None, (1,), True)})
            self.assertEqual(len(first.ids), 64)
            self.assertTrue(math.isnan(second.logits[0]))


if __name__ == "__main__":
    unittest.main()
