"""Stage 6: the model card, from the results alone."""

import shlex
from pathlib import Path

from model_file import ModelFile


def command(target: str, options: dict) -> str:
    """That which made the draft; folders of files are left out, as they are of one machine."""
    given = [f"--{name} {shlex.quote(options[name])}" for name in ("recipe", "from") if options.get(name)]
    return " ".join(
        ["python3 drafts/fit.py", f"--target {target}", "--out OUT", *given, *["--smoke"] * options["smoke"]]
    )


def write_card(path: Path, results: dict, target: ModelFile) -> None:
    """Writes CARD.md: what the draft is, what it was made from, what it is worth and by which command."""
    recipe = results["recipe"]
    shipped = next(point for point in results["points"] if point["layers"] == results["shipped"])
    learnt = sum(stage["ids"] for stage in recipe["stages"] if stage["layers"] >= results["shipped"])
    license = target.value("general.license", "that of the target")
    lines = [
        f"# Draft of {results['shipped']} layers for {target.value('general.name', results['target'])}",
        "",
        f"Made from `{results['target']}` by the pipeline in `drafts/`, recipe `{recipe['name']}`, seed {recipe['seed']}. "
        f"Licence: {license}, as the target's. It proposes tokens for its target and is of no use alone.",
        "",
        f"- Layers of the target: {', '.join(str(layer) for layer in shipped['kept'])}.",
        f"- Ids it can say: {results['ids']:,}; they are {100 * results['covered']:.2f} % of the self-written text.",
        f"- Formats: {recipe['formats']['layers']} (layers), {recipe['formats']['embedding']} (embedding and head); {shipped['bytes']:,} bytes.",
        f"- Data: {results['textIds']:,} ids that the target wrote itself, users' messages included; no data set, no evaluation prompt.",
        f"- Work: {learnt:,} positions learnt down to this depth; {results['coreHours']:.2f} core-hours for all depths together.",
        "",
        "Means over answer positions of held-out self-written text, with the weights as the file holds them:",
        "",
        "| layers | positions learnt at this depth | same likeliest id | overlap at 0.8 | divergence (nats) | bytes |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for point in results["points"]:
        stored = point["stored"]
        row = (
            point["layers"],
            f"{point['ids']:,}",
            stored["agreement"],
            stored["overlap"],
            stored["divergence"],
            f"{point['bytes']:,}",
        )
        lines.append("| " + " | ".join(str(cell) for cell in row) + " |")
    target_name = shlex.quote(results["target"])
    lines += [
        "",
        "    python3 drafts/setup.py",
        f"    {command(target_name, results['options'])}",
        "",
        "Acceptance by task is not measured while a draft is made. On prompts of your choice (JSON lines, docs/research/traces.md):",
        "",
        f"    outrider trace record --target {target_name} --draft OUT/draft.gguf --prompts PROMPTS.jsonl --out draft.trace",
        "    outrider trace show draft.trace",
        "",
    ]
    path.write_text("\n".join(lines))
