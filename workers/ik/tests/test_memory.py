"""What is read of the files that Linux keeps about memory."""

import tempfile
import unittest
from pathlib import Path

from outrider_ik.memory import PLENTY, available, free_bytes, groups_of, left

FIRST = ("memory.limit_in_bytes", "memory.usage_in_bytes")
SECOND = ("memory.max", "memory.current")


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
        self.assertEqual(left(self.file("little", "30\n"), used), 0)
        self.assertEqual(left(self.file("open", "max\n"), used), PLENTY)
        self.assertEqual(left(self.folder / "absent", used), PLENTY)

    def test_counts_as_free_what_files_occupy_and_never_more_than_the_limit(self) -> None:
        limit, used = self.file("limit", "100\n"), self.file("used", "90\n")
        for statistics, free in (
            ("anon 55\nfile 30\ninactive_file 20\nactive_file 15\n", 45),
            ("inactive_file 1\nactive_file 2\ntotal_inactive_file 20\ntotal_active_file 15\n", 45),
            ("inactive_file 95\n", 100),
            ("anon 90\nfile 7\ninactive_files 7\n", 10),
        ):
            self.file("memory.stat", statistics)
            self.assertEqual(left(limit, used), free, statistics)

    def test_names_the_groups_of_memory_and_those_around_them(self) -> None:
        for line, places, names in (
            ("0::/", [""], SECOND),
            ("0::/user/job:1", ["user/job:1", "user", ""], SECOND),
            ("4:cpu,memory:/job", ["memory/job", "memory"], FIRST),
            ("9:name=systemd:/job", [], FIRST),
            ("", [], FIRST),
        ):
            expected = [tuple(self.folder / place / name for name in names) for place in places]
            self.assertEqual(groups_of([line], self.folder), expected, line)


if __name__ == "__main__":
    unittest.main()
