"""The command `outrider-vllm`: one model folder, one socket."""

import contextlib
import os
import platform
import shlex
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from typing import NoReturn

from outrider_rows import Refusal, address_of, end_with_input, run, serve, worker_parser

from .model_folder import ModelFolder, hash_of
from .versions import demand_known

PADDING, SAMPLED = 16, 2
"""Ids that a sequence holds beyond the context: padding (rows protocol), and what vLLM samples behind each text."""
LARGEST_CALL = {"cpu": 512, "gpu": 2048}
PROGRESS_SECONDS = (10, 60)
"""Between the first two lines of progress, and at most: the time doubles."""

# Flags of vLLM that outrider-vllm sets itself, and what to do instead.
OWN_FLAGS = {
    "--max-model-len": "give --context",
    "--max-num-seqs": "give --sequences",
    "--scheduler-cls": "leave it out: outrider-vllm has its own",
    "--worker-extension-cls": "leave it out: outrider-vllm has its own",
    "--async-scheduling": "leave it out: the edge decides between steps",
    "--enable-prefix-caching": "leave it out: drafts would be cached as if they were text",
    "--speculative-config": "leave it out: drafts come from devices",
    "--data-parallel-size": "start one worker for each replica",
}


def parse() -> tuple:
    """Options, and the flags that go to vLLM: all that are not the worker's own. Two dashes between them are allowed."""
    words = [*sys.argv[1:], *shlex.split(os.environ.get("OUTRIDER_VLLM_FLAGS", ""))]
    parser = worker_parser("outrider-vllm", "Serves a model folder by vLLM.", sequences=16, context=4096)
    parser.usage = "outrider-vllm --model PATH (--socket PATH | --port PORT) [options] [-- flags of vLLM]"
    parser.epilog = "OUTRIDER_VLLM_FLAGS holds further options and flags, for a worker that an edge starts."
    parser.add_argument("--dtype", default="auto", help="of weights and activations, as vLLM's (default: the folder's, bfloat16 for float32)")
    parser.add_argument("--tensor-parallel-size", type=int, default=1, help="processes that share each layer")
    parser.add_argument("--pipeline-parallel-size", type=int, default=1, help="processes that share the layers out")
    options, flags = parser.parse_known_args([word for word in words if word != "--"])
    for flag in flags:
        name = flag.split("=")[0].replace("_", "-")
        if name in OWN_FLAGS:
            raise Refusal(f"{name} is not for vLLM's part of the command line", f"{OWN_FLAGS[name].capitalize()}.")
    return options, flags


def set_environment(options) -> None:
    """What vLLM reads from its environment, before it is imported."""
    # The engine core runs in this process; its worker processes are another matter.
    os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
    for name, value in (("VLLM_NO_USAGE_STATS", "1"), ("DO_NOT_TRACK", "1"), ("HF_HUB_OFFLINE", "1"), ("VLLM_LOGGING_LEVEL", "WARNING")):
        os.environ.setdefault(name, value)
    if options.threads is not None:
        os.environ["OMP_NUM_THREADS"] = str(options.threads)
        os.environ.setdefault("VLLM_CPU_OMP_THREADS_BIND", "nobind")


@contextlib.contextmanager
def progress(what: str) -> Iterator[None]:
    """Says on standard error that it goes on."""
    ended, start = threading.Event(), time.monotonic()

    def say() -> None:
        pause, most = PROGRESS_SECONDS
        while True:
            print(f"outrider-vllm: {what}, {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
            if ended.wait(pause):
                return
            pause = min(2 * pause, most)

    threading.Thread(target=say, daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def refuse_flags(cause: str) -> NoReturn:
    raise Refusal(f"vLLM does not know these flags: {cause}", "vLLM's own documentation lists the flags of vllm serve.")


def vllm_arguments(options, flags: list[str], context: int):
    """@raises Refusal"""
    from vllm.engine.arg_utils import EngineArgs
    from vllm.platforms import current_platform
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    parser = EngineArgs.add_cli_args(FlexibleArgumentParser())
    # Its own way prints hundreds of flags.
    parser.error = refuse_flags
    is_cpu = current_platform.is_cpu()
    words = ["--model", options.model, "--max-num-batched-tokens", str(LARGEST_CALL["cpu" if is_cpu else "gpu"])]
    words += [*(["--enforce-eager"] if is_cpu else []), *flags]
    arguments = EngineArgs.from_cli_args(parser.parse_args(words))
    ranks = options.tensor_parallel_size * options.pipeline_parallel_size
    if ranks == 1:
        arguments.distributed_executor_backend = "uni"
    fixed = {
        "dtype": options.dtype,
        "tensor_parallel_size": options.tensor_parallel_size,
        "pipeline_parallel_size": options.pipeline_parallel_size,
        "max_model_len": context + PADDING + SAMPLED,
        "max_num_seqs": options.sequences,
        "scheduler_cls": "outrider_vllm.scheduler.CuttingScheduler",
        "worker_extension_cls": "outrider_vllm.rows.RowsExtension",
        "async_scheduling": False,
        "enable_chunked_prefill": True,
        "enable_prefix_caching": False,
        "skip_tokenizer_init": True,
        "disable_log_stats": True,
        "seed": 0,
    }
    for name, value in fixed.items():
        setattr(arguments, name, value)
    return arguments


def open_engine(options, flags: list[str], context: int, folder: ModelFolder):
    """@raises Refusal"""
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(folder.tokenizer_file))
    except Exception as error:
        raise Refusal(f"{folder.tokenizer_file} cannot be read: {error}", "Take the tokenizer.json that belongs to the model.") from None
    # Special tokens in a text are text.
    tokenizer.encode_special_tokens = True
    try:
        arguments = vllm_arguments(options, flags, context)
        from .engine import VllmEngine

        return VllmEngine(arguments, options.sequences, tokenizer)
    except Refusal:
        raise
    except Exception as error:
        # Wrong flags, a model that vLLM does not know, too little memory: each comes as another kind of exception.
        traceback.print_exc()
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise Refusal(f"vLLM refuses this model or these flags: {said[0]}", "Its messages above say more.") from None


def hello_of(engine, folder: ModelFolder, digest: str, version: str, options, flags: list[str], context: int) -> dict:
    import torch
    from vllm import envs

    config, facts = engine.config, engine.facts
    devices = [found["device"] for found in facts]
    is_cpu = devices[0] == "cpu"
    invariant = bool(envs.VLLM_BATCH_INVARIANT)
    multiple = 1 if invariant else 2
    largest = config.scheduler_config.max_num_batched_tokens
    return {
        "name": folder.name,
        "engine": version,
        "device": f"{devices[0]} x {len(devices)}" if len(devices) > 1 else devices[0],
        "parts": {
            "model": digest,
            "engine": version,
            "torch": torch.__version__,
            "dtype": str(config.model_config.dtype).removeprefix("torch."),
            "keyValueType": str(config.cache_config.cache_dtype),
            "devices": devices,
            "processor": processor_name() if is_cpu else None,
            "threads": facts[0]["threads"],
            "tensorParallel": config.parallel_config.tensor_parallel_size,
            "pipelineParallel": config.parallel_config.pipeline_parallel_size,
            "attention": sorted({name for found in facts for name in found["backends"]}),
            "runner": facts[0]["runner"],
            "batchInvariant": invariant,
            "largestCall": largest,
            "flags": flags,
        },
        "vocabularySize": config.model_config.get_vocab_size(),
        "tokenizer": {"format": "tokenizer.json", "sha256": hash_of(folder.tokenizer_file)},
        "encodes": True,
        "limits": {
            "contextLength": context,
            "maxSequences": options.sequences,
            "largestCall": largest,
            "cachedTokenBytes": engine.token_bytes,
        },
        # A step of one token has kernels of its own, unless all shapes were made to agree. The edge pads to even numbers then: laws that
        # share calls and only have a least size are none that it knows.
        "law": {"multiple": multiple, "least": multiple, "most": largest - largest % multiple, "merges": True},
        "settles": invariant,
    }


def processor_name() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            lines = [line for line in file if line.startswith("model name")]
        return lines[0].partition(":")[2].strip()
    except (OSError, IndexError):
        return platform.processor() or platform.machine()


def serve_folder() -> None:
    options, flags = parse()
    version = demand_known()
    folder = ModelFolder(options.model)
    if options.until_input_ends:
        end_with_input()
    set_environment(options)
    # vLLM logs to standard output, which is nobody's here.
    os.dup2(2, 1)
    context = min(options.context, (folder.most_context or sys.maxsize) - PADDING - SAMPLED)
    digest = folder.start_hashing()
    with progress(f"loading {folder.name}"):
        engine = open_engine(options, flags, context, folder)
        hello = hello_of(engine, folder, digest.result(), version, options, flags, context)
    needed = options.sequences * (context + PADDING + SAMPLED)
    if engine.held_tokens < needed:
        print(
            f"outrider-vllm: the key-value memory holds {engine.held_tokens} tokens, and {options.sequences} texts of {context} need "
            f"{needed}: steps beyond it are refused (memory-full)",
            file=sys.stderr,
        )
    try:
        serve(engine, hello, address_of(options))
    finally:
        engine.close()


def main() -> int:
    return run("outrider-vllm", serve_folder)
