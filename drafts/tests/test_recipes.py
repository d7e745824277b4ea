"""What recipes may say, and what those that come with it ask of targets of other sizes."""

import unittest
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import estimate
import fit
from recipe import Stage, read_recipe
from refusal import Refusal
from tests.test_pipeline import TINY


class Recipes(unittest.TestCase):
    def test_those_that_come_with_it_are_valid(self) -> None:
        for path in sorted((Path(fit.__file__).parent / "recipes").glob("*.toml")):
            read_recipe(path).fitted_to(30, 49152)

    def test_those_that_come_with_it_fit_targets_of_other_depths(self) -> None:
        folder = Path(fit.__file__).parent / "recipes"
        depths = lambda name, layers: [  # noqa: E731
            stage.layers for stage in read_recipe(folder / f"{name}.toml").fitted_to(layers, 49152).stages
        ]
        self.assertEqual(depths("default", 30), [26, 23, 20])
        self.assertEqual(depths("front", 30), [26, 22, 19, 16, 12, 8, 4])
        for layers in range(8, 129):
            self.assertEqual(len(depths("default", layers)), 3)
        self.assertEqual(read_recipe(folder / "default.toml").fitted_to(16, 128256).ship, 11)

    def test_what_the_documentation_says_of_larger_targets(self) -> None:
        text = (Path(fit.__file__).parent.parent / "docs" / "draft-models.md").read_text()
        for name in estimate.SIZES:
            self.assertIn(estimate.row(name), text)

    def test_wrong_ones_are_refused(self) -> None:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "r.toml"
            for text in (
                "name = ",
                "nome = 'x'",
                "name = 'x'\nseed = 1\nvocabulary = 9\nship = 3",
                "[[stages]]\nlayers = 3\nidds = 4",
            ):
                path.write_text(text)
                with self.assertRaises(Refusal):
                    read_recipe(path)

    def test_wrong_values_are_refused_when_it_is_read(self) -> None:
        good = (Path(fit.__file__).parent / "recipes" / "smoke.toml").read_text()
        changes = {
            'layers = "Q4_0"': 'layers = "Q4_K"',
            'embedding = "Q8_0"': "embedding = 8",
            "rows = 16": "rows = 0",
            "steps = 96": 'steps = "96"',
            "seed = 20261124": "seed = 1.5",
            "opened_share = 1.0": "opened_share = 1.5",
            "shards = 1": "shards = true",
            "ids = 2000": "ids = -1",
            "warm_up_steps = 2": "weight_decay = nan",
            'openers = ["What is the",': 'openers = [1, "What is the",',
            "[[stages]]": "[stages]",
            "ranking_ids = 128": "ranking_ids = 128\nheal = 1",
            "text_limit = 96": "text_limit = 96\nanswer_temperatures = []",
            "user_limit = 24": "user_limit = [24]",
        }
        with TemporaryDirectory() as folder:
            path = Path(folder) / "r.toml"
            for before, after in changes.items():
                self.assertIn(before, good)
                content = good.replace(before, after, 1)
                path.write_text(content.replace("[heal]\n", "[heals]\n") if "heal =" in after else content)
                with self.subTest(after), self.assertRaisesRegex(Refusal, "r.toml"):
                    read_recipe(path)

    def test_stages_that_cannot_be_made_are_refused(self) -> None:
        only = Stage(0.5, 1, export=False)
        with self.assertRaisesRegex(Refusal, "exports the 6"):
            replace(TINY, stages=(Stage(-1, 1), only), ship=0.5).fitted_to(12, 100)
        with self.assertRaisesRegex(Refusal, "always keeps 3"):
            replace(TINY, stages=(Stage(2, 1),), ship=2, always_keep=(0, 1, -1)).fitted_to(12, 100)
        with self.assertRaisesRegex(Refusal, "2.5"):
            replace(TINY, stages=(Stage(2.5, 1),), ship=2.5).fitted_to(12, 100)

    def test_depths_may_be_shares_or_differences(self) -> None:
        recipe = replace(TINY, stages=(Stage(-1, 1), Stage(0.5, 1)), ship=0.5).fitted_to(12, 100)
        self.assertEqual(([stage.layers for stage in recipe.stages], recipe.ship, recipe.vocabulary), ([11, 6], 6, 100))
        self.assertEqual(replace(TINY, stages=(Stage(0, 0),), ship=0).fitted_to(12, 100).ship, 12)
        with self.assertRaises(Refusal):
            TINY.fitted_to(2, 100)


if __name__ == "__main__":
    unittest.main()
