"""Reads a target from a GGUF file: its sizes, weights and tokenizer. Refuses what the pipeline can't work on.

Source of the layout: the GGUF specification, version 3, and llama.cpp's tensor names for the architecture "llama".
"""

from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy
import torch
from gguf.quants import dequantize
from torch import Tensor, nn

from llama import Decoder, Shape
from refusal import Refusal

FAMILIES = ("gpt2", "llama")
#: llama.cpp divides the rotation frequencies by its values.
ROPE_FACTORS = "rope_freqs.weight"


@dataclass
class ModelFile:
    """An open GGUF file. Tensors are read when asked for."""

    path: Path
    reader: gguf.GGUFReader

    def value(self, key: str, default=None):
        """A metadata value, or `default` if the file has none of that name."""
        field = self.reader.fields.get(key)
        return default if field is None else field.contents()

    def tensor(self, name: str) -> Tensor:
        """A tensor as float32, rows first."""
        for tensor in self.reader.tensors:
            if tensor.name == name:
                values = dequantize(tensor.data, tensor.tensor_type).astype(numpy.float32)
                return torch.from_numpy(numpy.ascontiguousarray(values))
        raise Refusal(f"{self.path} has no tensor {name}", "Give a whole GGUF of a Llama-family model.")

    def has_tensor(self, name: str) -> bool:
        return any(tensor.name == name for tensor in self.reader.tensors)


def open_model(path: Path) -> ModelFile:
    """Opens and checks a target. Raises Refusal for a missing, broken or unsuitable file."""
    if not path.is_file():
        raise Refusal(f"no file at {path}", "Give the path of the target's GGUF file.")
    try:
        reader = gguf.GGUFReader(path)
    except Exception as error:
        reason = str(error).split("\n", 1)[0] or type(error).__name__
        raise Refusal(
            f"{path} is not a whole GGUF file ({reason})", "Download the file again and compare its hash."
        ) from error
    model = ModelFile(path, reader)
    check(model)
    return model


def check(model: ModelFile) -> None:
    for tensor in model.reader.tensors:
        if tensor.data_offset + tensor.n_bytes > model.path.stat().st_size:
            raise Refusal(
                f"{model.path} ends within the tensor {tensor.name}", "Download the file again and compare its hash."
            )
    architecture = model.value("general.architecture")
    if architecture != "llama":
        raise Refusal(
            f"{model.path} has the architecture {architecture!r}; only 'llama' can be thinned",
            "Choose a Llama-family target (Llama, SmolLM2, TinyLlama, Mistral).",
        )
    family = model.value("tokenizer.ggml.model")
    if family not in FAMILIES:
        raise Refusal(
            f"{model.path} has a tokenizer of the family {family!r}; {' and '.join(FAMILIES)} are supported",
            "Choose a target with a byte-level BPE or SentencePiece tokenizer.",
        )
    tokens, types = model.value("tokenizer.ggml.tokens"), model.value("tokenizer.ggml.token_type")
    shape = shape_of(model)
    if not tokens or len(tokens) != shape.vocabulary or (types and len(types) != len(tokens)):
        raise Refusal(
            f"{model.path} has a tokenizer that is not complete", "Download the file again, or convert it again."
        )
    for key in ("llama.rope.scaling.type", "llama.expert_count"):
        if model.value(key) not in (None, "none", 0):
            raise Refusal(f"{model.path} uses {key}, which drafts can't", "Choose a target without it.")
    extra = [t.name for t in model.reader.tensors if t.name.endswith(".bias")]
    if extra:
        raise Refusal(
            f"{model.path} has the tensor {extra[0]}, which drafts can't use", "Choose a plain Llama-family target."
        )


def shape_of(model: ModelFile) -> Shape:
    """The sizes in the file's metadata. Raises Refusal if one is missing."""

    def number(name: str, default=None):
        value = model.value(f"llama.{name}", default)
        if value is None:
            raise Refusal(f"{model.path} does not say llama.{name}", "Convert the model again with a newer llama.cpp.")
        return value

    heads, width = number("attention.head_count"), number("embedding_length")
    embedding = [tensor for tensor in model.reader.tensors if tensor.name == "token_embd.weight"]
    if not embedding:
        raise Refusal(f"{model.path} has no tensor token_embd.weight", "Give a whole GGUF of a Llama-family model.")
    return Shape(
        layers=number("block_count"),
        width=width,
        heads=heads,
        kv_heads=number("attention.head_count_kv", heads),
        head_width=number("attention.key_length", width // heads),
        feed_forward=number("feed_forward_length"),
        vocabulary=int(embedding[0].shape[1]),
        context=number("context_length"),
        rope_base=float(number("rope.freq_base", 10000.0)),
        epsilon=float(number("attention.layer_norm_rms_epsilon")),
        rope_factors=tuple(model.tensor(ROPE_FACTORS).tolist()) if model.has_tensor(ROPE_FACTORS) else (),
    )


def half_split(rows: Tensor, head_width: int) -> Tensor:
    """Query or key rows from llama.cpp's order (pairs side by side) to the half-split one."""
    return rows.view(-1, head_width // 2, 2, rows.shape[1]).transpose(1, 2).reshape(rows.shape)


def interleaved(rows: Tensor, head_width: int) -> Tensor:
    """The inverse of `half_split`."""
    return rows.view(-1, 2, head_width // 2, rows.shape[1]).transpose(1, 2).reshape(rows.shape)


def load_decoder(model: ModelFile) -> Decoder:
    """The whole target as float32 weights."""
    shape = shape_of(model)
    decoder = Decoder(shape, list(range(shape.layers)))
    with torch.no_grad():
        decoder.embedding.copy_(model.tensor("token_embd.weight"))
        decoder.norm.copy_(model.tensor("output_norm.weight"))
        if model.has_tensor("output.weight"):
            decoder.head = nn.Parameter(model.tensor("output.weight"))
        for index, layer in enumerate(decoder.layers):
            read = lambda name: model.tensor(f"blk.{index}.{name}.weight")  # noqa: E731, B023
            query, key = (half_split(read(name), shape.head_width) for name in ("attn_q", "attn_k"))
            layer.query_key_value.copy_(torch.cat((query, key, read("attn_v"))))
            layer.attention_output.copy_(read("attn_output"))
            layer.gate_up.copy_(torch.cat((read("ffn_gate"), read("ffn_up"))))
            layer.down.copy_(read("ffn_down"))
            layer.attention_norm.copy_(read("attn_norm"))
            layer.feed_forward_norm.copy_(read("ffn_norm"))
    return decoder
