"""Makes the documents of the tasks beside this file: `python3 make_tasks.py gsm8k.jsonl humaneval.jsonl`.

The two files are those of openai/grade-school-math (test split) and openai/human-eval, both under the MIT License (NOTICE). Short problems are
taken, in their order, so that a small model on two cores is measured in minutes.
"""

import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Documents of each task.
COUNT = 40
MOST_QUESTION = 220
MOST_CODE = 600
MOST_RESULT = 99


def lines_of(path: str) -> list[dict]:
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def write(name: str, documents: list[dict]) -> None:
    text = "".join(f"{json.dumps(document, ensure_ascii=True)}\n" for document in documents[:COUNT])
    (HERE / f"{name}.jsonl").write_text(text, encoding="utf-8")


def steps(problems: list[dict]) -> list[dict]:
    """The first calculation of a solution, up to its result; and three results that it does not have."""
    documents = []
    for problem in problems:
        found = re.match(r"(.*?<<[^<>=]+=)(\d+)>>", problem["answer"], re.DOTALL)
        if found is None or len(problem["question"]) > MOST_QUESTION:
            continue
        before, result = found.groups()
        right = int(result)
        others = [right + 1, right + 10, max(0, right - 2)]
        place = len(documents) % 4
        choices = [str(other) for other in others]
        choices.insert(place, result)
        if right > MOST_RESULT or len(set(choices)) < 4:
            continue
        text = f"Question: {problem['question']}\nAnswer: {before}"
        documents.append({"text": text, "result": result, "choices": choices, "place": place})
    return documents


def endings(problems: list[dict]) -> list[dict]:
    """A problem without its last sentence; and the last sentences of three others."""
    parts = []
    for problem in problems:
        sentences = re.split(r"(?<=[.?!]) +", problem["question"].strip())
        if len(sentences) >= 3 and len(problem["question"]) <= MOST_QUESTION:
            parts.append((" ".join(sentences[:-1]), sentences[-1]))
    documents = []
    for number, (text, ending) in enumerate(parts[:COUNT]):
        place = number % 4
        choices = [parts[(number + step) % COUNT][1] for step in (1, 2, 3)]
        choices.insert(place, ending)
        documents.append({"text": text, "choices": choices, "place": place})
    return documents


def code(problems: list[dict]) -> list[dict]:
    """A function up to the word "return" of its last line; and what follows there."""
    documents = []
    for problem in problems:
        lines = problem["canonical_solution"].rstrip().splitlines()
        begun, word, rest = lines[-1].partition("return ")
        text = problem["prompt"] + "".join(f"{line}\n" for line in lines[:-1]) + begun + word.strip()
        if word != "" and len(text) <= MOST_CODE:
            documents.append({"text": text, "line": rest.strip()})
    return documents


def solutions(problems: list[dict]) -> list[dict]:
    """Whole problems with their solutions, to be read."""
    short = [problem for problem in problems if len(problem["question"]) <= MOST_QUESTION]
    return [{"text": f"{problem['question']}\n{problem['answer']}"} for problem in short]


def main(arithmetic: str, functions: str) -> None:
    problems = lines_of(arithmetic)
    write("steps", steps(problems))
    write("endings", endings(problems))
    write("code", code(lines_of(functions)))
    write("solutions", solutions(problems))


if __name__ == "__main__":
    main(*sys.argv[1:])
