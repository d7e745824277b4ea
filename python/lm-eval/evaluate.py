"""Runs lm-eval, unchanged, against servers with OpenAI's /v1/completions: `outrider trial accuracy` calls it in the environment of setup.py.

Reads one job as JSON from standard input: {folder, tokenizer, ways: [{name, url, key, model, concurrent, tasks, limit, tokenized}]}. Writes one
line of JSON: {version}; then one for each way: {way, scores, samples}; or {error}. A way that is not tokenized is sent texts, as lm-eval does
without a tokenizer; otherwise it is sent ids, which the server at `tokenizer` makes (/tokenize, /detokenize, /tokenizer_info).
"""

import json
import logging
import os
import sys
import tempfile

# Nothing but the servers of the job is asked, and nothing is kept.
os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", HF_HOME=tempfile.mkdtemp(prefix="outrider-lm-eval-"))

import lm_eval  # noqa: E402
from lm_eval.models.openai_completions import LocalCompletionsAPI  # noqa: E402
from lm_eval.tasks import TaskManager  # noqa: E402
from lm_eval.utils import RemoteTokenizer  # noqa: E402

OUTPUT = sys.stdout
# What libraries print is no line of this program's.
sys.stdout = sys.stderr


def say(line: dict) -> None:
    print(json.dumps(line), file=OUTPUT, flush=True)


def model_of(way: dict, tokenizer: str) -> LocalCompletionsAPI:
    os.environ["OPENAI_API_KEY"] = way["key"]
    model = LocalCompletionsAPI(
        model=way["model"],
        base_url=way["url"],
        num_concurrent=way["concurrent"],
        tokenizer_backend="none",
        max_retries=1,
        timeout=600,
    )
    if way["tokenized"]:
        # As the argument tokenizer_backend=remote does, but from a server of its own: what is measured has no such routes.
        model.tokenizer = RemoteTokenizer(tokenizer)
        model.tokenizer_backend = "remote"
        model.tokenized_requests = True
        model.custom_prefix_token_id = model.tokenizer.tokenizer_info["eos_token_id"]
    return model


def evaluate(way: dict, job: dict, tasks: TaskManager) -> None:
    found = lm_eval.simple_evaluate(
        model=model_of(way, job["tokenizer"]),
        tasks=way["tasks"],
        task_manager=tasks,
        limit=way["limit"],
        bootstrap_iters=0,
    )
    scores = {
        task: next(value for name, value in metrics.items() if "," in name and "_stderr" not in name)
        for task, metrics in found["results"].items()
    }
    samples = {
        task: [sample["resps"] for sample in sorted(ones, key=lambda one: one["doc_id"])]
        for task, ones in found["samples"].items()
    }
    say({"way": way["name"], "scores": scores, "samples": samples})


def main() -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.ERROR)
    logging.disable(logging.WARNING)
    say({"version": lm_eval.__version__})
    job = json.load(sys.stdin)
    os.chdir(job["folder"])
    tasks = TaskManager(include_path=job["folder"], include_defaults=False)
    for way in job["ways"]:
        try:
            evaluate(way, job, tasks)
        except Exception as error:  # noqa: BLE001 - whatever a way fails of is reported by the trial
            say({"way": way["name"], "error": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    main()
