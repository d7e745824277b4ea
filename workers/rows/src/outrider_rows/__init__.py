"""The worker's side of Outrider's rows protocol (docs/internals/rows-protocol.md)."""

from .command import Refusal, address_of, run, worker_parser
from .frames import Ask, Item, Row
from .largest import NoNumbers, candidate_limit, row_of
from .server import Failure, end_with_input, serve

__all__ = [
    "Ask",
    "Failure",
    "Item",
    "NoNumbers",
    "Refusal",
    "Row",
    "address_of",
    "candidate_limit",
    "end_with_input",
    "row_of",
    "run",
    "serve",
    "worker_parser",
]
