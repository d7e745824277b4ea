"""Makes a draft for a target: `python3 drafts/fit.py --target X.gguf --out DIR`. See docs/use/draft-models.md."""

import argparse
import importlib.util
import json
import os
import signal
import sys
from pathlib import Path

import setup as environment

HERE = Path(__file__).resolve().parent


def arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fit.py", description=__doc__.split(":")[0] + ".", allow_abbrev=False)
    parser.add_argument(
        "--target", type=Path, required=True, metavar="X.gguf", help="the model to draft for (Llama family)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="results and what is needed to go on after an interruption",
    )
    parser.add_argument(
        "--from",
        type=Path,
        dest="start",
        metavar="D.gguf",
        help="a draft that this pipeline made for the target: shallower ones are healed from it",
    )
    parser.add_argument("--recipe", type=Path, metavar="R.toml", help="default: drafts/recipes/default.toml")
    parser.add_argument(
        "--smoke",
        action="store_true",
        help="drafts/recipes/smoke.toml: a loadable draft within two minutes, not a good one",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="one JSON document on standard output, JSON lines of progress on standard error",
    )
    return parser.parse_args(given)


def enter_environment() -> None:
    """Goes on in the pipeline's own environment where this interpreter lacks the packages."""
    if importlib.util.find_spec("torch") and importlib.util.find_spec("gguf"):
        return
    folder = environment.environment_folder()
    if not environment.is_complete(folder):
        print("The pipeline's packages are not installed\nRun: python3 drafts/setup.py", file=sys.stderr)
        sys.exit(2)
    python = str(environment.interpreter(folder))
    os.execv(python, [python, *sys.argv])


def main(given: list[str]) -> int:
    options = arguments(given)
    enter_environment()
    from refusal import Refusal

    # Told to end is told to stop in order: what a run took is written down.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        results = fit(options)
    except Refusal as refusal:
        print(f"{refusal.cause}\n{refusal.remedy}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ninterrupted; the same command goes on from here", file=sys.stderr)
        return 130
    print(json.dumps(results) if options.json else table(results))
    return 0


def fit(options: argparse.Namespace) -> dict:
    from earlier_draft import open_start
    from made_for import check_made_for, made_for, save_made_for
    from model_file import open_model, shape_of
    from pipeline import Pipeline
    from recipe import read_recipe
    from refusal import Refusal
    from room import check_room

    if options.smoke and options.recipe:
        raise Refusal("--smoke and --recipe exclude each other", "Give one of them.")
    recipe = read_recipe(options.recipe or HERE / "recipes" / ("smoke.toml" if options.smoke else "default.toml"))
    target = open_model(options.target)
    shape = shape_of(target)
    recipe = recipe.fitted_to(shape.layers, shape.vocabulary)
    start = open_start(options.start, target, recipe) if options.start else None
    made = made_for(options.target, recipe, options.start)
    check_made_for(options.out, made)
    check_room(shape, recipe, options.out)
    save_made_for(options.out, made)
    return Pipeline(target, recipe, options.out, options.json, start, named(options)).run()


def named(options: argparse.Namespace) -> dict:
    """The options that decide what is made; files by name, the recipes that come with it by their place in the clone."""
    recipe = options.recipe and options.recipe.resolve()
    name = recipe and (str(recipe.relative_to(HERE.parent)) if HERE in recipe.parents else recipe.name)
    return {"recipe": name, "from": options.start and options.start.name, "smoke": options.smoke}


def table(results: dict) -> str:
    lines = ["layers  agreement  overlap at 0.8      bytes"]
    for point in results["points"]:
        stored = point["stored"]
        lines.append(f"{point['layers']:6}  {stored['agreement']:9.3f}  {stored['overlap']:14.3f}  {point['bytes']:9,}")
    return "\n".join([*lines, f"draft: {results['file']} ({results['shipped']} layers)"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
