"""A Llama decoder for training: whole texts in parallel, float32 weights, bfloat16 products.

Knows nothing of files, vocabularies or losses. Query and key rows are held in half-split order (first halves of all
rotation pairs, then second halves); model_file.py and draft_file.py turn them from and into llama.cpp's interleaved order.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class Shape:
    """Sizes of a model; `head_width` is the width of one attention head."""

    layers: int
    width: int
    heads: int
    kv_heads: int
    head_width: int
    feed_forward: int
    vocabulary: int
    context: int
    rope_base: float
    epsilon: float
    #: Divisors of the rotation frequencies, one for each pair (Llama 3.1 and later); empty: none.
    rope_factors: tuple[float, ...] = ()

    @property
    def layer_parameters(self) -> int:
        """Weights of one layer, norms left out."""
        attention = self.width * self.head_width * (2 * self.heads + 2 * self.kv_heads)
        return attention + 3 * self.width * self.feed_forward


def rope_table(shape: Shape, positions: Tensor) -> tuple[Tensor, Tensor]:
    """Cosines and sines, each [positions, head_width], for the half-split order."""
    half = torch.arange(0, shape.head_width, 2, dtype=torch.float32, device=positions.device)
    frequencies = shape.rope_base ** (-half / shape.head_width)
    if shape.rope_factors:
        frequencies = frequencies / torch.tensor(shape.rope_factors, device=positions.device)
    angles = positions.float()[:, None] * frequencies[None, :]
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    """Turns each pair of `x` [..., head_width] by its position's angles."""
    first, second = x.chunk(2, dim=-1)
    return x * cosines + torch.cat((-second, first), dim=-1) * sines


class Fold:
    """How a weight is seen by the forward pass; replaced while weights are trained for coarser formats."""

    def __call__(self, weight: Tensor) -> Tensor:
        return weight.to(torch.bfloat16)


class Layer(nn.Module):
    """One decoder layer. Products of the same input are one matrix: query, key, value; gate, up."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        rows = (shape.heads + 2 * shape.kv_heads) * shape.head_width
        self.attention_norm = nn.Parameter(torch.ones(shape.width))
        self.query_key_value = nn.Parameter(torch.empty(rows, shape.width))
        self.attention_output = nn.Parameter(torch.empty(shape.width, shape.heads * shape.head_width))
        self.feed_forward_norm = nn.Parameter(torch.ones(shape.width))
        self.gate_up = nn.Parameter(torch.empty(2 * shape.feed_forward, shape.width))
        self.down = nn.Parameter(torch.empty(shape.width, shape.feed_forward))

    def forward(self, x: Tensor, cosines: Tensor, sines: Tensor, fold: Fold) -> Tensor:
        """`x` is the float32 residual stream [texts, positions, width]; returns the next one."""
        x = x + self.attend(self.normed(x, self.attention_norm), cosines, sines, fold).float()
        gate, up = functional.linear(self.normed(x, self.feed_forward_norm), fold(self.gate_up)).chunk(2, dim=-1)
        return x + functional.linear(functional.silu(gate) * up, fold(self.down)).float()

    def normed(self, x: Tensor, weight: Tensor) -> Tensor:
        """Root-mean-square norm, in bfloat16 for the product that follows."""
        return functional.rms_norm(x, (self.shape.width,), weight, self.shape.epsilon).to(torch.bfloat16)

    def attend(self, x: Tensor, cosines: Tensor, sines: Tensor, fold: Fold) -> Tensor:
        shape = self.shape
        texts, positions, _ = x.shape
        mixed = functional.linear(x, fold(self.query_key_value)).view(texts, positions, -1, shape.head_width)
        query, key, value = mixed.transpose(1, 2).split((shape.heads, shape.kv_heads, shape.kv_heads), dim=1)
        query, key = rotate(query, cosines, sines), rotate(key, cosines, sines)
        group = shape.heads // shape.kv_heads
        key, value = key.repeat_interleave(group, dim=1), value.repeat_interleave(group, dim=1)
        seen = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return functional.linear(seen.transpose(1, 2).reshape(texts, positions, -1), fold(self.attention_output))


class Decoder(nn.Module):
    """Layers of a target between its embedding and its final norm. `kept` names each layer by its index in the target."""

    def __init__(self, shape: Shape, kept: list[int]) -> None:
        super().__init__()
        self.shape = shape
        self.kept = list(kept)
        self.fold = Fold()
        self.embedding = nn.Parameter(torch.empty(shape.vocabulary, shape.width))
        self.layers = nn.ModuleList(Layer(shape) for _ in kept)
        self.norm = nn.Parameter(torch.ones(shape.width))
        #: [vocabulary, width]; absent where the embedding is the head as well
        self.head: nn.Parameter | None = None

    def embed(self, ids: Tensor) -> Tensor:
        """`ids` [texts, positions] to the residual stream, float32."""
        return functional.embedding(ids, self.embedding).float()

    def rope(self, positions: int) -> tuple[Tensor, Tensor]:
        cosines, sines = rope_table(self.shape, torch.arange(positions, device=self.embedding.device))
        return cosines.to(torch.bfloat16), sines.to(torch.bfloat16)

    def forward(self, ids: Tensor, watched: tuple[int, ...] = ()) -> tuple[Tensor, dict[int, Tensor]]:
        """Final normed states [texts, positions, width], bfloat16, and the residual stream after each watched target layer.

        A watched layer that was dropped is read after the last kept one below it.
        """
        x = self.embed(ids)
        cosines, sines = self.rope(ids.shape[1])
        streams: dict[int, Tensor] = {}
        for index, layer in enumerate(self.layers):
            x = layer(x, cosines, sines, self.fold)
            following = self.kept[index + 1] if index + 1 < len(self.kept) else self.kept[-1] + 1_000_000
            for one in watched:
                if self.kept[index] <= one < following:
                    streams[one] = x
        return self.final(x), streams

    def final(self, x: Tensor) -> Tensor:
        """The final norm of the residual stream, bfloat16."""
        return functional.rms_norm(x, (self.shape.width,), self.norm, self.shape.epsilon).to(torch.bfloat16)

    @property
    def output(self) -> Tensor:
        """The head's rows [vocabulary, width]."""
        return self.embedding if self.head is None else self.head

    def without(self, dropped: set[int]) -> "Decoder":
        """The same weights, not copied, less the target layers in `dropped`."""
        rest = [index for index, layer in enumerate(self.kept) if layer not in dropped]
        thin = Decoder.__new__(Decoder)
        nn.Module.__init__(thin)
        thin.shape, thin.fold = self.shape, self.fold
        thin.kept = [self.kept[index] for index in rest]
        thin.embedding, thin.norm, thin.head = self.embedding, self.norm, self.head
        thin.layers = nn.ModuleList(self.layers[index] for index in rest)
        return thin
