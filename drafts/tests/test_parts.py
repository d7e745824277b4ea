"""Each part at tiny size. `python -m unittest discover -s drafts/tests -t drafts`."""

import random
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import gguf
import numpy
import torch
from gguf.quants import dequantize

from block_formats import bytes_of, seen_as, to_bytes
from chat_format import FewWords, chat_format
from decoding import RowDecoder, choose
from draft_file import Formats, IdMap, thin, write_draft
from heal import CoarseFold, rate_at
from llama import rope_table
from losses import Divergence
from model_file import ModelFile, half_split, interleaved, load_decoder, open_model
from recipe import HealRecipe, Stage
from refusal import Refusal
from storage import load_checkpoint, save_checkpoint
from tests.tiny_target import write_tiny_target
import template
from vocabulary import as_javascript, choose_ids, end_ids, stand_ins, vocabulary_hash


class WithTarget(unittest.TestCase):
    """Writes a tiny target before the tests of a class."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = TemporaryDirectory()
        cls.path = Path(cls.folder.name) / "target.gguf"
        write_tiny_target(cls.path)
        cls.target = open_model(cls.path)
        cls.decoder = load_decoder(cls.target)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.folder.cleanup()


class WithTemplate:
    """A model with another chat template."""

    def __init__(self, model: ModelFile, template: str) -> None:
        self.model, self.template = model, template

    def value(self, key: str):
        return self.template if key == "tokenizer.chat_template" else self.model.value(key)


class Formatting(unittest.TestCase):
    def test_every_format_reads_back_what_training_saw(self) -> None:
        weight = torch.randn(6, 64)
        weight[2] = 0
        for name, kind in (("IQ4_NL", gguf.GGMLQuantizationType.IQ4_NL), ("Q5_0", gguf.GGMLQuantizationType.Q5_0)):
            stored = to_bytes(weight, name)
            self.assertEqual(stored.nbytes, bytes_of(6, 64, name))
            numpy.testing.assert_array_equal(dequantize(stored, kind), seen_as(weight, name).numpy())

    def test_nonlinear_levels_are_nearer_than_even_ones(self) -> None:
        weight = torch.randn(64, 256)
        error = {name: float((seen_as(weight, name) - weight).square().mean()) for name in ("IQ4_NL", "Q4_0")}
        self.assertLess(error["IQ4_NL"], 0.85 * error["Q4_0"])

    def test_training_sees_coarse_weights_and_slopes_pass(self) -> None:
        weight = torch.nn.Parameter(torch.randn(32, 64))
        seen = CoarseFold([weight])(weight)
        torch.testing.assert_close(seen, seen_as(weight, "IQ4_NL").to(torch.bfloat16), atol=0.1, rtol=0.02)
        seen.float().sum().backward()
        torch.testing.assert_close(weight.grad, torch.ones(32, 64))


class Decoding(WithTarget):
    def test_query_rows_return_to_their_order(self) -> None:
        rows = torch.arange(64 * 3.0).view(64, 3)
        torch.testing.assert_close(interleaved(half_split(rows, 32), 32), rows)
        self.assertEqual(half_split(rows, 32)[1, 0], rows[2, 0])

    def test_rows_at_different_positions_give_the_states_of_whole_texts(self) -> None:
        ids = torch.randint(0, 259, (2, 40))
        whole, streams = self.decoder(ids, (1,))
        rows = RowDecoder(self.decoder, 2, 64, (1,))
        for step in range(40):
            # The second row begins anew after ten steps.
            at = torch.tensor([step, step if step < 10 else step - 10])
            _, states, middle = rows.step(torch.tensor([ids[0, step], ids[1, at[1]]]), at)
        torch.testing.assert_close(states[0].float(), whole[0, 39].float(), atol=0.05, rtol=0.05)
        torch.testing.assert_close(states[1].float(), whole[1, 29].float(), atol=0.05, rtol=0.05)
        torch.testing.assert_close(middle[0][0].float(), streams[1][0, 39], atol=0.05, rtol=0.05)

    def test_sampling_follows_the_distribution(self) -> None:
        logits = torch.zeros(4000, 600)
        logits[:, 500] = 6.4
        drawn = choose(logits, torch.ones(4000), torch.rand(4000, generator=torch.Generator().manual_seed(1)))
        self.assertAlmostEqual(float((drawn == 500).float().mean()), 0.5, delta=0.04)
        self.assertTrue(bool((choose(logits, torch.zeros(4000), torch.rand(4000)) == 500).all()))


class Learning(unittest.TestCase):
    def test_divergence_has_the_slopes_of_its_definition(self) -> None:
        half = lambda *size: torch.randn(size).to(torch.bfloat16)  # noqa: E731
        states, head, theirs, their_head = (
            half(20, 16).requires_grad_(),
            half(50, 16).requires_grad_(),
            half(20, 16),
            half(50, 16),
        )
        weights = torch.rand(20)
        Divergence.apply(states, head, theirs, their_head, weights).backward()
        ours, rows = states.detach().float().requires_grad_(), head.detach().float().requires_grad_()
        wanted = (theirs.float() @ their_head.float().T).log_softmax(-1)
        each = (wanted.exp() * (wanted - (ours @ rows.T).log_softmax(-1))).sum(-1)
        ((each * weights).sum() / weights.sum()).backward()
        torch.testing.assert_close(states.grad.float(), ours.grad, atol=0.02, rtol=0.1)
        torch.testing.assert_close(head.grad.float(), rows.grad, atol=0.02, rtol=0.1)

    def test_rate_warms_up_and_falls(self) -> None:
        stage, recipe = Stage(2, 100, decay_share=0.5), HealRecipe(rate=1.0, warm_up_steps=10)
        rates = [rate_at(share, steps, stage, recipe) for share, steps in ((0, 0), (0.4, 50), (0.75, 80), (1.0, 99))]
        for rate, wanted in zip(rates, (0.1, 1.0, 0.52, 0.02), strict=True):
            self.assertAlmostEqual(rate, wanted)


class Vocabulary(WithTarget):
    def test_numbers_are_written_as_in_javascript(self) -> None:
        pairs = [
            (1.0, "1"),
            (-0.5, "-0.5"),
            (1e-5, "0.00001"),
            (1e-7, "1e-7"),
            (1e21, "1e+21"),
            (True, "true"),
            (3, "3"),
        ]
        for value, text in pairs:
            self.assertEqual(as_javascript(value), text)

    def test_hash_is_the_one_that_the_sessions_compare(self) -> None:
        self.assertEqual(vocabulary_hash(self.target), HASH_OF_TINY_TARGET)

    def test_special_ids_single_characters_and_frequent_ones_are_kept(self) -> None:
        values = {
            "tokenizer.ggml.tokens": ["ab", "</s>", "cd", "é", "efg", "<tool>", "<0x0A>", "hi", "</end>", "<unk>"],
            "tokenizer.ggml.token_type": [1, 3, 1, 1, 1, 4, 6, 1, 1, 2],
            "tokenizer.ggml.eot_token_id": 8,
        }
        model = mock.Mock(value=values.get)
        counts = numpy.array([1, 0, 9, 0, 5, 0, 0, 5, 0, 0])
        always = [1, 3, 5, 6, 8, 9]
        self.assertEqual(choose_ids(model, counts, 6), always)
        # Then the most frequent; of two as frequent ones the first.
        self.assertEqual(choose_ids(model, counts, 7), sorted([*always, 2]))
        self.assertEqual(choose_ids(model, counts, 8), sorted([*always, 2, 4]))
        self.assertEqual(choose_ids(model, counts, 99), list(range(10)))
        self.assertEqual(end_ids(model), {1, 8})
        self.assertEqual(end_ids(self.target), {0, 2})

    def test_an_id_that_is_missing_is_read_as_the_one_most_like_it(self) -> None:
        embedding = torch.tensor([[1.0, 0.0], [0.0, 1.0], [5.0, 1.0], [-1.0, 3.0]])
        self.assertEqual(stand_ins(embedding, [0, 1]).tolist(), [0, 1, 0, 1])

    def test_template_becomes_ids(self) -> None:
        encoder = FewWords(self.target)
        format = chat_format(self.target, encoder)
        self.assertEqual(format.opening, [1, *encoder.encode("user\n")])
        self.assertEqual(format.before_answer, [2, *encoder.encode("\n"), 1, *encoder.encode("assistant\n")])

    def test_a_template_is_no_program(self) -> None:
        mark = Path(self.folder.name) / "ran"
        runs = f"cycler.__init__.__globals__.os.system('touch {mark}')"
        for hostile, cause in (
            ("{{ " + runs + " }}", "reaches for what a template may not use"),
            ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "reaches for what a template may not use"),
            ("{{ messages.append(1) }}", "reaches for what a template may not use"),
            ("{% for i in range(99999999) %}{% endfor %}", "fails: OverflowError"),
            ("{% for m in messages %}{{ m.content * 999999 }}{% endfor %}", "renders more than 200000 characters"),
            ("{{ 'x' * 9999999999 }}", "needs more memory than it may have"),
            ("{% for m in", "fails: TemplateSyntaxError"),
            ("{{ messages[0].content }}", "does not write each message once"),
            ("x" * 200_001, "is 200001 characters long; at most 200000 are accepted"),
        ):
            with self.subTest(hostile[:60]), self.assertRaises(Refusal) as refused:
                chat_format(WithTemplate(self.target, hostile), FewWords(self.target))
            self.assertEqual(refused.exception.cause, f"the target's chat template {cause}")
        self.assertFalse(mark.exists())

    def test_a_template_comes_to_an_end(self) -> None:
        endless = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
        with mock.patch.object(template, "SECONDS", 1), self.assertRaises(Refusal) as refused:
            template.render(endless, {})
        self.assertIn("does not come to an end within 1 s", refused.exception.cause)


class Storing(unittest.TestCase):
    def test_a_checkpoint_is_data(self) -> None:
        class Hostile:
            def __reduce__(self):
                return (Path.touch, (mark,))

        with TemporaryDirectory() as folder:
            path, mark = Path(folder) / "checkpoint.pt", Path(folder) / "ran"
            kept = {"kept": [0, 3], "seen": 7, "fold": [(2, torch.ones(3)), (0, None)]}
            save_checkpoint(path, kept)
            self.assertEqual(str(load_checkpoint(path)), str(kept))
            save_checkpoint(path, {"kept": Hostile()})
            self.assertRaises(Refusal, load_checkpoint, path)
            path.write_bytes(b"no checkpoint")
            self.assertRaises(Refusal, load_checkpoint, path)
            self.assertFalse(mark.exists())


class Writing(WithTarget):
    def test_draft_file_reads_back(self) -> None:
        ids = list(range(0, 259, 2))
        map = IdMap(ids, stand_ins(self.decoder.embedding, ids))
        path = Path(self.folder.name) / "draft.gguf"
        draft = thin(self.decoder, map).without({1, 2})
        size = write_draft(path, draft, self.target, map, Formats("F16", "F16"), "test")
        self.assertEqual(size, path.stat().st_size)
        again = open_model(path)
        self.assertEqual(again.value("outrider.target.ids"), ids)
        self.assertEqual(again.value("outrider.draft.layers"), [0, 3])
        self.assertEqual(len(again.value("outrider.target.inputs")), 259)
        text = torch.randint(0, len(ids), (1, 12))
        torch.testing.assert_close(load_decoder(again)(text)[0].float(), draft(text)[0].float(), atol=0.1, rtol=0.1)

    def test_rotation_factors_are_divisors_and_go_with_the_draft(self) -> None:
        factors = numpy.linspace(1, 8, 16, dtype=numpy.float32)
        folder = Path(self.folder.name)
        write_tiny_target(folder / "factors.gguf", more={"rope_freqs.weight": factors})
        target = open_model(folder / "factors.gguf")
        decoder = load_decoder(target)
        plain, divided = rope_table(self.decoder.shape, torch.arange(9)), rope_table(decoder.shape, torch.arange(9))
        torch.testing.assert_close(divided[0][8, 15], torch.cos(torch.arccos(plain[0][8, 15]) / 8))
        torch.testing.assert_close(divided[0][:, 0], plain[0][:, 0])
        ids = list(range(259))
        map = IdMap(ids, stand_ins(decoder.embedding, ids))
        write_draft(folder / "draft.gguf", thin(decoder, map), target, map, Formats("F16", "F16"), "test")
        again = open_model(folder / "draft.gguf")
        self.assertEqual(again.tensor("rope_freqs.weight").tolist(), factors.tolist())
        self.assertEqual(load_decoder(again).shape, decoder.shape)


# As readVocabulary of src/models/gguf/vocabulary.ts gives it for this file.
HASH_OF_TINY_TARGET = "739e5c51fc2cd6b056927a5b0904503f02ed69c12a64290c44842f9b1d81910d"

if __name__ == "__main__":
    random.seed(0)
    unittest.main()
