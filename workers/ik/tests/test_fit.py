"""Which hosts are refused, and with which words."""

import unittest
from dataclasses import replace

from outrider_ik.fit import Host, Unfit, demand_package, demand_place

FITTING = Host((3, 12), "Linux", "x86_64", ("glibc", "2.35"), frozenset({"avx2", "fma", "f16c", "sse"}), "0.1.5")


def refusal_of(**other: object) -> str | None:
    try:
        demand_place(replace(FITTING, **other))
        demand_package(replace(FITTING, **other))
    except Unfit as refusal:
        return f"{refusal}. {refusal.remedy}"
    return None


class FitTest(unittest.TestCase):
    def test_takes_the_hosts_of_the_wheels(self) -> None:
        self.assertIsNone(refusal_of())
        self.assertIsNone(refusal_of(machine="aarch64", flags=frozenset({"asimd"})))
        self.assertIsNone(refusal_of(system="Darwin", machine="arm64", libc=("", ""), flags=None))

    def test_names_what_does_not_fit(self) -> None:
        for other, words in (
            ({"python": (3, 14)}, "3.11, 3.12, 3.13, not 3.14"),
            ({"python": (3, 10)}, "not 3.10"),
            ({"system": "Windows", "machine": "AMD64"}, "not on Windows AMD64"),
            ({"system": "Darwin", "machine": "x86_64"}, "not on Darwin x86_64"),
            ({"libc": ("", "")}, "another C library"),
            ({"libc": ("glibc", "2.27")}, "glibc 2.28 or newer, this system has glibc 2.27"),
            ({"flags": frozenset({"f16c"})}, "a processor with avx2 and fma"),
            ({"installed": None}, "is not installed"),
            ({"installed": "0.1.6"}, "0.1.6 is installed"),
        ):
            with self.subTest(other=other):
                self.assertIn(words, refusal_of(**other) or "it was taken")


if __name__ == "__main__":
    unittest.main()
