"""The folder of a model: what must be in it, and the hash over all on which its bits depend. It imports no vLLM."""

import hashlib
import json
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from outrider_rows import Refusal

HASHING_THREADS = 4


class ModelFolder:
    def __init__(self, path: str) -> None:
        """@raises Refusal"""
        self.path = Path(path)
        self.weights = sorted(self.path.glob("*.safetensors"))
        self.config_file = self.path / "config.json"
        self.tokenizer_file = self.path / "tokenizer.json"
        remedy = "Name a folder in Hugging Face's format: config.json, tokenizer.json and *.safetensors."
        for file in (self.config_file, self.tokenizer_file):
            if not file.is_file():
                raise Refusal(f"{path} has no {file.name}", remedy)
        if not self.weights:
            raise Refusal(f"{path} has no *.safetensors", remedy)
        try:
            self.config = json.loads(self.config_file.read_text())
        except ValueError as error:
            raise Refusal(f"{self.config_file} cannot be read: {error}", remedy) from None

    @property
    def name(self) -> str:
        return self.path.resolve().name

    @property
    def most_context(self) -> int | None:
        """Tokens of a text for which the model was made, where its configuration says so."""
        return self.config.get("text_config", self.config).get("max_position_embeddings")

    def start_hashing(self) -> "Future[str]":
        """SHA-256 over names and contents of weights and config, in threads beside the loading of the model."""
        files = [self.config_file, *self.weights]
        pool = ThreadPoolExecutor(HASHING_THREADS + 1)
        hashes = [pool.submit(hash_of, file) for file in files]
        result = pool.submit(lambda: hash_of_all(files, [found.result() for found in hashes]))
        pool.shutdown(wait=False)
        return result


def hash_of(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def hash_of_all(files: list[Path], hashes: list[str]) -> str:
    lines = "".join(f"{found}  {file.name}\n" for file, found in zip(files, hashes, strict=True))
    return hashlib.sha256(lines.encode()).hexdigest()
