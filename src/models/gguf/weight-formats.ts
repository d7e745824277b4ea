// The readable and writable weight formats, by the names of llama.cpp. Tables only: layouts are those of ggml's block structures
// (ggml-common.h), numbers those of enum ggml_type (ggml.h) and enum llama_ftype (llama.h).

import { halfScale, halfScaleAndOffset, signedBytes, sixBitPairs } from './block-scales.ts';
import { coarseBlocks } from './coarse-blocks.ts';
import type { CodePlane } from './code-planes.ts';
import { byteBlocks, halfBlocks, singleBlocks } from './plain-blocks.ts';
import { type BlockFormat, scaledBlocks } from './scaled-blocks.ts';

export interface WeightFormat extends BlockFormat {
  /** Bytes of one block. */
  readonly byteCount: number;
  /** Number of the element type in GGUF. */
  readonly type: number;
  /** `general.file_type` of a model with matrices in this format. */
  readonly fileType: number;
  /** For a matrix whose rows are no whole number of blocks: the choice of llama.cpp's quantizer. */
  readonly fallback?: WeightFormatName;
}

export type WeightFormatName =
  | 'F32'
  | 'F16'
  | 'Q8_0'
  | 'Q6_K'
  | 'Q5_K'
  | 'Q5_1'
  | 'Q5_0'
  | 'Q4_K'
  | 'Q4_1'
  | 'Q4_0'
  | 'IQ4_NL';

const fourBits = (at: number, run: number): CodePlane => ({ at, width: 4, run, shift: 0 });
const fifthBit = (at: number, run: number): CodePlane => ({ at, width: 1, run, shift: 4 });
const one = { valueCount: 32, groupCount: 1 } as const;
const eight = { valueCount: 256, groupCount: 8, scales: sixBitPairs } as const;

const blocks = {
  Q4_0: scaledBlocks({ ...one, scales: halfScale(8), planes: [fourBits(2, 16)] }),
  Q4_1: scaledBlocks({ ...one, scales: halfScaleAndOffset, planes: [fourBits(4, 16)] }),
  Q5_0: scaledBlocks({ ...one, scales: halfScale(16), planes: [fourBits(6, 16), fifthBit(2, 1)] }),
  Q5_1: scaledBlocks({ ...one, scales: halfScaleAndOffset, planes: [fourBits(8, 16), fifthBit(4, 1)] }),
  Q4_K: scaledBlocks({ ...eight, planes: [fourBits(16, 32)] }),
  Q5_K: scaledBlocks({ ...eight, planes: [fourBits(48, 32), fifthBit(16, 32)] }),
  Q6_K: scaledBlocks({
    valueCount: 256,
    groupCount: 16,
    scales: signedBytes,
    planes: [fourBits(0, 64), { at: 128, width: 2, run: 32, shift: 4 }],
  }),
};

export const weightFormats: Readonly<Record<WeightFormatName, WeightFormat>> = {
  F32: { ...singleBlocks, byteCount: 128, type: 0, fileType: 0 },
  F16: { ...halfBlocks, byteCount: 64, type: 1, fileType: 1 },
  Q8_0: { ...byteBlocks, byteCount: 34, type: 8, fileType: 7 },
  Q6_K: { ...blocks.Q6_K, byteCount: 210, type: 14, fileType: 18, fallback: 'Q8_0' },
  // File types 14 and 16 are the mixtures Q4_K_S and Q5_K_S, the nearest to one format for all.
  Q5_K: { ...blocks.Q5_K, byteCount: 176, type: 13, fileType: 16, fallback: 'Q5_1' },
  Q5_1: { ...blocks.Q5_1, byteCount: 24, type: 7, fileType: 9 },
  Q5_0: { ...blocks.Q5_0, byteCount: 22, type: 6, fileType: 8 },
  Q4_K: { ...blocks.Q4_K, byteCount: 144, type: 12, fileType: 14, fallback: 'Q5_0' },
  Q4_1: { ...blocks.Q4_1, byteCount: 20, type: 3, fileType: 3 },
  Q4_0: { ...blocks.Q4_0, byteCount: 18, type: 2, fileType: 2 },
  IQ4_NL: { ...coarseBlocks, byteCount: 18, type: 20, fileType: 25 },
};

export function isWeightFormat(name: string): name is WeightFormatName {
  return Object.hasOwn(weightFormats, name);
}
