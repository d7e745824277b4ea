"""Files that are either whole or not there: written under another name, then renamed."""

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy
import torch

from refusal import Refusal


def save_arrays(folder: Path, arrays: dict[str, numpy.ndarray]) -> None:
    """One .npy file for each array, in a folder that appears when all are written."""
    unfinished = folder.with_name(folder.name + ".part")
    unfinished.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        numpy.save(unfinished / f"{name}.npy", array)
    os.replace(unfinished, folder)


def load_array(folder: Path, name: str) -> numpy.ndarray:
    """Mapped, not read."""
    return numpy.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)


def save_checkpoint(path: Path, content: dict) -> None:
    unfinished = path.with_name(path.name + ".part")
    torch.save(content, unfinished)
    os.replace(unfinished, path)


def load_checkpoint(path: Path) -> dict | None:
    """Tensors, numbers, texts and what holds them. A file that asks for anything else could run code, and is refused."""
    if not path.is_file():
        return None
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise Refusal(f"{path} is not a checkpoint of this pipeline", "Delete it; the work since then is done again.") from error


def save_json(path: Path, content) -> None:
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text(json.dumps(content, indent=2) + "\n")
    os.replace(unfinished, path)


def append_line(path: Path, content) -> None:
    with path.open("a") as file:
        file.write(json.dumps(content) + "\n")


def keep_lines(path: Path, keep: Callable[[dict], bool]) -> None:
    """Leaves only those lines of a file of JSON lines; a file that isn't there stays away."""
    if path.is_file():
        unfinished = path.with_name(path.name + ".part")
        unfinished.write_text("".join(f"{line}\n" for line in path.read_text().splitlines() if keep(json.loads(line))))
        os.replace(unfinished, path)


def load_json(path: Path):
    return json.loads(path.read_text())
