"""Makes the Python environments of the clients that `outrider trial api` calls: `python3 python/api-clients/setup.py [LIST...]`.

A list is a file of packages here, without ".txt"; default: those of every run. Prints the path of the interpreter of each.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
USUAL = ["openai", "agents"]
sys.path.insert(0, str(HERE.parent))

from locked_environment import set_up  # noqa: E402


def main() -> int:
    for name in sys.argv[1:] or USUAL:
        packages = HERE / f"{name}.txt"
        if not packages.exists():
            known = ", ".join(sorted(file.stem for file in HERE.glob("*.txt")))
            print(f"there is no list of packages {name}\nName some of {known}.", file=sys.stderr)
            return 2
        # Most modules are never imported: compiling them all would take longer than the download.
        status = set_up("api-clients", packages, name, ("--no-compile",))
        if status != 0:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
