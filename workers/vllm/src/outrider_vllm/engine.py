"""vLLM's engine core in this process, behind the interface of outrider_rows. It evaluates and never samples for anyone.

Each sequence is a resumable request of vLLM that waits for its next tokens. One call is one step of vLLM: its tokens fit into one batch.
"""

import os
import sys

from outrider_rows import Failure, Item, Refusal, Row
from tokenizers import Tokenizer
from vllm.engine.arg_utils import EngineArgs
from vllm.sampling_params import SamplingParams
from vllm.usage.usage_lib import UsageContext
from vllm.v1.engine.core import EngineCore
from vllm.v1.executor.abstract import Executor
from vllm.v1.kv_cache_interface import FullAttentionSpec, MLAAttentionSpec, UniformTypeKVCacheSpecs
from vllm.v1.request import Request

from .rows import ASKS, ROWS, unpacked
from .scheduler import KEEP, CuttingScheduler


class VllmEngine:
    def __init__(self, arguments: EngineArgs, sequences: int, tokenizer: Tokenizer) -> None:
        """@raises Refusal"""
        self.tokenizer = tokenizer
        self.config = arguments.create_engine_config(UsageContext.ENGINE_CONTEXT)
        if self.config.device_config.device_type == "cpu" and not self.config.cache_config.kv_cache_memory_bytes:
            self.config.cache_config.kv_cache_memory_bytes = self.needed_bytes(sequences)
        executor = Executor.get_class(self.config)
        self.core = EngineCore(self.config, executor, log_stats=False, executor_fail_callback=end_with_worker)
        demand_plain_attention(self.core.scheduler.kv_cache_config)
        self.facts = self.core.collective_rpc("outrider_prepare")
        self.names: dict[int, str] = {}
        self.opened = 0

    def needed_bytes(self, sequences: int) -> int:
        """Keys and values of all sequences in one rank, bytes."""
        model, parallel, cache = self.config.model_config, self.config.parallel_config, self.config.cache_config
        size = model.get_head_size() * model.dtype.itemsize
        token = 2 * model.get_num_layers(parallel) * model.get_num_kv_heads(parallel) * size
        blocks = sequences * -(-model.max_model_len // cache.block_size) + 1
        return blocks * cache.block_size * token

    @property
    def cache(self):
        return self.core.scheduler.kv_cache_config

    @property
    def held_tokens(self) -> int:
        """Tokens that the key-value memory holds; one block is vLLM's own."""
        return (self.cache.num_blocks - 1) * self.core.scheduler.block_size

    @property
    def token_bytes(self) -> float:
        """Keys and values of a token, in all ranks."""
        size = sum(tensor.size for tensor in self.cache.kv_cache_tensors) * self.config.parallel_config.world_size
        return size / (self.cache.num_blocks * self.core.scheduler.block_size)

    def call(self, items: list[Item]) -> list[Row]:
        try:
            for item in items:
                self.add(item)
            found = self.step({self.names[item.sequence] for item in items})
        except Failure:
            for item in items:
                self.release(item.sequence)
            raise
        return [row for item in items if item.rows > 0 for row in unpacked(found[self.names[item.sequence]])]

    def add(self, item: Item) -> None:
        if item.keep == 0:
            # Also after a step that failed: nothing of the old request is left.
            self.release(item.sequence)
        if item.sequence not in self.names:
            self.opened += 1
            self.names[item.sequence] = f"{item.sequence}.{self.opened}"
        extra = {KEEP: item.keep, ROWS: item.rows, ASKS: item.asks}
        params = SamplingParams(max_tokens=1, temperature=0, detokenize=False, ignore_eos=True, extra_args=extra)
        self.core.add_request(Request(self.names[item.sequence], item.ids.tolist(), params, None, resumable=True))

    def step(self, names: set[str]) -> dict:
        """What each request answers. @raises Failure where not all of them find room in one step"""
        outputs, ran = self.core.step_fn()
        self.core.post_step(ran)
        # With pipeline stages the first calls put the step on its way, and a later one has its answers.
        while ran and not (found := {output.request_id: output for group in (outputs or {}).values() for output in group.outputs}):
            outputs, _ = self.core.step_fn()
            self.core.post_step(False)
        if not ran or found.keys() != names:
            raise Failure("memory-full", f"no key-value memory left: it holds {self.held_tokens} tokens")
        return {name: output.new_prompt_logprobs_tensors for name, output in found.items()}

    def release(self, sequence: int) -> None:
        name = self.names.pop(sequence, None)
        if name is not None:
            self.core.abort_requests([name])

    def encode(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def close(self) -> None:
        self.core.shutdown()


def demand_plain_attention(cache) -> None:
    """A text can be cut back only where every layer keeps the keys and values of all its tokens. @raises Refusal"""
    remedy = "Serve a model in which every layer attends to the whole text."
    if not cache.kv_cache_groups:
        raise Refusal("this model keeps no keys and values", remedy)
    for group in cache.kv_cache_groups:
        spec = group.kv_cache_spec
        for layer in spec.kv_cache_specs.values() if isinstance(spec, UniformTypeKVCacheSpecs) else [spec]:
            is_plain = type(layer) in (FullAttentionSpec, MLAAttentionSpec)
            if not is_plain or layer.sliding_window is not None or layer.attention_chunk_size is not None:
                kind = type(layer).__name__.removesuffix("Spec") if not is_plain else "attention to a part of the text"
                raise Refusal(f"this model has layers that cannot be cut back exactly ({kind})", remedy)


def end_with_worker() -> None:
    """A process of a rank has ended: no step can be evaluated, and none may hang."""
    print("outrider-vllm: a process of vLLM's ended; its messages are above", file=sys.stderr, flush=True)
    os._exit(1)
