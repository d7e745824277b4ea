"""Says on standard error how far a long piece of work has come, and how long the rest may take."""

import sys
import time


class Progress:
    """On a terminal one line that changes; elsewhere one line a tenth of the work."""

    def __init__(self, what: str, total: int) -> None:
        self.what, self.total, self.done = what, total, 0
        self.started = time.monotonic()

    def advance(self) -> None:
        """One more is done."""
        self.done += 1
        left = (time.monotonic() - self.started) / self.done * (self.total - self.done)
        text = f"{self.done} of {self.total} {self.what}, about {left:.0f} s left"
        is_last = self.done == self.total
        if sys.stderr.isatty():
            print(f"\r{text:<60}", end="\n" if is_last else "", file=sys.stderr, flush=True)
        elif is_last or self.done * 10 // self.total > (self.done - 1) * 10 // self.total:
            print(text, file=sys.stderr, flush=True)
