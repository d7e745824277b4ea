"""What to make and with how much work: read from a TOML file, checked before anything starts."""

import tomllib
from dataclasses import dataclass, fields, replace
from pathlib import Path

from draft_file import Formats
from recipe_limits import check_format, check_value
from refusal import Refusal


@dataclass(frozen=True)
class TextRecipe:
    """How the target writes the training text. Limits and counts are in ids."""

    shards: int = 6
    rows: int = 160
    steps: int = 640
    held_out_rows: int = 64
    held_out_steps: int = 384
    text_limit: int = 640
    user_limit: int = 320
    answer_limit: int = 400
    exchanges: int = 3
    opened_share: float = 0.5
    user_temperature: float = 1.0
    answer_temperatures: tuple[float, ...] = (0.0, 0.7, 1.0)
    #: Where the residual stream is kept for the trainer, as shares of the depth.
    watched_depths: tuple[float, ...] = (0.33, 0.67)
    openers: tuple[str, ...] = ()

    def watched(self, layers: int) -> tuple[int, ...]:
        """Target layers after which the residual stream is kept."""
        return tuple(sorted({min(layers - 1, int(share * layers)) for share in self.watched_depths}))


@dataclass(frozen=True)
class HealRecipe:
    """How a thinned model learns. Rates are of AdamW; a batch is about `batch_ids` ids."""

    batch_ids: int = 2048
    rate: float = 4e-4
    warm_up_steps: int = 20
    weight_decay: float = 0.0
    user_weight: float = 0.4
    state_weight: float = 1.0
    stream_weight: float = 0.2
    freeze_embedding: bool = True
    checkpoint_minutes: float = 4.0


@dataclass(frozen=True)
class Stage:
    """One depth: how many ids are trained on, and which share of them ends it with a falling rate and with coarse weights.

    `layers` are those left: a count, a share of the target's (below 1), or so many less (0, negative).
    """

    layers: float
    ids: int
    decay_share: float = 0.3
    coarse_share: float = 0.0
    rate: float | None = None
    export: bool = True


@dataclass(frozen=True)
class Recipe:
    name: str
    seed: int
    vocabulary: int
    ship: float
    text: TextRecipe
    heal: HealRecipe
    formats: Formats
    stages: tuple[Stage, ...]
    ranking_ids: int = 1536
    drop_at_once: int = 3
    always_keep: tuple[int, ...] = (0, 1, -1)

    def fitted_to(self, layers: int, vocabulary: int) -> "Recipe":
        """With counts of layers that are 0 or negative (so many less) or shares (below 1) made absolute. Raises Refusal."""
        fit = lambda count: layers + count if count <= 0 else round(count * layers) if count < 1 else count  # noqa: E731
        whole = lambda count: int(count) if count == int(count) else count  # noqa: E731
        stages = tuple(replace(stage, layers=whole(fit(stage.layers))) for stage in self.stages)
        depths = [stage.layers for stage in stages]
        if any(depth != int(depth) for depth in depths):
            raise Refusal(
                f"the recipe's stages have {depths} layers", "Give whole numbers, or shares of the depth below 1."
            )
        if depths != sorted(set(depths), reverse=True) or depths[-1] < 1:
            raise Refusal(
                f"the recipe's stages have {depths} layers",
                "Give stages that fall from one to the next, deepest first.",
            )
        if depths[0] > layers:
            raise Refusal(
                f"the recipe begins with {depths[0]} layers; the target has {layers}",
                "Give shares of the depth, such as 0.6, in a copy of the recipe.",
            )
        fixed = len({layer % layers for layer in self.always_keep})
        if depths[-1] < fixed:
            raise Refusal(
                f"the recipe ends with {depths[-1]} layers and always keeps {fixed}",
                "Give a deeper last stage, or a shorter always_keep, in a copy of the recipe.",
            )
        ship = whole(fit(self.ship))
        if ship not in [stage.layers for stage in stages if stage.export]:
            raise Refusal(
                f"no stage of the recipe exports the {ship} layers to ship",
                "Set ship to the layers of a stage without export = false.",
            )
        return replace(self, stages=stages, ship=ship, vocabulary=min(self.vocabulary, vocabulary))


def read_recipe(path: Path) -> Recipe:
    """Raises Refusal with the key that is wrong."""
    try:
        content = tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise Refusal(f"{path} is not a recipe: {error}", "Start from drafts/recipes/default.toml.") from error
    stages = content.pop("stages", [])
    parts = {"text": TextRecipe, "heal": HealRecipe, "formats": Formats}
    made = {name: build(kind, content.pop(name, {}), f"{path}: [{name}]") for name, kind in parts.items()}
    if not isinstance(stages, list):
        raise Refusal(f"{path} has no list of [[stages]]", "Start from drafts/recipes/default.toml.")
    made["stages"] = tuple(build(Stage, stage, f"{path}: [[stages]]") for stage in stages)
    recipe = build(Recipe, {**content, **made}, str(path))
    if not recipe.stages:
        raise Refusal(f"{path} has no [[stages]]", "Start from drafts/recipes/default.toml.")
    return recipe


def build(kind, content, where: str):
    if not isinstance(content, dict):
        raise Refusal(f"{where} is no table of keys", "Start from drafts/recipes/default.toml.")
    known = {field.name for field in fields(kind)}
    unknown = sorted(set(content) - known)
    if unknown:
        raise Refusal(f"{where} has no key {unknown[0]}", f"Known keys: {', '.join(sorted(known))}.")
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in content.items()}
    for field in fields(kind):
        if field.name in values:
            check_value(where, field.name, values[field.name], field.type)
            if kind is Formats:
                check_format(where, field.name, values[field.name])
    try:
        return kind(**values)
    except TypeError as error:
        raise Refusal(f"{where} is not complete: {error}", "Start from drafts/recipes/default.toml.") from error
