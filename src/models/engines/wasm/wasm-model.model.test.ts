// The shipped drafts on both kernels: the contract of every engine, and what they say beside llama.cpp.

import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { compileKernel } from '../../../../scripts/build-kernels.mjs';
import { acquireModel } from '../../files/acquire.ts';
import { describeModelContract, feed } from '../../port/model.contract.ts';
import type { LanguageModel } from '../../port/model.ts';
import { skipAsks } from '../../port/model-asks.contract.ts';
import { openModel } from '../open-model.ts';
import { openWasmModel, type WasmModelOptions } from './wasm-model.ts';

const kernelNames = ['plain', 'relaxed'] as const;
type KernelName = (typeof kernelNames)[number];
const kernels = new Map<KernelName, Promise<Uint8Array>>();

async function open(model: string, kernelName: KernelName, options: Partial<WasmModelOptions> = {}) {
  if (!kernels.has(kernelName)) kernels.set(kernelName, compileKernel(kernelName));
  const { path } = await acquireModel(model);
  const [file, kernel] = await Promise.all([readFile(path), kernels.get(kernelName) as Promise<Uint8Array>]);
  return openWasmModel({ file, kernel, sequences: 3, contextLength: 256, ...options });
}

for (const kernel of kernelNames) {
  describeModelContract(`the draft, ${kernel} kernel`, () => open('smollm2-135m-draft', kernel), {
    skip: skipAsks('it only drafts, and lacks most ids'),
  });
  describeModelContract(`the coarse draft, ${kernel} kernel`, () => open('smollm2-135m-coarse', kernel));
}

const story = `The old lighthouse stood on a cliff above the village. Every evening at seven, Marta climbed its 142 steps with a lamp in her
hand, because the electric light had failed in the storm of 1987 and nobody had come to repair it. "It is not far," she used to say, "and the
ships need something to look at." When the harbour was closed, she went on climbing. One night a small boat came out of the fog. Two men
were rowing, and a third one held a paper over his head, as if it could keep him dry. They had lost their way on the second day, they said,
and had seen no other light for hours. She gave them bread, tea and three blankets, and asked where they wanted to go.
function largest(values) { let best = 0; for (const [index, value] of values.entries()) if (value > values[best]) best = index; return best; }`;

/** The likeliest id after each token of a text. */
async function choices(model: LanguageModel, ids: readonly number[]): Promise<(number | undefined)[]> {
  const sequence = model.openSequence();
  const rows = await feed(model, sequence, ids, 16);
  await sequence.release();
  return rows.map((row) => row.ids[0]);
}

describe.each(['smollm2-135m-draft', 'smollm2-135m-coarse'])('%s beside llama.cpp', (name) => {
  it.each([
    { kernel: 'plain', least: 0.95 },
    { kernel: 'relaxed', least: 0.9 },
  ] as const)('chooses the same on the $kernel kernel in $least of all positions', async ({ kernel, least }) => {
    await using native = await openModel(name, { role: 'draft', sequences: 1, contextLength: 512, exact: false });
    await using own = await open(name, kernel, { contextLength: 512 });
    const ids = native.tokenizer.encode(story);
    expect(own.tokenizer.encode(story)).toEqual(ids);
    const [theirs, ours] = [await choices(native, ids), await choices(own, ids)];
    const equal = theirs.filter((id, index) => id === ours[index]).length;
    console.info(`${name}, ${kernel}: the same in ${equal} of ${ids.length}`);
    expect(equal / ids.length).toBeGreaterThanOrEqual(least);
  });
});
