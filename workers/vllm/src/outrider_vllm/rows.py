"""In vLLM's worker processes: the rows of a step, in place of vLLM's own log-probabilities of prompts. Both model runners.

The answers travel in the fields of vLLM's LogprobsTensors: ids, logits, and the normaliser of each row in place of its rank; where a row has
fewer candidates than its neighbours, the ids behind them are -1.
"""

import inspect
import math
from collections.abc import Callable

import numpy
import torch
from outrider_rows import Ask, NoNumbers, Row, row_of
from vllm.v1.outputs import LogprobsTensors
from vllm.v1.worker.gpu_model_runner import GPUModelRunner

from .device_rows import rows_on_device

ROWS, ASKS = "outrider_rows", "outrider_asks"
"""In `extra_args` of a request: how many rows it wants after its last tokens, and the asks by row."""

Wanted = tuple[str, int, dict]
"""A request, the end of its tokens in the step, its extra_args."""


def answers(wanted: list[Wanted], hidden_states: torch.Tensor, logits_of: Callable) -> dict[str, LogprobsTensors]:
    """By request. One product with the output matrix serves all rows of the step."""
    wanted = [(request, end, extra) for request, end, extra in wanted if extra.get(ROWS, 0) > 0]
    if not wanted:
        return {}
    logits = logits_of(torch.cat([hidden_states[end - extra[ROWS] : end] for _, end, extra in wanted]))
    if logits is None:
        return {}  # a rank that takes part in the product and does not answer
    found, at = {}, 0
    for request, _, extra in wanted:
        found[request] = packed(rows_from(logits[at : at + extra[ROWS]], extra.get(ASKS) or {}))
        at += extra[ROWS]
    return found


def rows_from(logits: torch.Tensor, asks: dict[int, Ask]) -> list[Row]:
    if logits.device.type != "cpu":
        return rows_on_device(logits, asks)
    rows = []
    for index, values in enumerate(logits.float().numpy()):
        try:
            rows.append(row_of(values, asks.get(index)))
        except NoNumbers:
            rows.append(Row(numpy.zeros(1, numpy.int64), numpy.full(1, math.nan, numpy.float32)))
    return rows


def packed(rows: list[Row]) -> LogprobsTensors:
    width = max(len(row.ids) for row in rows)
    ids = numpy.full((len(rows), width), -1, numpy.int64)
    logits = numpy.full((len(rows), width), -math.inf, numpy.float32)
    for index, row in enumerate(rows):
        ids[index, : len(row.ids)] = row.ids
        logits[index, : len(row.ids)] = row.logits
    normalisers = torch.tensor([row.normaliser for row in rows], dtype=torch.float64)
    return LogprobsTensors(torch.from_numpy(ids), torch.from_numpy(logits), normalisers)


def unpacked(tensors: LogprobsTensors) -> list[Row]:
    """@raises NoNumbers"""
    ids, logits, normalisers = tensors.logprob_token_ids.numpy(), tensors.logprobs.numpy(), tensors.selected_token_ranks.tolist()
    rows = []
    for index, normaliser in enumerate(normalisers):
        kept = ids[index] >= 0
        if numpy.isnan(logits[index, kept]).any():
            raise NoNumbers("a logit is not a number")
        rows.append(Row(ids[index, kept], logits[index, kept], normaliser))
    return rows


def rows_of_runner_1(self, hidden_states, num_scheduled_tokens):
    """For GPUModelRunner._get_prompt_logprobs_dict (processors, and GPUs with VLLM_USE_V2_MODEL_RUNNER=0)."""
    wanted = []
    for index, request in enumerate(self.input_batch.req_ids):
        params = self.requests[request].sampling_params
        end = int(self.query_start_loc.np[index]) + num_scheduled_tokens[request]
        wanted.append((request, end, (params and params.extra_args) or {}))
    return answers(wanted, hidden_states, self.model.compute_logits)


def add_request_to_runner_2(self, req_id, req_idx, sampling_params):
    """For PromptLogprobsWorker.add_request."""
    self.outrider_wanted = getattr(self, "outrider_wanted", {})
    self.outrider_wanted[req_id] = sampling_params.extra_args or {}


def remove_request_from_runner_2(self, req_id):
    """For PromptLogprobsWorker.remove_request."""
    getattr(self, "outrider_wanted", {}).pop(req_id, None)


def rows_of_runner_2(self, logits_fn, hidden_states, input_batch, all_token_ids, num_computed_tokens, prompt_lens):
    """For PromptLogprobsWorker.compute_prompt_logprobs."""
    wanted = [
        (request, int(input_batch.query_start_loc_np[index + 1]), self.outrider_wanted.get(request, {}))
        for index, request in enumerate(input_batch.req_ids)
    ]
    return answers(wanted, hidden_states, logits_fn)


def replace(owner: type, name: str, function: Callable) -> None:
    """Only where vLLM's own has the same parameters: in another version another method may have the name."""
    own, new = (list(inspect.signature(method).parameters) for method in (getattr(owner, name), function))
    if own != new:
        raise RuntimeError(f"{owner.__name__}.{name} of this vLLM has the parameters {own}, and outrider-vllm knows {new}")
    setattr(owner, name, function)


def install(runner: int) -> None:
    if runner == 1:
        replace(GPUModelRunner, "_get_prompt_logprobs_dict", rows_of_runner_1)
        return
    from vllm.v1.worker.gpu.sample.prompt_logprob import PromptLogprobsWorker

    replace(PromptLogprobsWorker, "add_request", add_request_to_runner_2)
    replace(PromptLogprobsWorker, "remove_request", remove_request_from_runner_2)
    replace(PromptLogprobsWorker, "compute_prompt_logprobs", rows_of_runner_2)


class RowsExtension:
    """For `worker_extension_cls`: methods of each worker process, also of those of vLLM's multiprocess and Ray executors."""

    def outrider_prepare(self) -> dict:
        """Before the first step. Says on what the bits of this rank depend."""
        runner = 2 if self.use_v2_model_runner else 1
        install(runner)
        self.outrider_make_buffers()
        layers = self.vllm_config.compilation_config.static_forward_context.values()
        backends = {layer.get_attn_backend().get_name() for layer in layers if hasattr(layer, "get_attn_backend")}
        kind = self.device.type
        return {
            "device": "cpu" if kind == "cpu" else torch.get_device_module(kind).get_device_name(self.device),
            "backends": sorted(backends),
            "runner": runner,
            "threads": torch.get_num_threads() if kind == "cpu" else None,
        }

    def outrider_make_buffers(self) -> None:
        """vLLM's worker for processors leaves its warm-up out without compilation, and with it the buffers of a later pipeline stage."""
        from vllm.distributed import get_pp_group

        runner = self.model_runner
        if get_pp_group().is_first_rank or getattr(runner, "intermediate_tensors", 0) is not None:
            return
        runner.intermediate_tensors = runner.model.make_empty_intermediate_tensors(
            batch_size=runner.max_num_tokens, dtype=runner.model_config.dtype, device=runner.device
        )
