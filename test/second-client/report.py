"""Counts checks, and keeps what failed."""

from collections import Counter


class Report:
    def __init__(self) -> None:
        self.passed = 0
        self.failures: list[str] = []
        self.counts: Counter[str] = Counter()

    def check(self, name: str, is_right: bool, detail: str = "") -> bool:
        if is_right:
            self.passed += 1
        else:
            self.failures.append(f"{name}: {detail}" if detail else name)
        return is_right

    def count(self, name: str, more: int = 1) -> None:
        self.counts[name] += more

    def document(self) -> dict:
        return {"passed": self.passed, "failures": self.failures, "counts": dict(sorted(self.counts.items()))}
