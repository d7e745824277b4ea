"""What is read of the files that Linux keeps about memory."""

import tempfile
import unittest
from pathlib import Path

from outrider_ik.memory import PLENTY, available, free_bytes, left


class MemoryTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def test_reads_what_the_system_has_left(self) -> None:
        self.assertEqual(available(self.file("info", "MemTotal:  9 kB\nMemAvailable:    3 kB\n")), 3072)
        self.assertEqual(available(self.folder / "absent"), PLENTY)
        self.assertGreater(free_bytes(), 0)

    def test_reads_what_a_group_has_left(self) -> None:
        used = self.file("used", "40\n")
        self.assertEqual(left(self.file("limit", "100\n"), used), 60)
        self.assertEqual(left(self.file("open", "max\n"), used), PLENTY)
        self.assertEqual(left(self.folder / "absent", used), PLENTY)


if __name__ == "__main__":
    unittest.main()
