"""Writes texts with the target, many rows side by side with a key-value memory that is laid out once.

Each row may be at another position. Rows know nothing of conversations: the caller says which id comes next.
"""

import torch
from torch import Tensor
from torch.nn import functional

from llama import Decoder, rope_table, rotate

#: Ids in a block of the running sums that sampling uses.
BLOCK = 256


class RowDecoder:
    """Key-value memory for `rows` texts of at most `length` ids, and bfloat16 copies of the weights."""

    def __init__(self, decoder: Decoder, rows: int, length: int, watched: tuple[int, ...]) -> None:
        shape = decoder.shape
        device = decoder.embedding.device
        self.shape, self.watched, self.rows = shape, watched, rows
        half = lambda weight: weight.detach().to(torch.bfloat16)  # noqa: E731
        self.layers = [
            (half(one.query_key_value), half(one.attention_output), half(one.gate_up), half(one.down), one)
            for one in decoder.layers
        ]
        self.embedding, self.head, self.norm = decoder.embedding.detach(), half(decoder.output), decoder.norm.detach()
        self.cosines, self.sines = (
            t.to(torch.bfloat16) for t in rope_table(shape, torch.arange(length, device=device))
        )
        size = (rows, shape.kv_heads, length, shape.head_width)
        self.keys = [torch.zeros(size, dtype=torch.bfloat16, device=device) for _ in self.layers]
        self.values = [torch.zeros(size, dtype=torch.bfloat16, device=device) for _ in self.layers]
        self.all_rows = torch.arange(rows, device=device)

    @torch.no_grad()
    def step(self, ids: Tensor, positions: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
        """One id for each row [rows] at its position [rows].

        Returns logits [rows, vocabulary] (bfloat16), final normed states [rows, width] and the residual stream after each
        watched layer [rows, width].
        """
        shape = self.shape
        x = functional.embedding(ids, self.embedding).float()
        cosines, sines = self.cosines[positions][:, None], self.sines[positions][:, None]
        # Rounded up, so that shapes repeat.
        used = min(self.keys[0].shape[2], (int(positions.max()) // 32 + 1) * 32)
        hidden = torch.arange(used, device=ids.device)[None, :] > positions[:, None]
        mask = torch.zeros(hidden.shape, dtype=torch.bfloat16, device=ids.device).masked_fill_(hidden, float("-inf"))[
            :, None, None
        ]
        streams = []
        group = shape.heads // shape.kv_heads
        for index, (qkv, attention_output, gate_up, down, layer) in enumerate(self.layers):
            mixed = functional.linear(layer.normed(x, layer.attention_norm.detach()), qkv).view(
                self.rows, -1, shape.head_width
            )
            query, key, value = mixed.split((shape.heads, shape.kv_heads, shape.kv_heads), dim=1)
            self.keys[index][self.all_rows, :, positions] = rotate(key, cosines, sines)
            self.values[index][self.all_rows, :, positions] = value
            # The query heads that share a key head are the positions of one small query.
            query = rotate(query, cosines, sines).view(self.rows, shape.kv_heads, group, shape.head_width)
            mask_rows = mask.expand(self.rows, 1, group, used)
            seen = functional.scaled_dot_product_attention(
                query, self.keys[index][:, :, :used], self.values[index][:, :, :used], attn_mask=mask_rows
            )
            x = x + functional.linear(seen.reshape(self.rows, -1), attention_output).float()
            gate, up = functional.linear(layer.normed(x, layer.feed_forward_norm.detach()), gate_up).chunk(2, dim=-1)
            x = x + functional.linear(functional.silu(gate) * up, down).float()
            if index in self.watched:
                streams.append(x.to(torch.bfloat16))
        final = functional.rms_norm(x, (shape.width,), self.norm, shape.epsilon).to(torch.bfloat16)
        return functional.linear(final, self.head), final, streams


def choose(logits: Tensor, temperatures: Tensor, noise: Tensor) -> Tensor:
    """One id for each row: the largest logit where the temperature is 0, else drawn by inverse distribution with `noise`.

    `noise` [rows] is uniform in [0, 1).
    """
    greedy = logits.argmax(dim=-1)
    rows = torch.nonzero(temperatures > 0).squeeze(-1)
    if len(rows) == 0:
        return greedy
    weights = functional.softmax(logits[rows].float() / temperatures[rows, None], dim=-1)
    # First the block, then the id in it: two short running sums are cheaper than one long one.
    blocks = functional.pad(weights, (0, -weights.shape[1] % BLOCK)).unflatten(-1, (-1, BLOCK))
    block_ends = blocks.sum(dim=-1).cumsum(dim=-1)
    at = (noise[rows] * block_ends[:, -1]).unsqueeze(-1)
    block = torch.searchsorted(block_ends, at, right=True).clamp_(max=blocks.shape[1] - 1)
    before = torch.where(block > 0, block_ends.gather(1, (block - 1).clamp(min=0)), 0)
    ends = blocks.gather(1, block[..., None].expand(-1, -1, BLOCK)).squeeze(1).cumsum(dim=-1)
    within = torch.searchsorted(ends, at - before, right=True).clamp_(max=BLOCK - 1)
    drawn = (block * BLOCK + within).squeeze(-1).clamp_(max=logits.shape[1] - 1)
    return greedy.index_copy(0, rows, drawn)
