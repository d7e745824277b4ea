"""Makes the Python environment in which outrider-env is tested: `python3 python/setup.py`.

Prints the path of its interpreter.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from locked_environment import set_up  # noqa: E402

if __name__ == "__main__":
    sys.exit(set_up("python", HERE / "requirements.txt"))
