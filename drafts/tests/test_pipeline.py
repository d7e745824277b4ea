"""The whole pipeline on a tiny target, and what it refuses before it starts."""

import io
import json
import unittest
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import numpy

import card
import curve
import estimate
import fit
import heal
import room
from draft_file import Formats, IdMap, thin, write_draft
from earlier_draft import open_start
from model_file import load_decoder, open_model, shape_of
from pipeline import Pipeline
from recipe import HealRecipe, Recipe, Stage, TextRecipe, read_recipe
from refusal import Refusal
from tests.tiny_target import write_tiny_target
from vocabulary import stand_ins

TINY = Recipe(
    name="tiny",
    seed=1,
    vocabulary=200,
    ship=3,
    text=TextRecipe(
        shards=1, rows=8, steps=64, held_out_rows=4, held_out_steps=64, text_limit=64, user_limit=16, answer_limit=24
    ),
    heal=HealRecipe(batch_ids=128, warm_up_steps=2),
    formats=Formats(),
    stages=(Stage(3, 600, coarse_share=0.3), Stage(2, 300)),
    ranking_ids=64,
    always_keep=(0,),
)


class Whole(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.place = Path(self.folder.name)
        write_tiny_target(self.place / "target.gguf")

    def run_pipeline(self, recipe: Recipe = TINY) -> dict:
        with redirect_stderr(io.StringIO()):
            return Pipeline(open_model(self.place / "target.gguf"), recipe, self.place / "out", False).run()

    def test_every_depth_is_exported_and_judged(self) -> None:
        results = self.run_pipeline()
        self.assertEqual([point["layers"] for point in results["points"]], [3, 2])
        self.assertEqual(
            (self.place / "out" / "draft.gguf").read_bytes(), (self.place / "out" / "draft-3.gguf").read_bytes()
        )
        text = (self.place / "out" / "CARD.md").read_text()
        self.assertIn("fit.py --target target.gguf --out OUT\n", text)
        self.assertIn("outrider trace record --target target.gguf --draft OUT/draft.gguf", text)
        self.assertEqual(open_model(self.place / "out" / "draft-2.gguf").value("outrider.draft.recipe"), "tiny")

    def test_healing_brings_the_draft_nearer(self) -> None:
        recipe = replace(TINY, text=replace(TINY.text, rows=48), heal=replace(TINY.heal, batch_ids=256, rate=2e-3))
        before = self.run_pipeline(replace(recipe, stages=(Stage(3, 1),)))
        self.setUp()
        after = self.run_pipeline(replace(recipe, stages=(Stage(3, 5_000),)))
        trained = [results["points"][0]["trained"]["divergence"] for results in (before, after)]
        self.assertLess(trained[1], 0.95 * trained[0])

    def test_nothing_that_is_there_is_made_again(self) -> None:
        first = self.run_pipeline()
        with (
            mock.patch("pipeline.heal", side_effect=AssertionError),
            mock.patch("text_stage.write_shard", side_effect=AssertionError),
        ):
            self.assertEqual({**self.run_pipeline(), "coreHours": 0}, {**first, "coreHours": 0})

    def test_the_whole_target_in_a_coarser_format_needs_no_healing(self) -> None:
        whole = self.run_pipeline(
            replace(TINY, stages=(Stage(4, 0),), ship=4, vocabulary=259, formats=Formats("Q8_0", "Q8_0"))
        )
        self.assertGreater(whole["points"][0]["stored"]["agreement"], 0.8)

    def test_shallower_drafts_are_healed_from_a_draft(self) -> None:
        self.run_pipeline(replace(TINY, stages=(Stage(3, 600),)))
        target, out = open_model(self.place / "target.gguf"), self.place / "shallower"
        recipe = replace(TINY, stages=(Stage(2, 300),), ship=2)
        start = open_start(self.place / "out" / "draft.gguf", target, recipe)
        with redirect_stderr(io.StringIO()):
            results = Pipeline(target, recipe, out, False, start).run()
        self.assertLess(set(results["points"][0]["kept"]), set(start.kept))
        made = open_model(out / "draft.gguf")
        self.assertEqual(made.value("outrider.target.ids"), start.id_map().ids)
        with self.assertRaisesRegex(Refusal, "begins with 3 layers"):
            open_start(out / "draft.gguf", target, replace(TINY, stages=(Stage(3, 600),)))
        with self.assertRaisesRegex(Refusal, "not made by this pipeline"):
            open_start(self.place / "target.gguf", target, recipe)
        write_tiny_target(self.place / "other.gguf", tokenizer="llama")
        with self.assertRaisesRegex(Refusal, "another target"):
            open_start(out / "draft.gguf", open_model(self.place / "other.gguf"), recipe)

    def test_a_draft_of_another_model_with_the_same_tokens_is_refused(self) -> None:
        write_tiny_target(self.place / "deeper.gguf", layers=6)
        target = open_model(self.place / "deeper.gguf")
        decoder = load_decoder(target)
        ids = list(range(259))
        map = IdMap(ids, stand_ins(decoder.embedding, ids))
        draft = thin(decoder, map).without({1, 2})
        write_draft(self.place / "draft.gguf", draft, target, map, Formats("F16", "F16"), "tiny")
        recipe = replace(TINY, stages=(Stage(2, 300),), ship=2)
        open_start(self.place / "draft.gguf", target, recipe)
        others = {
            "feed_forward": {"layers": 6, "feed_forward": 128},
            "layers": {"layers": 4},
            "head": {"layers": 6, "tied": False},
        }
        for part, changes in others.items():
            write_tiny_target(self.place / "other.gguf", **changes)
            with self.subTest(part), self.assertRaisesRegex(Refusal, rf"another target \({part}\)"):
                open_start(self.place / "draft.gguf", open_model(self.place / "other.gguf"), recipe)

    def interrupted_after(self, recipe: Recipe, batches: int) -> None:
        steps = mock.Mock(side_effect=[*[None] * batches, KeyboardInterrupt])
        learn = heal.learn

        def interrupted(*given):
            steps()
            return learn(*given)

        with mock.patch("heal.learn", interrupted), self.assertRaises(KeyboardInterrupt):
            self.run_pipeline(recipe)

    def test_an_interrupted_run_ends_with_the_same_weights(self) -> None:
        every = HealRecipe(batch_ids=128, checkpoint_minutes=0.0)
        # With coarse weights from the second batch on: their scales are fitted only now and then.
        coarse = Stage(3, 600, coarse_share=0.9)
        for stage in (Stage(3, 600), coarse):
            with self.subTest(coarse=stage.coarse_share):
                self.setUp()
                recipe = replace(
                    TINY, stages=(stage,), heal=replace(every, rate=2e-3), formats=Formats("IQ4_NL", "Q8_0")
                )
                self.run_pipeline(recipe)
                whole = (self.place / "out" / "draft-3.gguf").read_bytes()
                self.setUp()
                self.interrupted_after(recipe, 4)
                self.assertFalse((self.place / "out" / "draft-3.gguf").exists())
                self.run_pipeline(recipe)
                self.assertEqual((self.place / "out" / "draft-3.gguf").read_bytes(), whole)

    def test_what_is_learnt_again_stands_once_in_the_curve(self) -> None:
        recipe = replace(TINY, stages=(Stage(3, 600),), heal=HealRecipe(batch_ids=128, checkpoint_minutes=60.0))
        with mock.patch.object(heal.Healing.__init__, "__defaults__", (100,)):
            self.interrupted_after(recipe, 4)
            first = self.curve()
            self.assertGreater(len(first), 2)
            self.run_pipeline(recipe)
        ids = [row["ids"] for row in self.curve()]
        self.assertEqual(ids[0], 0)
        self.assertEqual(ids, sorted(set(ids)))
        self.assertEqual(ids[: len(first)], [row["ids"] for row in first])

    def test_the_curve_is_drawn(self) -> None:
        self.run_pipeline()
        curve.main(str(self.place / "out" / "curve.jsonl"), str(self.place / "curve.svg"))
        self.assertIn("</svg>", (self.place / "curve.svg").read_text())

    def curve(self) -> list[dict]:
        return [json.loads(line) for line in (self.place / "out" / "curve.jsonl").read_text().splitlines()]


class Folders(unittest.TestCase):
    """A folder belongs to one target, one recipe and one start."""

    def setUp(self) -> None:
        self.folder = TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.place = Path(self.folder.name)
        write_tiny_target(self.place / "target.gguf")

    def fit(self, *more: str, target: str = "target.gguf") -> tuple[int, str]:
        """Exit code and standard error; the stages themselves are not run."""
        given = ["--target", str(self.place / target), "--out", str(self.place / "out"), *more]
        errors = io.StringIO()
        nothing = {"points": [], "file": "", "shipped": 0}
        with (
            mock.patch("pipeline.Pipeline.run", return_value=nothing),
            redirect_stderr(errors),
            redirect_stdout(io.StringIO()),
        ):
            return fit.main(given), errors.getvalue()

    def refused(self, *more: str, target: str = "target.gguf") -> str:
        code, errors = self.fit(*more, target=target)
        lines = errors.strip().split("\n")
        self.assertEqual((code, len(lines)), (2, 2), errors)
        return lines[0]

    def test_the_same_command_goes_on(self) -> None:
        for _ in range(2):
            self.assertEqual(self.fit("--smoke"), (0, ""))

    def test_another_recipe_is_refused(self) -> None:
        self.fit("--smoke")
        recipes = Path(fit.__file__).parent / "recipes"
        changed = self.place / "changed.toml"
        changed.write_text((recipes / "smoke.toml").read_text().replace("rows = 16", "rows = 17"))
        for recipe in (recipes / "coarse.toml", changed):
            self.assertIn("another recipe", self.refused("--recipe", str(recipe)))

    def test_another_target_is_refused(self) -> None:
        self.fit("--smoke")
        write_tiny_target(self.place / "other.gguf", tied=False)
        self.assertIn("another target", self.refused("--smoke", target="other.gguf"))

    def test_another_start_is_refused(self) -> None:
        self.fit("--smoke")
        with mock.patch("earlier_draft.open_start"):
            self.assertIn("another --from", self.refused("--smoke", "--from", str(self.place / "target.gguf")))

    def test_work_of_an_unknown_target_is_refused(self) -> None:
        (self.place / "out" / "work" / "text").mkdir(parents=True)
        self.assertIn("doesn't say", self.refused("--smoke"))


class Cards(unittest.TestCase):
    def test_the_command_is_the_one_that_was_given(self) -> None:
        recipe = Path(fit.__file__).parent / "recipes" / "front.toml"
        given = {
            "--smoke": "--smoke",
            f"--recipe {recipe}": "--recipe drafts/recipes/front.toml",
            "--recipe /x/mine.toml --from /x/draft-16.gguf": "--recipe mine.toml --from draft-16.gguf",
            "": "",
        }
        for words, shown in given.items():
            options = fit.named(fit.arguments(["--target", "t.gguf", "--out", "o", *words.split()]))
            wanted = f"python3 drafts/fit.py --target t.gguf --out OUT {shown}".strip()
            self.assertEqual(card.command("t.gguf", options), wanted)

    def test_ids_are_those_of_the_map(self) -> None:
        with TemporaryDirectory() as folder, redirect_stderr(io.StringIO()):
            place = Path(folder)
            write_tiny_target(place / "target.gguf")
            target = open_model(place / "target.gguf")
            Pipeline(target, replace(TINY, stages=(Stage(3, 100),)), place / "out", False).run()
            recipe = replace(TINY, stages=(Stage(2, 100),), ship=2, vocabulary=259)
            start = open_start(place / "out" / "draft.gguf", target, recipe)
            results = Pipeline(
                target, recipe, place / "less", False, start, {"recipe": "r.toml", "from": "d.gguf", "smoke": False}
            ).run()
            self.assertEqual(results["ids"], 200)
            self.assertIn("Ids it can say: 200;", (place / "less" / "CARD.md").read_text())
            self.assertIn("--recipe r.toml --from d.gguf\n", (place / "less" / "CARD.md").read_text())


class Refused(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = Path(self.folder.name) / "target.gguf"

    def refusal(self) -> str:
        errors = io.StringIO()
        with redirect_stderr(errors), redirect_stdout(io.StringIO()):
            code = fit.main(["--target", str(self.path), "--out", self.folder.name + "/out", "--smoke"])
        self.assertEqual(code, 2)
        lines = errors.getvalue().strip().split("\n")
        self.assertEqual(len(lines), 2)
        self.assertFalse(Path(self.folder.name, "out").exists())
        return lines[0]

    def test_no_file(self) -> None:
        self.assertIn("no file", self.refusal())

    def test_no_gguf(self) -> None:
        self.path.write_bytes(b"not a model at all" * 10)
        self.assertIn("not a whole GGUF", self.refusal())

    def test_half_a_file(self) -> None:
        write_tiny_target(self.path)
        content = self.path.read_bytes()
        for share in (0.2, 0.6, 0.99):
            self.path.write_bytes(content[: int(share * len(content))])
            self.assertIn(str(self.path), self.refusal())

    def test_another_architecture(self) -> None:
        write_tiny_target(self.path, architecture="qwen2")
        self.assertIn("'qwen2'", self.refusal())

    def test_a_tokenizer_of_another_family(self) -> None:
        write_tiny_target(self.path, tokenizer="bert")
        self.assertIn("'bert'", self.refusal())

    def test_parts_that_drafts_lack(self) -> None:
        for more in (
            {"values": {"llama.expert_count": 8}},
            {"values": {"llama.rope.scaling.type": "linear"}},
            {"more": {"blk.0.attn_q.bias": numpy.zeros(64, numpy.float32)}},
        ):
            write_tiny_target(self.path, **more)
            name = next(iter(next(iter(more.values()))))
            self.assertIn(name, self.refusal())

    def test_too_little_disk(self) -> None:
        write_tiny_target(self.path)
        with mock.patch("room.shutil.disk_usage", return_value=mock.Mock(free=1000)):
            self.assertIn("GiB free", self.refusal())

    def test_too_little_memory(self) -> None:
        write_tiny_target(self.path)
        with mock.patch("room.available_memory", return_value=1000):
            self.assertIn("of memory", self.refusal())

    def test_a_run_that_goes_on_needs_room_only_for_the_rest(self) -> None:
        write_tiny_target(self.path)
        shape, out = shape_of(open_model(self.path)), Path(self.folder.name) / "out"
        needed = room.disk_needed(shape, TINY)
        text = out / "work" / "text" / "held-out" / "ids.npy"
        text.parent.mkdir(parents=True)
        text.write_bytes(bytes(1000))
        (out / "draft-3.gguf").write_bytes(bytes(500))
        # Not of this pipeline.
        (out / "target.gguf").write_bytes(bytes(9000))
        for free, refused in ((needed - 1500, False), (needed - 1501, True)):
            with mock.patch("room.shutil.disk_usage", return_value=mock.Mock(free=free)):
                if refused:
                    self.assertRaises(Refusal, room.check_room, shape, TINY, out)
                else:
                    room.check_room(shape, TINY, out)

    def test_room_grows_with_the_recipe(self) -> None:
        write_tiny_target(self.path)
        shape = shape_of(open_model(self.path))
        more = replace(TINY, text=replace(TINY.text, rows=800))
        self.assertGreater(room.disk_needed(shape, more), room.disk_needed(shape, TINY))
        self.assertGreater(room.memory_needed(shape, more), room.memory_needed(shape, TINY))
        large = estimate.shape_of("SmolLM2 360M")
        trained = read_recipe(Path(fit.__file__).parent / "recipes" / "default.toml").fitted_to(32, 49152)
        untrained = replace(trained, stages=tuple(replace(stage, ids=0) for stage in trained.stages))
        self.assertLess(room.memory_needed(large, untrained), room.memory_needed(large, trained))
        self.assertLess(room.disk_needed(large, untrained), room.disk_needed(large, trained))


if __name__ == "__main__":
    unittest.main()
