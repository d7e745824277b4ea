"""Whether disk and memory suffice, before work starts."""

import os
import shutil
from pathlib import Path

from llama import Shape
from losses import CHUNK
from recipe import Recipe
from refusal import Refusal

GIB = 1024**3
#: Python and PyTorch themselves.
PROGRAM = GIB // 2


def disk_needed(shape: Shape, recipe: Recipe) -> int:
    """Bytes: texts with their states, weights of each depth, one checkpoint, the drafts."""
    text = recipe.text
    ids = text.shards * text.rows * text.steps + text.held_out_rows * text.held_out_steps
    texts = ids * (8 + 2 * shape.width * (1 + len(text.watched(shape.layers))))
    head = recipe.vocabulary * shape.width
    weights = [stage.layers * shape.layer_parameters + head for stage in recipe.stages]
    checkpoint = 12 * max((one for one, stage in zip(weights, recipe.stages, strict=True) if stage.ids > 0), default=0)
    return texts + 4 * sum(weights) + checkpoint + sum(weights)


def disk_taken(out: Path) -> int:
    """Bytes that an earlier run of the same recipe has left in `out`; the needs of the whole hold them."""
    files = [*(out / "work").rglob("*"), *out.glob("draft-*.gguf")]
    return sum(path.stat().st_size for path in files if path.is_file())


def memory_needed(shape: Shape, recipe: Recipe) -> int:
    """Bytes: the target, and the largest of writing (weights twice, key-value memory, a shard), healing (weights, slopes, averages)
    and judging (weights as trained, as saved and as stored; logits)."""
    text = recipe.text
    whole = shape.layers * shape.layer_parameters + shape.vocabulary * shape.width
    cache = text.rows * text.text_limit * shape.layers * shape.kv_heads * shape.head_width * 4
    shard = text.rows * text.steps * 2 * shape.width * 3
    size = lambda stage: stage.layers * shape.layer_parameters + recipe.vocabulary * shape.width  # noqa: E731
    activations = lambda stage: recipe.heal.batch_ids * stage.layers * (10 * shape.width + 5 * shape.feed_forward) * 4  # noqa: E731
    healing = [22 * size(stage) + activations(stage) for stage in recipe.stages if stage.ids > 0]
    judging = 10 * max(size(stage) for stage in recipe.stages) + 8 * 4 * CHUNK * shape.vocabulary
    return PROGRAM + 4 * whole + max(2 * whole + cache + 2 * shard, judging, *healing)


def available_memory() -> int | None:
    """Bytes, or None where the system doesn't say."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError, AttributeError):
        return None


def check_room(shape: Shape, recipe: Recipe, out: Path) -> None:
    """Raises Refusal if the disk of `out` or the memory is too small."""
    place = next(folder for folder in (out, *out.absolute().parents) if folder.is_dir())
    needed, free = disk_needed(shape, recipe) - disk_taken(out), shutil.disk_usage(place).free
    if free < needed:
        raise Refusal(
            f"{place} has {free / GIB:.1f} GiB free; this recipe needs {needed / GIB:.1f} more",
            "Free some space, or give --out a folder on a larger disk.",
        )
    needed, free = memory_needed(shape, recipe), available_memory()
    if free is not None and free < needed:
        raise Refusal(
            f"{free / GIB:.1f} GiB of memory are available; this recipe needs {needed / GIB:.1f}",
            "Close other programs, or lower rows in [text] and batch_ids in [heal] of a copy of the recipe.",
        )
