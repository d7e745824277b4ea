"""One model in ik_llama.cpp. Each sequence has a context of its own: in a shared key-value cache the cells of a text lie in another order
after a roll-back, and its sums with them. So several sequences cost several calls."""

import ctypes
from dataclasses import dataclass

from outrider_rows import Failure, Item, Refusal, Row, row_of

from . import library
from .library import api, lib
from .memory import free_bytes

LARGEST_CALL = 64
"""Ids of one call. The library holds 4 bytes x vocabulary for each of them in each context."""
PADDING = 16
KEY_VALUE_BYTES = 2
"""Of a number in the key-value cache: float16."""
MIB = 1 << 20


@dataclass(frozen=True)
class Size:
    sequences: int
    context: int
    threads: int
    memory: int | None = None
    """Bytes that the contexts of all sequences may take; None: what the system has."""


class IkEngine:
    def __init__(self, path: str, size: Size) -> None:
        """@raises Refusal if the file is not one that the library can load"""
        api.llama_backend_init()
        settings = api.llama_model_default_params()
        settings.n_gpu_layers = 0
        # Without it the library reads the weights in the file's order, and takes twice the time for several rows.
        settings.repack_tensors = True
        self.model = api.llama_model_load_from_file(path.encode(), settings)
        if not self.model:
            said = library.errors[-1] if library.errors else "it is no GGUF file of a kind that it knows"
            raise Refusal(f"ik_llama.cpp can't load {path}: {said}", "Take another file, or leave --engine ik out.")
        if lib.llama_model_has_recurrent(self.model):
            raise Refusal(f"{path} has recurrent layers, which can't roll back", "Take another model.")
        self.vocabulary = api.llama_vocab_n_tokens(api.llama_model_get_vocab(self.model))
        self.context_length = min(size.context, lib.llama_n_ctx_train(self.model) - PADDING)
        self.size = size
        self.contexts: dict[int, int] = {}

    @property
    def cached_token_bytes(self) -> int:
        """Of keys and values of one token, at most."""
        kind = library.metadata(self.model, "general.architecture")

        def number(key: str, otherwise: int) -> int:
            return int(library.metadata(self.model, f"{kind}.attention.{key}") or otherwise)

        heads = number("head_count", 1)
        usual = api.llama_model_n_embd(self.model) // heads
        width = number("key_length", usual) + number("value_length", usual)
        return lib.llama_n_layer(self.model) * number("head_count_kv", heads) * width * KEY_VALUE_BYTES

    @property
    def context_bytes(self) -> int:
        """Of one sequence: its key-value cache, and the logits of a call, which are computed and handed out."""
        return (self.context_length + PADDING) * self.cached_token_bytes + 2 * LARGEST_CALL * self.vocabulary * 4

    def call(self, items: list[Item]) -> list[Row]:
        return [row for item in items for row in self.evaluate(item)]

    def evaluate(self, item: Item) -> list[Row]:
        context = self.contexts.get(item.sequence) or self.open(item.sequence)
        if not lib.llama_kv_cache_seq_rm(context, 0, item.keep, -1):
            raise Failure("failed", f"the text of sequence {item.sequence} can't be cut to {item.keep} tokens")
        count = len(item.ids)
        # One row alone has other bits than the same row beside others, in the last matrix as in all before it.
        outputs = min(count, max(item.rows, 2)) if item.rows else 0
        status = library.decode(context, item.ids, item.keep, outputs)
        if status != 0:
            raise Failure("failed", f"llama_decode of {count} tokens at {item.keep} returned {status}")
        wanted = range(count - item.rows, count)
        return [
            row_of(library.logits(context, at, self.vocabulary), item.asks.get(at - wanted.start)) for at in wanted
        ]

    def open(self, sequence: int) -> int:
        """@raises Failure where there is too little memory"""
        need, held = self.context_bytes, len(self.contexts) * self.context_bytes
        free = free_bytes() if self.size.memory is None else self.size.memory - held
        if need > free:
            raise Failure("memory-full", f"a text of {self.context_length} tokens needs {need // MIB} MiB, {max(0, free) // MIB} are free")
        settings = api.llama_context_default_params()
        settings.n_ctx = self.context_length + PADDING
        settings.n_batch = settings.n_ubatch = LARGEST_CALL
        settings.n_threads = settings.n_threads_batch = self.size.threads
        settings.n_seq_max = 1
        # The wheel's kernels for it fail an assertion on processors without AVX-VNNI; a row costs as much with it.
        settings.flash_attn = False
        context = api.llama_init_from_model(self.model, settings)
        if not context:
            raise Failure("memory-full", f"ik_llama.cpp got no context of {settings.n_ctx} tokens")
        self.contexts[sequence] = context
        return context

    def release(self, sequence: int) -> None:
        context = self.contexts.pop(sequence, None)
        if context is not None:
            api.llama_free(ctypes.c_void_p(context))

    def encode(self, text: str) -> list[int]:
        return library.encode(self.model, text)
