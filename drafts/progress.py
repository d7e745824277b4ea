"""How far a stage is and how long it still takes: one line on a terminal, or JSON lines, or a line now and then."""

import json
import sys
import time


class Progress:
    """Counts units of work. `done` units were finished by an earlier run and don't count for the speed."""

    def __init__(self, stage: str, total: int, unit: str, as_json: bool = False, done: int = 0) -> None:
        self.stage, self.total, self.unit, self.as_json = stage, total, unit, as_json
        self.done = self.before = done
        self.began = time.monotonic()
        self.shown = 0.0

    def advance(self, units: int, note: str = "") -> None:
        self.done += units
        now = time.monotonic()
        pause = 0.5 if sys.stderr.isatty() else 20.0
        if now - self.shown >= pause or self.done >= self.total:
            self.shown = now
            self.show(now - self.began, note)

    def show(self, seconds: float, note: str) -> None:
        speed = (self.done - self.before) / max(seconds, 1e-9)
        left = max(0, self.total - self.done) / max(speed, 1e-9)
        if self.as_json:
            row = {"stage": self.stage, "done": self.done, "total": self.total, "unit": self.unit}
            print(
                json.dumps({**row, "perSecond": round(speed, 1), "leftSeconds": round(left), "note": note}),
                file=sys.stderr,
                flush=True,
            )
            return
        share = 100 * self.done / max(self.total, 1)
        line = (
            f"{self.stage}: {share:.0f} % of {self.total:,} {self.unit}, {speed:,.0f} a second, {duration(left)} left"
        )
        line += f", {note}" if note else ""
        end = "\n" if not sys.stderr.isatty() or self.done >= self.total else ""
        lead = "\r\x1b[K" if sys.stderr.isatty() else ""
        print(f"{lead}{line}", end=end, file=sys.stderr, flush=True)


def duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return (
        f"{minutes // 60} h {minutes % 60} min"
        if minutes >= 60
        else f"{minutes} min"
        if minutes
        else f"{round(seconds)} s"
    )
