"""Stage 2: which layers to leave out next, by how far the model is from the target without each of them."""

import torch

from corpus import Batch
from draft_file import IdMap
from llama import Decoder
from losses import Divergence
from progress import Progress


@torch.no_grad()
def rank_layers(
    decoder: Decoder, target_head, batch: Batch, map: IdMap, fixed: set[int], as_json: bool
) -> list[tuple[float, int]]:
    """Divergence in nats without each layer but those in `fixed`, and the layer's index in the target; least harm first.

    Layers below the one left out are evaluated once for all.
    """
    device = decoder.embedding.device
    ids, at, weights, target_states = (
        one.to(device) for one in (map.inputs[batch.ids], batch.at, batch.weights, batch.states)
    )
    kept_head = target_head.detach()[torch.tensor(map.ids, device=device)].to(torch.bfloat16)
    head = decoder.fold(decoder.output)
    cosines, sines = decoder.rope(ids.shape[1])
    below = decoder.embed(ids)
    progress = Progress("choose-layers", len(decoder.kept), "layers", as_json)
    harms = []
    for index, layer in enumerate(decoder.kept):
        if layer not in fixed:
            x = below
            for above in decoder.layers[index + 1 :]:
                x = above(x, cosines, sines, decoder.fold)
            states = decoder.final(x).flatten(0, 1)[at]
            harms.append((float(Divergence.apply(states, head, target_states, kept_head, weights)), layer))
        below = decoder.layers[index](below, cosines, sines, decoder.fold)
        progress.advance(1)
    return sorted(harms)


def choose_dropped(harms: list[tuple[float, int]], kept: list[int], count: int) -> set[int]:
    """The `count` least harmful layers, no two of them neighbours as long as that is possible.

    Two neighbours do more harm together than their single harms say.
    """
    place = {layer: index for index, layer in enumerate(kept)}
    chosen: list[int] = []
    for apart in (True, False):
        for _, layer in harms:
            near = any(abs(place[layer] - place[one]) == 1 for one in chosen)
            if len(chosen) < count and layer not in chosen and not (apart and near):
                chosen.append(layer)
    return set(chosen)
