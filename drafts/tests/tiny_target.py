"""A random Llama of a few thousand weights as a GGUF file, for tests."""

from pathlib import Path

import gguf
import numpy

from chat_format import printable

TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def write_tiny_target(
    path: Path,
    layers: int = 4,
    architecture: str = "llama",
    tokenizer: str = "gpt2",
    tied: bool = True,
    feed_forward: int = 96,
    more: dict[str, numpy.ndarray] | None = None,
    values: dict[str, str | int] | None = None,
) -> None:
    """Width 64, 2 heads of 32, 1 key head, 3 special tokens and 256 bytes.

    `more` are further tensors, `values` further metadata.
    """
    random = numpy.random.default_rng(7)
    tokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *(printable(byte) for byte in range(256))]
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name("tiny")
    writer.add_block_count(layers)
    writer.add_context_length(512)
    writer.add_embedding_length(64)
    writer.add_feed_forward_length(feed_forward)
    writer.add_head_count(2)
    writer.add_head_count_kv(1)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model(tokenizer)
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([3, 3, 3] + [1] * 256)
    writer.add_token_merges(["Ġ a"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_chat_template(TEMPLATE)
    noise = lambda *size: (random.standard_normal(size) * 0.2).astype(numpy.float32)  # noqa: E731
    writer.add_tensor("token_embd.weight", noise(len(tokens), 64))
    writer.add_tensor("output_norm.weight", numpy.ones(64, numpy.float32))
    if not tied:
        writer.add_tensor("output.weight", noise(len(tokens), 64))
    sizes = {
        "attn_q": (64, 64), "attn_k": (32, 64), "attn_v": (32, 64), "attn_output": (64, 64),
        "ffn_gate": (feed_forward, 64), "ffn_up": (feed_forward, 64), "ffn_down": (64, feed_forward),
    }  # fmt: skip
    for layer in range(layers):
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", numpy.ones(64, numpy.float32))
        for name, size in sizes.items():
            writer.add_tensor(f"blk.{layer}.{name}.weight", noise(*size))
    for name, tensor in (more or {}).items():
        writer.add_tensor(name, tensor)
    for key, value in (values or {}).items():
        if isinstance(value, str):
            writer.add_string(key, value)
        else:
            writer.add_uint32(key, value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
