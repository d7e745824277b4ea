"""Which ids a draft can say, and which of them stands for each id of its target. Also the target vocabulary's hash.

A draft's head is one row for each id it can say, so fewer ids make it cheaper. What it can't say, it never proposes; where
the text holds such an id, the draft reads the id it can say whose embedding points most nearly the same way.
"""

import hashlib

import numpy
import torch
from torch import Tensor

from model_file import ModelFile

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6
HASHED = ("model", "pre", "tokens", "token_type", "scores", "merges")
HASHED_IDS = tuple(f"{name}_token_id" for name in ("bos", "eos", "eot", "eom", "unknown", "padding"))
END_NAMES = {
    "</s>", "<eos>", "<|im_end|>", "<|end|>", "<|endoftext|>", "<|end_of_text|>", "<|eot_id|>", "<|eom_id|>",
    "<|return|>", "<|call|>", "<|END_OF_TURN_TOKEN|>", "<end_of_turn>", "<EOT>", "<｜end▁of▁sentence｜>",
}  # fmt: skip


def as_javascript(value) -> str:
    """What `String(value)` gives in JavaScript for a metadata value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, float):
        return str(value)
    if value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    if 1e-6 <= abs(value) < 1e-4:
        return numpy.format_float_positional(value, trim="-")
    return repr(value).replace("e-0", "e-").replace("e+0", "e+")


def vocabulary_hash(model: ModelFile) -> str:
    """SHA-256 in hex, as `vocabularyOf` of src/models/gguf/vocabulary.ts computes it."""
    digest = hashlib.sha256()
    for key in (*HASHED, *HASHED_IDS):
        value = model.value(f"tokenizer.ggml.{key}")
        values = [] if value is None else value if isinstance(value, list) else [value]
        parts = [f"{key} {len(values)} "]
        for one in values:
            text = as_javascript(one)
            # JavaScript counts UTF-16 units.
            parts.append(f"{len(text.encode('utf-16-le')) // 2}:{text}")
        digest.update("".join(parts).encode())
    return digest.hexdigest()


def token_types(model: ModelFile) -> list[int]:
    tokens = model.value("tokenizer.ggml.tokens")
    return model.value("tokenizer.ggml.token_type") or [NORMAL] * len(tokens)


def end_ids(model: ModelFile) -> set[int]:
    """Ids that end a text or a turn."""
    tokens = model.value("tokenizer.ggml.tokens")
    ids = {model.value(f"tokenizer.ggml.{name}_token_id") for name in ("eos", "eot", "eom")} - {None}
    special = [kind in (CONTROL, USER_DEFINED) for kind in token_types(model)]
    return ids | {id for id, text in enumerate(tokens) if special[id] and text in END_NAMES}


def always_kept(model: ModelFile) -> set[int]:
    """Special ids and those that stand for a single byte or character."""
    tokens = model.value("tokenizer.ggml.tokens")
    kept = {id for id, kind in enumerate(token_types(model)) if kind in (CONTROL, USER_DEFINED, UNKNOWN, BYTE)}
    kept |= {id for id, text in enumerate(tokens) if len(text) == 1}
    return kept | end_ids(model)


def choose_ids(model: ModelFile, counts: numpy.ndarray, size: int) -> list[int]:
    """`size` ids in ascending order: those always kept, then by their count in the text, then in the tokenizer's order.

    `counts` [vocabulary] says how often each id occurs in the self-written text.
    """
    vocabulary = len(counts)
    kept = always_kept(model)
    order = sorted(range(vocabulary), key=lambda id: (id not in kept, -int(counts[id]), id))
    return sorted(order[: min(size, vocabulary)])


def stand_ins(embedding: Tensor, ids: list[int]) -> Tensor:
    """For each target id [vocabulary] the draft id that it is read as: itself where kept, else the nearest by cosine.

    `embedding` [vocabulary, width] is the target's.
    """
    kept = torch.tensor(ids)
    directions = torch.nn.functional.normalize(embedding.detach().float(), dim=-1)
    rows = directions[kept].T.contiguous()
    nearest = torch.cat([(part @ rows).argmax(dim=-1) for part in directions.split(2048)])
    nearest[kept] = torch.arange(len(ids))
    return nearest
