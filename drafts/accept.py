"""Greedy acceptance by task: `python drafts/accept.py texts.json draft.gguf ...`, in the pipeline's environment.

texts.json is a list of `{"task": name, "prompt": ids, "answer": ids}`, answers written greedily by the target. Every position of an
answer is compared, whatever was said before, so this needs no engine and takes seconds.
"""

import json
import sys
from collections import Counter
from pathlib import Path

import torch

from model_file import load_decoder, open_model


@torch.no_grad()
def accept(path: Path, texts: list[dict]) -> dict[str, float]:
    """Share of answer ids that the draft says first, by task and for "all"; "unsayable" is the share that it can't say."""
    model = open_model(path)
    decoder = load_decoder(model)
    ids = torch.tensor(model.value("outrider.target.ids"))
    inputs = torch.tensor(model.value("outrider.target.inputs"))
    hits, counts = Counter(), Counter()
    for text in texts:
        whole, answer = torch.tensor(text["prompt"] + text["answer"]), torch.tensor(text["answer"])
        states = decoder(inputs[whole][None, :-1])[0][0, len(text["prompt"]) - 1 :]
        said = ids[(states.float() @ decoder.output.T).argmax(dim=-1)]
        for name, right in (
            (text["task"], said == answer),
            ("all", said == answer),
            ("unsayable", ids[inputs[answer]] != answer),
        ):
            hits[name] += int(right.sum())
            counts[name] += len(answer)
    return {name: round(hits[name] / counts[name], 3) for name in counts}


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    for draft in sys.argv[2:]:
        print(draft, json.dumps(accept(Path(draft), json.loads(Path(sys.argv[1]).read_text()))))
