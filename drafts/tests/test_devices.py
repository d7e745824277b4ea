"""No stage mixes what is on the GPU with what is not. A stand-in for the GPU: see other_device.py."""

import copy
import io
from contextlib import redirect_stderr
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from choose_layers import rank_layers
from corpus import Shard, batches
from draft_file import IdMap, thin, write_draft
from evaluate import Judge
from heal import CoarseFold, Healing, learn, matrices, settle
from model_file import load_decoder, open_model
from pipeline import as_stored
from tests.other_device import GPU, MixedDevices, OtherDevice, is_elsewhere, place, place_module
from tests.test_parts import WithTarget
from tests.test_pipeline import TINY
from text_stage import shard_path, write_all
from vocabulary import stand_ins


class Devices(WithTarget):
    def setUp(self) -> None:
        place_module(self.decoder)

    def test_the_stand_in_refuses_what_cuda_refuses(self) -> None:
        here, there = torch.ones(2), place(torch.ones(2))
        with OtherDevice():
            self.assertEqual((there.device, (there + 1).device), (GPU, GPU))
            self.assertTrue(is_elsewhere(here.to(GPU) + there))
            self.assertFalse(is_elsewhere(there.cpu()))
            for mixed in (
                lambda: here + there,
                lambda: torch.stack([there.sum(), torch.tensor(2)]),
                lambda: torch.nn.functional.embedding(torch.tensor([1]), there[None]),
            ):
                self.assertRaises(MixedDevices, mixed)

    def test_stages(self) -> None:
        with TemporaryDirectory() as folder, redirect_stderr(io.StringIO()):
            work, decoder = Path(folder), self.decoder
            with OtherDevice():
                write_all(work, decoder, self.target, TINY, False, ["held-out"])
                ids = list(range(0, 259, 2))
                map = IdMap(ids, stand_ins(decoder.embedding.cpu(), ids))
                held_out = list(batches([Shard(shard_path(work, "held-out"))], 4096, 0.0, None))
                draft = copy.deepcopy(thin(decoder, map))
                place_module(draft)
                harms = rank_layers(draft, decoder.output, held_out[0], map, {0}, False)
                self.assertEqual(len(harms), 3)
                judge = Judge(held_out, decoder.output, map)
                settle(draft, TINY.formats)
                draft.fold = CoarseFold(matrices(draft))
                healing = Healing(
                    [], map, decoder.output, (1, 2), judge, TINY.heal, TINY.formats, work / "curve.jsonl", False
                )
                kept_head = decoder.output.detach()[torch.tensor(ids, device=GPU)].to(torch.bfloat16)
                loss, _ = learn(draft, held_out[0], kept_head, healing)
                self.assertTrue(is_elsewhere(loss))
                stored = as_stored(draft, TINY)
                place_module(stored)
                self.assertGreater(judge.judge(stored).positions, 0)
                write_draft(work / "draft.gguf", draft, self.target, map, TINY.formats, "tiny")
            self.assertEqual(len(load_decoder(open_model(work / "draft.gguf")).layers), 4)
