"""Coarse number formats of llama.cpp: to their bytes for the file, and to the values they stand for while training.

Every format holds blocks of 32 weights of a row. IQ4_NL: one float16 scale and 32 4-bit indexes into a fixed table that is
finer near zero; as large as Q4_0, nearer to the weights, and among the formats that llama.cpp multiplies fastest.
"""

import gguf
import numpy
import torch
from gguf.quants import dequantize, quantize
from torch import Tensor

BLOCK = 32
#: The 16 levels of IQ4_NL (ggml-common.h, kvalues_iq4nl).
LEVELS = torch.tensor([-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113], dtype=torch.float32)
MIDDLES = (LEVELS[1:] + LEVELS[:-1]) / 2
#: Candidate scales around the one that lets the largest weight hit an end of the table.
SHRINKS = (1.0, 0.96, 0.92, 0.88, 1.05)
TYPES = {
    "F16": gguf.GGMLQuantizationType.F16,
    "Q8_0": gguf.GGMLQuantizationType.Q8_0,
    "Q5_0": gguf.GGMLQuantizationType.Q5_0,
    "Q5_1": gguf.GGMLQuantizationType.Q5_1,
    "Q4_0": gguf.GGMLQuantizationType.Q4_0,
    "Q4_1": gguf.GGMLQuantizationType.Q4_1,
    "IQ4_NL": gguf.GGMLQuantizationType.IQ4_NL,
}


def nonlinear(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Scales [rows, blocks], float32 values that float16 holds, and indexes [rows, blocks, 32] of the nearest levels."""
    blocks = weight.detach().float().reshape(weight.shape[0], -1, BLOCK)
    at = blocks.abs().argmax(dim=-1, keepdim=True)
    peak = blocks.gather(-1, at)
    best_error = torch.full(peak.shape, float("inf"), device=weight.device)
    best_scale = torch.zeros_like(peak)
    levels, middles = LEVELS.to(weight.device), MIDDLES.to(weight.device)
    energy = blocks.square().sum(-1, keepdim=True)
    for end in (-127.0, 113.0):
        for shrink in SHRINKS if end == -127.0 else SHRINKS[:2]:
            scale = peak / (end * shrink)
            inverse = torch.where(scale == 0, 0, 1 / scale)
            nearest = levels[torch.bucketize(blocks * inverse, middles)]
            # The scale that fits these levels best in the least-squares sense.
            along, size = (blocks * nearest).sum(-1, keepdim=True), nearest.square().sum(-1, keepdim=True)
            error = energy - along.square() / size
            better = error < best_error
            best_error = torch.where(better, error, best_error)
            best_scale = torch.where(better, along / size, best_scale)
    scale = best_scale.half().float()
    inverse = torch.where(scale == 0, 0, 1 / scale)
    return scale.squeeze(-1), torch.bucketize(blocks * inverse, middles)


def seen_as(weight: Tensor, name: str) -> Tensor:
    """The values that `weight` [rows, columns] has after a round trip through the format; float32."""
    if name == "IQ4_NL":
        scale, index = nonlinear(weight)
        return (LEVELS.to(weight.device)[index] * scale[..., None]).reshape(weight.shape)
    values = weight.detach().float().cpu().numpy()
    return torch.from_numpy(dequantize(quantize(values, TYPES[name]), TYPES[name])).to(weight.device)


def to_bytes(weight: Tensor, name: str) -> numpy.ndarray:
    """The bytes of a weight in the format, [rows, bytes of a row], or float16 values."""
    if name == "IQ4_NL":
        scale, index = nonlinear(weight)
        index = index.to(torch.uint8).cpu().numpy()
        packed = index[..., :16] | (index[..., 16:] << 4)
        scales = scale.half().cpu().numpy()[..., None].view(numpy.uint8)
        return numpy.concatenate((scales, packed), axis=-1).reshape(weight.shape[0], -1)
    return quantize(numpy.ascontiguousarray(weight.detach().float().cpu().numpy()), TYPES[name])


def bytes_of(rows: int, columns: int, name: str) -> int:
    """Size of a weight in the format, in bytes."""
    block, size = gguf.GGML_QUANT_SIZES[TYPES[name]]
    return rows * columns // block * size
