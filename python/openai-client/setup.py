"""Makes the Python environment of OpenAI's client, which `outrider trial api` calls: `python3 python/openai-client/setup.py`.

Prints the path of its interpreter.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from locked_environment import set_up  # noqa: E402

if __name__ == "__main__":
    sys.exit(set_up("openai-client", HERE / "requirements.txt"))
