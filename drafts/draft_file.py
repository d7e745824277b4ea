"""Writes a draft as a GGUF file that llama.cpp loads, with the map from its ids to the target's."""

import os
from dataclasses import dataclass
from pathlib import Path

import gguf
import torch
from torch import Tensor

from block_formats import TYPES, to_bytes
from llama import Decoder
from model_file import ROPE_FACTORS, ModelFile, interleaved
from vocabulary import token_types, vocabulary_hash


@dataclass(frozen=True)
class Formats:
    """Number formats of a draft file, by name: of the layers' matrices, and of the embedding (which is the head)."""

    layers: str = "IQ4_NL"
    embedding: str = "Q8_0"


@dataclass(frozen=True)
class IdMap:
    """`ids` [draft vocabulary]: the target id of each draft id. `inputs` [target vocabulary]: the draft id read for each."""

    ids: list[int]
    inputs: Tensor


def write_draft(path: Path, decoder: Decoder, target: ModelFile, map: IdMap, formats: Formats, recipe: str) -> int:
    """Writes the file in one piece (under another name, then renamed). Returns its size in bytes.

    `decoder` has the target's sizes but for layers and vocabulary; its embedding has one row for each of `map.ids`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    writer = gguf.GGUFWriter(unfinished, "llama")
    add_metadata(writer, decoder, target, map, recipe)
    for name, weight, format in tensors(decoder, formats):
        if format is None:
            writer.add_tensor(name, weight.detach().float().cpu().numpy())
        else:
            writer.add_tensor(name, to_bytes(weight, format), raw_dtype=TYPES[format])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    os.replace(unfinished, path)
    return path.stat().st_size


def add_metadata(writer: gguf.GGUFWriter, decoder: Decoder, target: ModelFile, map: IdMap, recipe: str) -> None:
    shape = decoder.shape
    name = target.value("general.name", "target")
    writer.add_name(f"{name}, draft of {len(decoder.kept)} layers")
    if license := target.value("general.license"):
        writer.add_license(license)
    writer.add_block_count(len(decoder.kept))
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.head_width)
    writer.add_value_length(shape.head_width)
    writer.add_rope_dimension_count(shape.head_width)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(shape.epsilon)
    writer.add_vocab_size(len(map.ids))
    add_tokenizer(writer, target, map)
    add_target_tokenizer(writer, target)
    writer.add_string("outrider.target.vocabulary_hash", vocabulary_hash(target))
    writer.add_uint32("outrider.target.vocabulary_size", len(map.inputs))
    add_uint32s(writer, "outrider.target.ids", map.ids)
    add_uint32s(writer, "outrider.target.inputs", map.inputs.tolist())
    add_uint32s(writer, "outrider.draft.layers", decoder.kept)
    writer.add_string("outrider.draft.recipe", recipe)


def add_target_tokenizer(writer: gguf.GGUFWriter, target: ModelFile) -> None:
    """The target's whole tokenizer under a prefix, so that a device that has only the draft can turn text into ids."""
    for key, field in target.reader.fields.items():
        if key.startswith("tokenizer."):
            kind, *element = field.types
            writer.add_key_value(
                f"outrider.target.{key}", field.contents(), kind, sub_type=element[0] if element else None
            )


def add_uint32s(writer: gguf.GGUFWriter, key: str, values: list[int]) -> None:
    """The writer's own method for lists would store signed numbers."""
    writer.add_key_value(key, values, gguf.GGUFValueType.ARRAY, sub_type=gguf.GGUFValueType.UINT32)


def add_tokenizer(writer: gguf.GGUFWriter, target: ModelFile, map: IdMap) -> None:
    """The target's tokens that are kept. Never used to turn text into ids: the target's tokenizer does that."""
    tokens, types = target.value("tokenizer.ggml.tokens"), token_types(target)
    texts = [tokens[id] for id in map.ids]
    writer.add_tokenizer_model(target.value("tokenizer.ggml.model"))
    if pre := target.value("tokenizer.ggml.pre"):
        writer.add_tokenizer_pre(pre)
    writer.add_token_list(texts)
    writer.add_token_types([types[id] for id in map.ids])
    if scores := target.value("tokenizer.ggml.scores"):
        writer.add_token_scores([scores[id] for id in map.ids])
    if merges := target.value("tokenizer.ggml.merges"):
        # llama.cpp insists on merges; since none is ever used, one does.
        writer.add_token_merges(merges[:1])
    draft_id = {id: index for index, id in enumerate(map.ids)}
    for kind in ("bos", "eos", "eot", "eom", "unknown", "padding"):
        id = target.value(f"tokenizer.ggml.{kind}_token_id")
        if id in draft_id:
            writer.add_uint32(f"tokenizer.ggml.{kind}_token_id", draft_id[id])


def tensors(decoder: Decoder, formats: Formats):
    """Name, weight and format (None: float32) of every tensor of the file."""
    shape = decoder.shape
    yield "token_embd.weight", decoder.embedding, formats.embedding
    yield "output_norm.weight", decoder.norm, None
    if shape.rope_factors:
        yield ROPE_FACTORS, torch.tensor(shape.rope_factors), None
    if decoder.head is not None:
        yield "output.weight", decoder.head, formats.embedding
    sizes = [count * shape.head_width for count in (shape.heads, shape.kv_heads, shape.kv_heads)]
    for index, layer in enumerate(decoder.layers):
        query, key, value = layer.query_key_value.split(sizes)
        gate, up = layer.gate_up.chunk(2)
        matrices = {
            "attn_q": interleaved(query, shape.head_width),
            "attn_k": interleaved(key, shape.head_width),
            "attn_v": value,
            "attn_output": layer.attention_output,
            "ffn_gate": gate,
            "ffn_up": up,
            "ffn_down": layer.down,
        }
        yield f"blk.{index}.attn_norm.weight", layer.attention_norm, None
        yield f"blk.{index}.ffn_norm.weight", layer.feed_forward_norm, None
        for name, weight in matrices.items():
            yield f"blk.{index}.{name}.weight", weight, formats.layers


def thin(decoder: Decoder, map: IdMap) -> Decoder:
    """A decoder with the same layers (not copied) and only the rows of `map.ids` in embedding and head."""
    from dataclasses import replace

    small = decoder.without(set())
    small.shape = replace(decoder.shape, vocabulary=len(map.ids))
    rows = torch.tensor(map.ids)
    small.embedding = torch.nn.Parameter(decoder.embedding.detach()[rows].clone())
    if decoder.head is not None:
        small.head = torch.nn.Parameter(decoder.head.detach()[rows].clone())
    return small
