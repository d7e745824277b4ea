"""Which files are a model, and their hash."""

import hashlib
import tempfile
import unittest
from pathlib import Path

from outrider_ik.main import hash_of, shards_of
from outrider_rows import Refusal


class FilesTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def file(self, name: str, data: bytes = b"GGUF...") -> Path:
        (self.folder / name).write_bytes(data)
        return self.folder / name

    def test_finds_the_other_files_of_a_model_that_is_split(self) -> None:
        whole = self.file("m.gguf")
        self.assertEqual(shards_of(whole), [whole])
        parts = [self.file(f"m-0000{n}-of-00002.gguf", b"GGUF" + bytes([n])) for n in (1, 2)]
        self.assertEqual(shards_of(parts[0]), parts)
        self.assertEqual(hash_of([whole]), hashlib.sha256(b"GGUF...").hexdigest())
        self.assertNotEqual(hash_of(parts), hash_of(parts[::-1]))

    def test_refuses_what_is_no_gguf_file(self) -> None:
        self.assertRaisesRegex(Refusal, "is no GGUF file", shards_of, self.file("a.safetensors", b"{}"))
        self.assertRaisesRegex(Refusal, "can't read .*b.gguf: No such file", shards_of, self.folder / "b.gguf")
        self.assertRaisesRegex(Refusal, "can't read .*00002-of-00002", shards_of, self.file("c-00001-of-00002.gguf"))


if __name__ == "__main__":
    unittest.main()
