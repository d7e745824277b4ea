"""What a folder was begun for. Work that lies in it is taken up unseen, so another target, recipe or start is refused there."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from recipe import Recipe
from refusal import Refusal
from storage import load_json, save_json


def file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def made_for(target: Path, recipe: Recipe, start: Path | None) -> dict:
    """All that decides what the stages leave behind: hashes of the files, the recipe as fitted to the target."""
    content = {"target": file_hash(target), "recipe": asdict(recipe), "from": file_hash(start) if start else None}
    # As it reads back: lists for tuples.
    return json.loads(json.dumps(content))


def record_of(out: Path) -> Path:
    return out / "work" / "made-for.json"


def check_made_for(out: Path, made: dict) -> None:
    """Raises Refusal if `out` holds work for anything else."""
    record, work = record_of(out), out / "work"
    if not record.is_file():
        if work.is_dir() and any(path.suffix != ".part" for path in work.iterdir()):
            raise Refusal(f"{out} holds work that doesn't say what it was made for", "Give --out another folder.")
        return
    before = load_json(record)
    differing = [key for key in made if before.get(key) != made[key]]
    if differing:
        names = {"target": "target", "recipe": "recipe", "from": "--from"}
        raise Refusal(
            f"{out} was begun with another {' and another '.join(names[key] for key in differing)}",
            "Give --out another folder, or go on with what it was begun with.",
        )


def save_made_for(out: Path, made: dict) -> None:
    record_of(out).parent.mkdir(parents=True, exist_ok=True)
    save_json(record_of(out), made)
