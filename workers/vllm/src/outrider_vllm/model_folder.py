"""The folder of a model: what must be in it, and the hash over all on which its bits depend. It imports no vLLM."""

import hashlib
import json
import threading
from concurrent.futures import Future
from pathlib import Path

from outrider_rows import Refusal


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
        """SHA-256 over names and contents of config and weights, in a thread beside the loading of the model."""
        result: Future[str] = Future()

        def work() -> None:
            try:
                result.set_result(hash_of_all([self.config_file, *self.weights]))
            except OSError as error:
                result.set_exception(Refusal(f"{error.filename} cannot be read: {error.strerror}", "Let its owner make it readable."))

        # No end of the program waits for it.
        threading.Thread(target=work, daemon=True).start()
        return result


def hash_of(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def hash_of_all(files: list[Path]) -> str:
    lines = "".join(f"{hash_of(file)}  {file.name}\n" for file in files)
    return hashlib.sha256(lines.encode()).hexdigest()
