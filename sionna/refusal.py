"""What a person can cause and mend: one line of cause, one of remedy, exit code 2. Decides no cause itself."""

import sys
from collections.abc import Callable


class Refusal(Exception):
    """Work that can't begin or go on. `cause` and `remedy` are one line each."""

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(cause)
        self.cause = cause
        self.remedy = remedy


def run(main: Callable[[], None]) -> None:
    """Runs a command; a refusal becomes two lines on standard error and exit code 2, Ctrl-C exit code 130."""
    try:
        main()
    except Refusal as refusal:
        print(f"{refusal.cause}\n{refusal.remedy}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("interrupted; no file was changed", file=sys.stderr)
        sys.exit(130)
