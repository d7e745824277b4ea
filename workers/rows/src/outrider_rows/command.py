"""What all workers share on their command line: the options, and failures in one line of cause and one of remedy."""

import argparse
import sys
from collections.abc import Callable


class Refusal(Exception):
    """A failure that a person can mend."""

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(cause)
        self.remedy = remedy


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def worker_parser(name: str, description: str, sequences: int, context: int) -> argparse.ArgumentParser:
    """A parser with the options of every worker; `sequences` and `context` are the defaults."""
    parser = argparse.ArgumentParser(prog=name, description=description)
    parser.add_argument("--model", required=True, metavar="PATH", help="the model's file or folder")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--socket", metavar="PATH", help="listen on this Unix socket, which only its owner may use")
    where.add_argument("--port", type=positive, help="listen on this port of 127.0.0.1, which every user of the machine may use")
    parser.add_argument("--until-input-ends", action="store_true", help="end when standard input ends")
    parser.add_argument("--sequences", type=positive, default=sequences, help=f"texts at once (default: {sequences})")
    parser.add_argument("--context", type=positive, default=context, help=f"tokens of one text (default: {context})")
    parser.add_argument("--threads", type=positive, default=None, help="processor threads (default: the engine's)")
    return parser


def address_of(options: argparse.Namespace) -> str:
    return f"unix:{options.socket}" if options.socket else f"tcp:{options.port}"


def run(name: str, main: Callable[[], None]) -> int:
    """Calls `main`; a refusal becomes two lines and status 2."""
    try:
        main()
    except Refusal as refusal:
        print(f"{name}: {refusal}\n{refusal.remedy}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0
