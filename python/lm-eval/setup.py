"""Makes the Python environment of lm-eval, which `outrider trial accuracy` runs: `python3 python/lm-eval/setup.py` (800 MB).

Prints the path of its interpreter.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from locked_environment import set_up  # noqa: E402

if __name__ == "__main__":
    sys.exit(set_up("lm-eval", HERE / "requirements.txt"))
