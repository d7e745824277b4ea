// What a page may meet: a file that is cut or damaged, bytes that are no kernel, a browser without WebAssembly. A small draft on both kernels.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { compileKernel } from '../../../../scripts/build-kernels.mjs';
import { type ByteSource, parseGguf } from '../../gguf/gguf.ts';
import { describeModelContract } from '../../port/model.contract.ts';
import { wasmKernelName } from './kernel.ts';
import { encodeSmallDraft } from './small-draft.fixture.ts';
import { openWasmModel, type WasmModelOptions } from './wasm-model.ts';

const file = encodeSmallDraft();
const { dataStart, tensors } = parseGguf(file, file.length);
const kernels = { plain: await compileKernel('plain'), relaxed: await compileKernel('relaxed') };
const kernel = kernels.plain;
const size = { sequences: 2, contextLength: 128 } as const;
const open = (options: Partial<WasmModelOptions>) => openWasmModel({ file, kernel, ...size, ...options });
const refused = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message), remedy: expect.stringMatching(/\w/) });

afterEach(() => vi.unstubAllGlobals());

function changed(change: (copy: Uint8Array<ArrayBuffer>) => void): Uint8Array<ArrayBuffer> {
  const copy = file.slice();
  change(copy);
  return copy;
}

/** Where a tensor begins in the file. */
function startOf(name: string): number {
  return dataStart + (tensors.find((tensor) => tensor.name === name)?.offset ?? 0);
}

for (const name of ['plain', 'relaxed'] as const) {
  describeModelContract(`a small draft, ${name} kernel`, () =>
    openWasmModel({ file, kernel: kernels[name], sequences: 3, contextLength: 256 }),
  );
}

describe('a small draft', () => {
  it.each(['plain', 'relaxed'] as const)('says the same however its file is given, on the %s kernel', async (name) => {
    const code = kernels[name];
    const reads: [number, number][] = [];
    const ranges: ByteSource = {
      byteLength: file.length,
      async read(from, to) {
        reads.push([from, to]);
        return file.slice(from, to);
      },
    };
    const models = await Promise.all([file, file.buffer, ranges].map((one) => open({ file: one, kernel: code })));
    const rows = await Promise.all(
      models.map((model) =>
        model.evaluate([{ sequence: model.openSequence(), tokens: model.tokenizer.encode('Why? t'), rows: 3 }]),
      ),
    );
    expect(rows[1]).toEqual(rows[0]);
    expect(rows[2]).toEqual(rows[0]);
    expect(new Set(models.map(({ identity }) => identity.fingerprint)).size).toBe(1);
    expect(Math.max(...reads.map(([from, to]) => to - from))).toBeLessThanOrEqual(4 * 1024 * 1024);
    expect(models[0]?.limits).toMatchObject({ maxSequences: 2, contextLength: 128, cachedTokenBytes: 512 });
  });

  it('has the context that it was trained for, if more is asked for', async () => {
    const model = await open({ contextLength: 100_000 });
    expect(model.limits.contextLength).toBe(512);
  });

  it('differs in its fingerprint where one weight differs', async () => {
    const other = changed((copy) => {
      const at = startOf('blk.1.attn_v.weight') + 5;
      copy[at] = (copy[at] as number) ^ 0x11;
    });
    const [one, two] = await Promise.all([open({}), open({ file: other })]);
    expect(two.identity.fingerprint).not.toBe(one.identity.fingerprint);
  });
});

describe('what can not be opened', () => {
  it('a file that is cut, at any place', async () => {
    for (const length of [0, 3, 100, dataStart - 1, dataStart + 1, file.length - 1])
      await expect(open({ file: file.slice(0, length) }), `${length}`).rejects.toEqual(
        refused('model-unreadable', /./),
      );
  });

  it('a source that ends before it said', async () => {
    const source: ByteSource = {
      byteLength: file.length,
      read: async (from, to) => file.slice(from, Math.min(to, file.length - 10)),
    };
    await expect(open({ file: source })).rejects.toEqual(refused('model-unreadable', /ends before its tensor/));
  });

  it('a source that fails, with its own error', async () => {
    const source: ByteSource = { byteLength: file.length, read: () => Promise.reject(new TypeError('offline')) };
    await expect(open({ file: source })).rejects.toThrow('offline');
  });

  it('weights that are no numbers', async () => {
    const scale = changed((copy) => copy.set([0x00, 0x7c], startOf('blk.0.ffn_up.weight') + 18));
    const gain = changed((copy) => copy.set([0, 0, 0xc0, 0x7f], startOf('blk.0.ffn_norm.weight') + 8));
    const huge = changed((copy) => copy.set([0xff, 0xff, 0x7f, 0x7f], startOf('output_norm.weight') + 8));
    await expect(open({ file: scale })).rejects.toEqual(refused('engine-failed', /blk.0.ffn_up.weight/));
    await expect(open({ file: gain })).rejects.toEqual(refused('engine-failed', /blk.0.ffn_norm.weight/));
    await expect(open({ file: huge })).rejects.toEqual(refused('engine-failed', /the logits/));
  });

  it('other bytes than those of a kernel', async () => {
    const page = new TextEncoder().encode('<!doctype html>');
    await expect(open({ kernel: page })).rejects.toEqual(refused('engine-missing', /kernel of the engine/));
  });

  it('more memory than there is', async () => {
    await expect(open({ sequences: 1_000_000 })).rejects.toEqual(refused('memory-full', /MB/));
  });

  it.each([undefined, { validate: () => false }])('without WebAssembly with SIMD (%o)', async (found) => {
    vi.stubGlobal('WebAssembly', found);
    expect(() => wasmKernelName()).toThrow(refused('engine-missing', /SIMD/));
    await expect(open({})).rejects.toEqual(refused('engine-missing', /SIMD/));
  });

  it('options that make no sense', async () => {
    await expect(open({ sequences: 0 })).rejects.toEqual(refused('bad-argument', /sequences/));
    await expect(open({ kernel: 'kernel.wasm' as unknown as Uint8Array })).rejects.toEqual(
      refused('bad-argument', /kernel/),
    );
  });
});

it('takes the relaxed kernel where it can', () => {
  expect(['plain', 'relaxed']).toContain(wasmKernelName());
  vi.stubGlobal('WebAssembly', { validate: (bytes: Uint8Array) => bytes.length < 30 });
  expect(wasmKernelName()).toBe('plain');
});
