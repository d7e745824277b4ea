"""Which values a recipe's keys can have. Knows the types from the recipe's own classes, the limits from the tables here."""

import math
import types
import typing

from block_formats import TYPES
from refusal import Refusal

#: Shorter pieces of text are what a shard's end cut off.
SHORTEST = 24
LEAST = {
    **dict.fromkeys(("shards", "rows", "held_out_rows", "user_limit", "answer_limit", "exchanges"), 1),
    **dict.fromkeys(("steps", "held_out_steps", "text_limit"), SHORTEST),
    **dict.fromkeys(("batch_ids", "warm_up_steps", "vocabulary", "ranking_ids", "drop_at_once"), 1),
    **dict.fromkeys(("opened_share", "decay_share", "coarse_share", "watched_depths", "ids", "rate"), 0),
    **dict.fromkeys(("user_temperature", "answer_temperatures", "checkpoint_minutes", "weight_decay"), 0),
    **dict.fromkeys(("user_weight", "state_weight", "stream_weight"), 0),
}
MOST = dict.fromkeys(("opened_share", "decay_share", "coarse_share", "watched_depths"), 1)
NOT_EMPTY = ("answer_temperatures",)
NAMES = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}


def check_value(where: str, key: str, value, kind) -> None:
    """Raises Refusal if `value` is not of the type `kind` (as a dataclass names it) or beyond its limits."""
    if isinstance(kind, types.UnionType):
        kind = typing.get_args(kind)[0]
    is_list = typing.get_origin(kind) is tuple
    if is_list != isinstance(value, tuple) or (key in NOT_EMPTY and not value):
        raise refusal(where, key, value, "a list that is not empty" if is_list else "one value, not a list")
    for one in value if is_list else (value,):
        check_one(where, key, one, typing.get_args(kind)[0] if is_list else kind)


def check_one(where: str, key: str, value, kind) -> None:
    right = type(value) is kind or (kind is float and type(value) is int)
    if kind in NAMES and not (right and (kind is not float or math.isfinite(value))):
        raise refusal(where, key, value, NAMES[kind])
    if key in LEAST and value < LEAST[key]:
        raise refusal(where, key, value, f"{LEAST[key]} or more")
    if key in MOST and value > MOST[key]:
        raise refusal(where, key, value, f"{MOST[key]} or less")


def check_format(where: str, key: str, value: str) -> None:
    if value not in TYPES:
        raise refusal(where, key, value, f"one of {', '.join(TYPES)}")


def refusal(where: str, key: str, value, wanted: str) -> Refusal:
    shown = list(value) if isinstance(value, tuple) else value
    return Refusal(f"{where} has {key} = {shown!r}", f"Give {key} {wanted}.")
