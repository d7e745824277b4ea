"""The process that template.py starts: a template and its values as JSON on standard input, its text or the problem as JSON on standard output.

It runs isolated, so it imports nothing of this folder.
"""

import contextlib
import json
import sys

TEXT_CHARACTERS = 200_000
"""Of what a template renders."""
MEMORY_BYTES = 1_000_000_000
SECONDS = 20
"""Of computing."""


def answer(given: dict) -> dict:
    """In the process of its own: the text, or the problem in words without anything that could steer a terminal."""
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment, SecurityError

    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = lambda message: ValueError(message)
    try:
        pieces, length = [], 0
        for piece in environment.from_string(given["template"]).generate(given["values"]):
            pieces.append(piece)
            length += len(piece)
            if length > TEXT_CHARACTERS:
                return {"problem": f"renders more than {TEXT_CHARACTERS} characters"}
        return {"text": "".join(pieces)}
    except SecurityError:
        return {"problem": "reaches for what a template may not use"}
    except MemoryError:
        return {"problem": "needs more memory than it may have"}
    except (jinja2.TemplateError, RecursionError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
        return {"problem": f"fails: {type(error).__name__}"}


def bound() -> None:
    """Where the system knows such bounds (not on Windows; there the time alone is bounded)."""
    try:
        import resource
    except ImportError:
        return
    for kind, most in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(kind)[1]
        wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(OSError, ValueError):  # macOS does not bound address space
            resource.setrlimit(kind, (wanted, hard))


if __name__ == "__main__":
    bound()
    print(json.dumps(answer(json.load(sys.stdin))))
