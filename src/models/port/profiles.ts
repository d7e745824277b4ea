// Latency profiles of other hardware, for pacing a real engine or a toy (paced.ts). Data with their sources; docs/internals/engines.md shows
// how each is derived. Every figure measured with one is called paced.

import { badArgument } from '../../core/basics/errors.ts';

/** A step of `rows` tokens lasts stepMs + rowMs x rows. */
export interface LatencyProfile {
  readonly name: string;
  /** The hardware, in words. */
  readonly description: string;
  readonly stepMs: number;
  readonly rowMs: number;
  /** Tokens per step that the default target achieves on a small machine with other busy cores; an item with more counts as prefill. */
  readonly rowCap: number;
  readonly source: string;
}

/** GB of weights over the memory bandwidth in use. */
function weightReadMs(weightGigabytes: number, bandwidthGigabytesPerSecond: number, utilisation: number): number {
  return (weightGigabytes / (bandwidthGigabytesPerSecond * utilisation)) * 1000;
}

/** Two operations per parameter and token over the arithmetic in use. */
function rowComputeMs(parameterBillions: number, teraflops: number, utilisation: number): number {
  return (2 * parameterBillions) / (teraflops * utilisation);
}

const benchmarks = 'github.com/XiongjieDai/GPU-Benchmarks-on-LLM-Inference (2023 and 2024)';

/** A step of one row lasts 1000 / 15.18 ms; the cost of another row follows from the rate of prefill. */
const a6000: LatencyProfile = {
  name: 'edge-70b-a6000',
  description: '70B target in 4 bits on one RTX A6000 48GB',
  stepMs: 63.4,
  rowMs: 2.46,
  rowCap: 4,
  source: `Measured, ${benchmarks}: Llama 2 70B Q4_0, 15.18 tokens/s; prompts at 405.97 tokens/s`,
};

/** The default profile of a paced edge. */
export const defaultEdgeProfile: LatencyProfile = a6000;

export const latencyProfiles: readonly LatencyProfile[] = [
  a6000,
  /** 70.6 B parameters in FP16 on two A100 80GB: 141.2 GB of weights. */
  {
    name: 'edge-70b-a100x2',
    description: '70B target in FP16 on two A100 80GB (tensor parallel)',
    stepMs: Math.round(weightReadMs(141.2, 2 * 2039, 0.6) * 10) / 10,
    rowMs: Math.round(rowComputeMs(70.6, 2 * 312, 0.4) * 100) / 100,
    rowCap: 6,
    source:
      'NVIDIA A100 80GB SXM data sheet: 2,039 GB/s and 312 TFLOPS FP16 each; 60 % of the bandwidth and 40 % of the arithmetic are ' +
      `our assumptions, between the 49 % (7B F16, one A100) and 87 % (8B F16, RTX 4090) that ${benchmarks} implies`,
  },
  {
    name: 'edge-8b-rtx4090',
    description: '8B target in FP16 on one RTX 4090',
    stepMs: 18.2,
    rowMs: 0.11,
    rowCap: 1,
    source: `Measured, ${benchmarks}: Llama 3 8B F16, 54.84 tokens/s at 512 tokens; prompts at 9,056 tokens/s`,
  },
  /** No hardware: the round numbers of the documentation and of the event model. */
  {
    name: 'reference',
    description: 'the reference target of the design, 40 ms and 0.4 ms a row',
    stepMs: 40,
    rowMs: 0.4,
    rowCap: 3,
    source: 'Chosen, not measured',
  },
  {
    name: 'phone-0.5b',
    description: '0.5B draft in 4 bits on a phone of 2020 (Snapdragon 865, CPU)',
    stepMs: 31,
    rowMs: 0,
    rowCap: 2,
    source:
      'huggingface.co/datasets/dispatchAI/on-device-latency: Qwen2.5-0.5B INT4, llama.cpp, 4 threads, Galaxy S20 FE, 32 tokens/s',
  },
  {
    name: 'pi5-0.5b',
    description: '0.5B draft in 4 bits on a Raspberry Pi 5 (CPU)',
    stepMs: 29.6,
    rowMs: 0,
    rowCap: 2,
    source: 'github.com/ggml-org/llama.cpp/discussions/30069: Qwen2.5-0.5B Q4_0, 33.84 tokens/s at 2 threads',
  },
  /** The draft of the event model and of most comparisons: a quarter of the reference target's step. */
  {
    name: 'reference-draft',
    description: 'the reference draft of the design, 10 ms a token',
    stepMs: 10,
    rowMs: 0,
    rowCap: 1,
    source: 'Chosen, not measured',
  },
];

/** @param name of a profile, or ms of a step and of a row: "57.7+0.57" @throws OutriderError `bad-argument` when there is no such profile */
export function findProfile(name: string): LatencyProfile {
  const profile = latencyProfiles.find((one) => one.name === name);
  if (profile !== undefined) return profile;
  const [stepMs = 0, rowMs = 0] = /^\d+(\.\d+)?\+\d+(\.\d+)?$/.test(name) ? name.split('+').map(Number) : [];
  const description = `hardware with steps of ${stepMs} ms and ${rowMs} ms a row`;
  if (stepMs > 0) return { name, description, stepMs, rowMs, rowCap: 8, source: 'Given' };
  const names = latencyProfiles.map((one) => one.name).join(', ');
  throw badArgument(`no latency profile "${name}"`, `Take one of: ${names}; or ms of a step and of a row: 57.7+0.57.`);
}
