"""The command `outrider-ik`: one GGUF file, one socket."""

import hashlib
import platform
import re
from pathlib import Path

from outrider_rows import Refusal, address_of, run, serve, worker_parser

from .fit import KNOWN_VERSION, PACKAGE, Unfit, demand_package, demand_place, processor, this_host

LAW = {"multiple": 1, "least": 2, "merges": False}
"""A lone row has kernels of its own; from two rows on the bits agree. Sequences are evaluated one after the other."""


def serve_model() -> None:
    parser = worker_parser("outrider-ik", "Serves a GGUF file by ik_llama.cpp.", sequences=2, context=4096)
    parser.add_argument("--memory", type=int, metavar="MIB", help="of all texts together (default: what the system has)")
    options = parser.parse_args()
    demand_fit()
    path = Path(options.model)
    shards = shards_of(path)
    # Only now: its C library would end this process on another processor.
    from .engine import LARGEST_CALL, MIB, IkEngine, Size
    from .library import files

    threads = options.threads or 1
    memory = None if options.memory is None else options.memory * MIB
    engine = IkEngine(str(path), Size(options.sequences, options.context, threads, memory))
    digest = hash_of(shards)
    hello = {
        "name": re.sub(r"-\d{5}-of-\d{5}$", "", path.stem),
        "engine": f"ik_llama.cpp ({PACKAGE} {KNOWN_VERSION})",
        "device": "cpu",
        "parts": {
            "model": digest,
            "engine": f"{PACKAGE} {KNOWN_VERSION}",
            "build": hash_of(files())[:16],
            "processor": processor("model name") or platform.processor() or platform.machine(),
            "threads": threads,
            "weights": "repacked",
            "keyValueType": "f16",
            "flashAttention": False,
            "largestCall": LARGEST_CALL,
        },
        "vocabularySize": engine.vocabulary,
        "tokenizer": {"format": "gguf", "sha256": hash_of(shards[:1])},
        "encodes": True,
        "limits": {
            "contextLength": engine.context_length,
            "maxSequences": options.sequences,
            "largestCall": LARGEST_CALL,
            "cachedTokenBytes": engine.cached_token_bytes,
        },
        "law": {**LAW, "most": LARGEST_CALL},
        "settles": False,
    }
    serve(engine, hello, address_of(options), options.until_input_ends)


def demand_fit() -> None:
    """@raises Refusal"""
    try:
        host = this_host()
        demand_place(host)
        demand_package(host)
    except Unfit as unfit:
        raise Refusal(str(unfit), unfit.remedy) from None


def shards_of(path: Path) -> list[Path]:
    """The files of a model: one, or all of a file "-00001-of-00003". @raises Refusal"""
    split = re.fullmatch(r"(.*)-00001-of-(\d{5})", path.stem)
    count = 1 if split is None else int(split[2])
    files = [path] if split is None else [path.with_stem(f"{split[1]}-{n:05d}-of-{split[2]}") for n in range(1, count + 1)]
    for file in files:
        try:
            with file.open("rb") as opened:
                start = opened.read(4)
        except OSError as error:
            raise Refusal(f"can't read {file}: {error.strerror}", "Name a GGUF file with --model.") from None
        if start != b"GGUF":
            raise Refusal(f"{file} is no GGUF file", "ik_llama.cpp reads GGUF files only; name one with --model.")
    return files


def hash_of(files: list[Path]) -> str:
    """SHA-256 of a file; of several, of their hashes."""
    hashes = []
    for file in files:
        with file.open("rb") as opened:
            hashes.append(hashlib.file_digest(opened, "sha256").hexdigest())
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def main() -> int:
    return run("outrider-ik", serve_model)
