"""The tokenizer hash of docs/internals/protocol.md, from the metadata of a GGUF file."""

import hashlib
import struct
from pathlib import Path
from typing import BinaryIO

HASHED = ("model", "pre", "tokens", "token_type", "scores", "merges")
SPECIAL = ("bos", "eos", "eot", "eom", "unknown", "padding")
FORMS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
TEXT, ARRAY = 8, 9


def read(file: BinaryIO, form: str) -> object:
    return struct.unpack(form, file.read(struct.calcsize(form)))[0]


def read_text(file: BinaryIO) -> str:
    return file.read(read(file, "<Q")).decode("utf-8", "replace")


def read_value(file: BinaryIO, kind: int) -> object:
    if kind == TEXT:
        return read_text(file)
    if kind == ARRAY:
        inner, count = read(file, "<I"), read(file, "<Q")
        return [read_value(file, inner) for _ in range(count)]
    return read(file, FORMS[kind])


def read_metadata(path: Path) -> dict:
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise ValueError(f"{path} is no GGUF file")
        _version, _tensors, count = read(file, "<I"), read(file, "<Q"), read(file, "<Q")
        pairs = ((read_text(file), read(file, "<I")) for _ in range(count))
        return {key: read_value(file, kind) for key, kind in pairs}


def as_javascript(value: object) -> str:
    """Texts and whole numbers. A vocabulary with fractional scores needs JavaScript's shortest form, which is not Python's."""
    if isinstance(value, float) and not value.is_integer():
        raise ValueError("a fractional score")
    return str(int(value)) if isinstance(value, float) else str(value)


def tokenizer_hash(path: Path) -> bytes:
    metadata = read_metadata(path)
    out = []
    for key in (*HASHED, *(f"{name}_token_id" for name in SPECIAL)):
        value = metadata.get(f"tokenizer.ggml.{key}", [])
        values = [as_javascript(part) for part in (value if isinstance(value, list) else [value])]
        out.append(f"{key} {len(values)} ")
        out += [f"{len(text.encode('utf-16-le')) // 2}:{text}" for text in values]
    return hashlib.sha256("".join(out).encode()).digest()
