"""What the default recipe needs for targets of known sizes: `$(python3 drafts/setup.py) drafts/estimate.py`.

Disk and memory are those that room.py demands. Time is that of the measured target in proportion to the weights at work: ids
written times the target's, positions learnt times the draft's.
"""

from pathlib import Path

from llama import Shape
from recipe import read_recipe
from room import GIB, disk_needed, memory_needed

#: Layers, width, heads, key-value heads, width of a head, feed-forward width, vocabulary.
SIZES = {
    "SmolLM2 135M": (30, 576, 9, 3, 64, 1536, 49_152),
    "SmolLM2 360M": (32, 960, 15, 5, 64, 2560, 49_152),
    "TinyLlama 1.1B": (22, 2048, 32, 4, 64, 5632, 32_000),
    "Llama 3.2 1B": (16, 2048, 32, 8, 64, 8192, 128_256),
    "SmolLM2 1.7B": (24, 2048, 32, 32, 64, 8192, 49_152),
    "Llama 3.2 3B": (28, 3072, 24, 8, 128, 8192, 128_256),
    "Llama 3.1 8B": (32, 4096, 32, 8, 128, 14_336, 128_256),
}
MEASURED = "SmolLM2 135M"
#: On the machine of docs/use/draft-models.md, two cores: ids written, positions learnt at 20 layers (drafts/curve.jsonl: 451,608 in 2,189 s).
WRITTEN_PER_SECOND, LEARNT_PER_SECOND = 330, 206
RECIPES = Path(__file__).parent / "recipes"


def shape_of(name: str) -> Shape:
    return Shape(*SIZES[name], context=2048, rope_base=1e4, epsilon=1e-5)


def work(name: str) -> tuple[float, float]:
    """Ids written times weights, positions learnt times weights."""
    shape = shape_of(name)
    recipe = read_recipe(RECIPES / "default.toml").fitted_to(shape.layers, shape.vocabulary)
    text = recipe.text
    ids = text.shards * text.rows * text.steps + text.held_out_rows * text.held_out_steps
    whole = shape.layers * shape.layer_parameters + shape.vocabulary * shape.width
    draft = lambda layers: layers * shape.layer_parameters + recipe.vocabulary * shape.width  # noqa: E731
    return ids * whole, sum(stage.ids * draft(stage.layers) for stage in recipe.stages)


def hours(name: str) -> float:
    shape = shape_of(MEASURED)
    whole = shape.layers * shape.layer_parameters + shape.vocabulary * shape.width
    shipped = 20 * shape.layer_parameters + 14_336 * shape.width
    written, learnt = work(name)
    return (written / (WRITTEN_PER_SECOND * whole) + learnt / (LEARNT_PER_SECOND * shipped)) / 3600


def row(name: str) -> str:
    shape = shape_of(name)
    default, coarse = (
        read_recipe(RECIPES / f"{recipe}.toml").fitted_to(shape.layers, shape.vocabulary)
        for recipe in ("default", "coarse")
    )
    depths = ", ".join(str(stage.layers) for stage in default.stages)
    sizes = [need(shape, recipe) / GIB for recipe in (default, coarse) for need in (disk_needed, memory_needed)]
    cells = (name, shape.layers, depths, f"{hours(name):.0f}", *(f"{size:.1f}" for size in sizes))
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


if __name__ == "__main__":
    print("\n".join(row(name) for name in SIZES))
