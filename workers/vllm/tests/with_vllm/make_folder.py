"""A model folder for tests out of the llama GGUF file that other tests use: `python make_folder.py FILE.gguf FOLDER`.

Only a fixture: weights become float32, and it knows the tensors of one architecture. It needs gguf, safetensors and transformers.
"""

import json
import sys
from pathlib import Path

import gguf
import numpy
from gguf.quants import dequantize
from safetensors.numpy import save_file
from transformers import AutoTokenizer

NAMES = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
WHOLE = {"token_embd": "model.embed_tokens", "output_norm": "model.norm"}


def in_halves(weight: numpy.ndarray, heads: int) -> numpy.ndarray:
    """A GGUF file interleaves the two halves that a rotary embedding turns against each other."""
    half = weight.shape[0] // heads // 2
    return numpy.ascontiguousarray(weight.reshape(heads, half, 2, -1).swapaxes(1, 2).reshape(weight.shape))


def weights_of(reader: gguf.GGUFReader, heads: dict[str, int]) -> dict[str, numpy.ndarray]:
    weights = {}
    for tensor in reader.tensors:
        values = numpy.ascontiguousarray(dequantize(tensor.data, tensor.tensor_type).astype(numpy.float32))
        parts = tensor.name.split(".")
        if parts[0] == "blk":
            count = heads.get(parts[2])
            weights[f"model.layers.{parts[1]}.{NAMES[parts[2]]}.weight"] = values if count is None else in_halves(values, count)
        elif parts[0] in WHOLE:
            weights[f"{WHOLE[parts[0]]}.weight"] = values
    return weights


def main(file: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    reader = gguf.GGUFReader(file)

    def field(name: str):
        return reader.fields[name].contents()

    heads, shared = field("llama.attention.head_count"), field("llama.attention.head_count_kv")
    weights = weights_of(reader, {"attn_q": heads, "attn_k": shared})
    save_file(weights, str(folder / "model.safetensors"), metadata={"format": "pt"})
    base = float(field("llama.rope.freq_base"))
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": weights["model.embed_tokens.weight"].shape[0],
        "hidden_size": field("llama.embedding_length"),
        "intermediate_size": field("llama.feed_forward_length"),
        "num_hidden_layers": field("llama.block_count"),
        "num_attention_heads": heads,
        "num_key_value_heads": shared,
        "rms_norm_eps": float(field("llama.attention.layer_norm_rms_epsilon")),
        "rope_theta": base,
        "rope_parameters": {"rope_theta": base, "rope_type": "default"},
        "max_position_embeddings": field("llama.context_length"),
        "tie_word_embeddings": True,
        "hidden_act": "silu",
        "dtype": "float32",
        "bos_token_id": field("tokenizer.ggml.bos_token_id"),
        "eos_token_id": field("tokenizer.ggml.eos_token_id"),
    }
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name).save_pretrained(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
