"""The engine over a library that only writes down what it is asked: which contexts it has, what is cut, which rows are computed."""

import sys
import unittest
from types import SimpleNamespace

import numpy
from outrider_rows import Ask, Failure, Item, NoNumbers, Refusal

VOCABULARY = 200


class FakeLibrary:
    """Contexts are numbers; the logits after id n are largest at n."""

    def __init__(self) -> None:
        self.calls: list[tuple] = []
        self.errors: list[str] = []
        self.loads = True
        self.cuts = True
        self.status = 0
        self.ids: numpy.ndarray = numpy.zeros(0, numpy.uint32)
        self.made = 0
        same = {"llama_model_get_vocab": lambda model: model, "llama_backend_init": lambda: None}
        self.api = SimpleNamespace(
            **same,
            llama_model_default_params=SimpleNamespace,
            llama_context_default_params=SimpleNamespace,
            llama_model_load_from_file=lambda _path, _settings: 7 if self.loads else None,
            llama_vocab_n_tokens=lambda _vocab: VOCABULARY,
            llama_model_n_embd=lambda _model: 64,
            llama_init_from_model=self.make,
            llama_free=lambda context: self.calls.append(("free", context.value)),
        )
        self.lib = SimpleNamespace(
            llama_model_has_recurrent=lambda _model: False,
            llama_n_ctx_train=lambda _model: 1000,
            llama_n_layer=lambda _model: 2,
            llama_kv_cache_seq_rm=self.cut,
        )

    def metadata(self, _model: int, key: str) -> str | None:
        return {"general.architecture": "small", "small.attention.head_count": "4", "small.attention.head_count_kv": "2"}.get(key)

    def make(self, _model: int, settings: SimpleNamespace) -> int | None:
        self.made += 1
        self.calls.append(("make", settings.n_ctx, settings.n_threads))
        return 100 + self.made

    def cut(self, context: int, _sequence: int, keep: int, _end: int) -> bool:
        self.calls.append(("cut", context, keep))
        return self.cuts

    def decode(self, context: int, ids: numpy.ndarray, start: int, outputs: int) -> int:
        self.calls.append(("decode", context, start, len(ids), outputs))
        self.ids = ids
        return self.status

    def logits(self, _context: int, index: int, vocabulary: int) -> numpy.ndarray:
        found = -numpy.arange(vocabulary, dtype=numpy.float32)
        found[self.ids[index]] = 5
        return found


fake = FakeLibrary()
sys.modules["outrider_ik.library"] = fake  # type: ignore[assignment]
from outrider_ik import engine as module  # noqa: E402


def item(sequence: int, keep: int, ids: list[int], rows: int, **asks: Ask) -> Item:
    return Item(sequence, keep, numpy.array(ids, numpy.uint32), rows, {int(row[1:]): ask for row, ask in asks.items()})


class EngineTest(unittest.TestCase):
    def setUp(self) -> None:
        fake.__init__()
        module.api, module.lib = fake.api, fake.lib

    def engine(self, **size: int) -> module.IkEngine:
        return module.IkEngine("a.gguf", module.Size(**{"sequences": 2, "context": 500, "threads": 1, **size}))

    def test_makes_a_context_when_a_sequence_is_first_named_and_frees_it(self) -> None:
        engine = self.engine(threads=2)
        self.assertEqual(fake.calls, [])
        engine.call([item(0, 0, [1, 2], 0), item(1, 0, [3, 4], 0)])
        engine.call([item(0, 1, [5, 6], 0)])
        engine.release(0)
        engine.release(0)
        made = [("make", 516, 2), ("cut", 101, 0), ("decode", 101, 0, 2, 0)]
        other = [("make", 516, 2), ("cut", 102, 0), ("decode", 102, 0, 2, 0)]
        self.assertEqual(fake.calls, [*made, *other, ("cut", 101, 1), ("decode", 101, 1, 2, 0), ("free", 101)])

    def test_answers_the_rows_of_the_last_ids(self) -> None:
        rows = self.engine().call([item(0, 0, [8, 9, 30], 2, r1=Ask(beside=(150,), normaliser=True))])
        self.assertEqual([row.ids[0] for row in rows], [9, 30])
        self.assertEqual(rows[0].ids.tolist(), [9, *[i for i in range(65) if i != 9][:63]])
        self.assertTrue(150 in rows[1].ids and numpy.isnan(rows[0].normaliser) and rows[1].normaliser > 5)

    def test_computes_no_row_alone_beside_others(self) -> None:
        engine = self.engine()
        for ids, rows in (([1, 2, 3], 1), ([1], 1), ([1, 2, 3], 3), ([1, 2, 3], 0)):
            self.assertEqual(len(engine.call([item(0, 0, ids, rows)])), rows)
        outputs = [call[4] for call in fake.calls if call[0] == "decode"]
        self.assertEqual(outputs, [2, 1, 3, 0])

    def test_says_how_much_memory_a_text_takes_and_refuses_more_than_there_is(self) -> None:
        engine = self.engine()
        # 2 layers x 2 heads x (16 + 16) numbers of 2 bytes.
        self.assertEqual(engine.cached_token_bytes, 256)
        engine = self.engine(memory=int(1.5 * engine.context_bytes))
        engine.call([item(0, 0, [1, 2], 1)])
        with self.assertRaises(Failure) as failed:
            engine.call([item(1, 0, [1, 2], 1)])
        self.assertEqual(failed.exception.code, "memory-full")
        engine.release(0)
        engine.call([item(1, 0, [1, 2], 1)])
        self.assertEqual(self.engine(context=5000).context_length, 984)

    def test_says_what_failed(self) -> None:
        engine = self.engine()
        fake.status = 1
        self.assertRaisesRegex(Failure, "llama_decode of 2 tokens at 0 returned 1", engine.call, [item(0, 0, [1, 2], 1)])
        fake.cuts = False
        self.assertRaisesRegex(Failure, "can't be cut to 1", engine.call, [item(0, 1, [1, 2], 1)])
        fake.api.llama_init_from_model = lambda _model, _settings: None
        self.assertRaises(Failure, engine.call, [item(1, 0, [1, 2], 1)])

    def test_does_not_hide_a_logit_that_is_no_number(self) -> None:
        fake.logits = lambda _context, _index, vocabulary: numpy.full(vocabulary, numpy.nan, numpy.float32)
        self.assertRaises(NoNumbers, self.engine().call, [item(0, 0, [1, 2], 1)])
        del fake.logits

    def test_refuses_what_it_cannot_load(self) -> None:
        fake.loads = False
        fake.errors.append("unknown model architecture: 'strange'")
        self.assertRaisesRegex(Refusal, "can't load a.gguf: unknown model architecture", self.engine)
        fake.loads = True
        fake.lib.llama_model_has_recurrent = lambda _model: True
        self.assertRaisesRegex(Refusal, "recurrent", self.engine)


if __name__ == "__main__":
    unittest.main()
