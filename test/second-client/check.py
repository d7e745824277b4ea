"""Runs the checks of the second client and prints one JSON document; the exit status is 1 if one of them failed.

python3 test/second-client/check.py documents
python3 test/second-client/check.py toy --edge '["npm", "run", "--silent", "outrider", "--"]'
python3 test/second-client/check.py control
python3 test/second-client/check.py fuzz --turns 500 --seed 7 --edge ...
"""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

import suites
from check_documents import check_documents
from report import Report


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", choices=["documents", "toy", "control", "fuzz", "model"])
    parser.add_argument(
        "--edge", type=json.loads, default=["npm", "run", "--silent", "outrider", "--"], help="JSON array"
    )
    parser.add_argument("--model", default="smollm2-135m", help="the target of suite model")
    parser.add_argument("--model-file", help="its GGUF file, to compare the hash of its tokenizer")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--turns", type=int, default=24, help="of the fuzzer")
    parser.add_argument("--disturbances", type=int, default=12, help="lost connections and the like, of each turn")
    parser.add_argument("--folder", help="where logs stay (default: a temporary one)")
    given = parser.parse_args()
    report = Report()
    if given.suite == "documents":
        check_documents(report)
    else:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(given.folder or temporary)
            asyncio.run(getattr(suites, f"check_{given.suite}")(given, folder, report))
    print(json.dumps({"suite": given.suite, "seed": given.seed, **report.document()}, indent=1, ensure_ascii=False))
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
