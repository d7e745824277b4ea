"""Makes the Python environments of the clients that `outrider trial api` calls: `python3 python/api-clients/setup.py [LIST...]`.

A list is a file of packages here, without ".txt"; default: those of every run; `all`: those of the night too. Prints the path of the
interpreter of each.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
USUAL = ["openai", "agents"]
# torch is not in these lists: which build of it fits depends on machine and index.
WITH_TORCH = ["guidellm", "open-webui"]
# Most modules are never imported: compiling them all would take longer than the download. A list names what its packages need.
FLAGS = ("--no-compile", "--no-deps")
sys.path.insert(0, str(HERE.parent))

from locked_environment import TORCH, set_up  # noqa: E402


def main() -> int:
    known = sorted(file.stem for file in HERE.glob("*.txt"))
    wanted = sys.argv[1:] or USUAL
    for name in known if wanted == ["all"] else wanted:
        if name not in known:
            print(f"there is no list of packages {name}\nName some of {', '.join(known)}.", file=sys.stderr)
            return 2
        status = set_up("api-clients", HERE / f"{name}.txt", name, FLAGS, TORCH if name in WITH_TORCH else None)
        if status != 0:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
