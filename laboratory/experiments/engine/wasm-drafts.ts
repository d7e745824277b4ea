// The draft on the kernels of the WASM engine, as a page runs it: beside llama.cpp in `bench engine --wasm`.

import { readFile } from 'node:fs/promises';
import type { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { OutriderError } from '../../../src/core/basics/errors.ts';
import { openWasmModel } from '../../../src/models/engines/wasm/wasm-model.ts';
import { acquireModel } from '../../../src/models/files/acquire.ts';
import { shippedPath } from '../../../src/models/files/shipped-path.ts';
import type { Subject } from './engine-cases.ts';

export const wasmKernels = ['relaxed', 'plain'] as const;

/** @throws OutriderError `engine-missing` where the kernels are not built; what openWasmModel throws */
export async function openWasmDrafts(
  draft: string,
  size: { readonly sequences: number; readonly contextLength: number },
  stack: CloseStack,
): Promise<Subject[]> {
  const file = await readFile((await acquireModel(draft)).path);
  const subjects: Subject[] = [];
  for (const name of wasmKernels) {
    const kernel = await readFile(shippedPath(`dist/pages/kernel-${name}.wasm`)).catch((cause: unknown) => {
      throw new OutriderError('engine-missing', `no kernel ${name} is built`, 'run npm run pages', { cause });
    });
    const model = stack.use(await openWasmModel({ file, kernel, name: draft, ...size }));
    subjects.push({ model, suffix: `@${name}` });
  }
  return subjects;
}
