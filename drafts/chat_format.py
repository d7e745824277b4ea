"""The ids that stand between the messages of a conversation, from the target's own chat template.

Encodes only these few strings and the openers of a recipe: plain words, for which the simple splitting here gives the
tokenizer's own ids. User text never passes through here.
"""

import itertools
import re
from dataclasses import dataclass

from model_file import ModelFile
from template import refused, render
from vocabulary import CONTROL, USER_DEFINED, end_ids, token_types


@dataclass(frozen=True)
class ChatFormat:
    """Ids before a user's first message, before an answer, and before each further message of the user."""

    opening: list[int]
    before_answer: list[int]
    before_user: list[int]


class FewWords:
    """Text to ids by the vocabulary's merges, or by longest match where it has none. Special tokens in the text become themselves."""

    def __init__(self, model: ModelFile) -> None:
        tokens, types = model.value("tokenizer.ggml.tokens"), token_types(model)
        special = [text for text, kind in zip(tokens, types, strict=True) if kind in (CONTROL, USER_DEFINED) and text]
        pattern = "|".join(re.escape(text) for text in sorted(special, key=len, reverse=True))
        self.special = re.compile(f"({pattern})") if special else None
        self.ids = {text: id for id, text in enumerate(tokens)}
        self.ranks = {merge: rank for rank, merge in enumerate(model.value("tokenizer.ggml.merges") or [])}
        self.byte_level = model.value("tokenizer.ggml.model") == "gpt2"

    def encode(self, text: str) -> list[int]:
        parts = [text] if self.special is None else self.special.split(text)
        return [id for index, part in enumerate(parts) for id in ([self.ids[part]] if index % 2 else self.plain(part))]

    def plain(self, text: str) -> list[int]:
        if not self.byte_level:
            return self.longest(text.replace(" ", "\u2581"))
        visible = "".join(printable(byte) for byte in text.encode())
        return [id for word in re.findall("Ġ?[A-Za-z]+|Ċ+|.", visible) for id in self.merged(word)]

    def merged(self, word: str) -> list[int]:
        """Joins the neighbours whose merge comes first, again and again."""
        parts = list(word)
        while len(parts) > 1:
            ranks = [self.ranks.get(f"{left} {right}", len(self.ranks)) for left, right in itertools.pairwise(parts)]
            best = min(ranks)
            if best == len(self.ranks):
                break
            at = ranks.index(best)
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        return [self.ids[part] for part in parts if part in self.ids]

    def longest(self, text: str) -> list[int]:
        ids, at = [], 0
        while at < len(text):
            end = next((end for end in range(min(len(text), at + 32), at, -1) if text[at:end] in self.ids), at + 1)
            piece = text[at:end]
            bytes_ids = [self.ids[name] for byte in piece.encode() if (name := f"<0x{byte:02X}>") in self.ids]
            ids += [self.ids[piece]] if piece in self.ids else bytes_ids
            at = end
        return ids


def printable(byte: int) -> str:
    """The character by which byte-level vocabularies write a byte (GPT-2's table)."""
    if 0x21 <= byte <= 0x7E or 0xA1 <= byte <= 0xAC or byte >= 0xAE:
        return chr(byte)
    others = [one for one in range(256) if not (0x21 <= one <= 0x7E or 0xA1 <= one <= 0xAC or one >= 0xAE)]
    return chr(256 + others.index(byte))


def chat_format(model: ModelFile, encoder: FewWords) -> ChatFormat:
    """From the template in the file; without one, messages are separated by an end id. Refuses a template that template.py refuses."""
    tokens = model.value("tokenizer.ggml.tokens")
    start = model.value("tokenizer.ggml.bos_token_id")
    template = model.value("tokenizer.chat_template")
    if template is None:
        end = min(end_ids(model))
        return ChatFormat([end if start is None else start], [end], [end])
    marks = ["\ufdd0", "\ufdd1", "\ufdd2"]
    roles = ["user", "assistant", "user"]
    end_id = model.value("tokenizer.ggml.eos_token_id")
    values = {
        "messages": [{"role": role, "content": mark} for role, mark in zip(roles, marks, strict=True)],
        "add_generation_prompt": True,
        "bos_token": "" if start is None else tokens[start],
        "eos_token": "" if end_id is None else tokens[end_id],
    }
    parts = re.split("[" + "".join(marks) + "]", render(template, values))
    if len(parts) != 4:
        raise refused("does not write each message once")
    opening, before_answer, before_user, _ = parts
    first = encoder.encode(opening)
    if model.value("tokenizer.ggml.add_bos_token") and start is not None and first[:1] != [start]:
        first.insert(0, start)
    return ChatFormat(first, encoder.encode(before_answer), encoder.encode(before_user))
