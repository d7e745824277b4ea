// Which formats are tried, what is refused, and how much room a copy may take. The trial itself needs a real model.

import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import type { GgufHeader, GgufTensor } from '../../../src/models/gguf/gguf.ts';
import { mostBytes, removedAtInterrupt } from './formats.ts';
import { exactnessTrial, formatsOf } from './trial.ts';

describe('the formats of a trial', () => {
  it('are named with commas or spaces, in any case', () => {
    expect(formatsOf(['q4_k,Q6_K', 'iq4_nl'])).toEqual(['Q4_K', 'Q6_K', 'IQ4_NL']);
    expect(formatsOf(true).length).toBeGreaterThan(3);
    expect(() => formatsOf(['Q2_K'])).toThrow('Q2_K is not a weight format');
  });

  it('are not tried with a draft of their own', async () => {
    const refused = runExperiment(exactnessTrial, { formats: ['Q4_K'], draft: 'ngram' });
    await expect(refused).rejects.toMatchObject({ code: 'bad-argument' });
  });
});

describe('the room for a copy', () => {
  const tensor = (shape: number[], byteLength: number): GgufTensor => {
    return { name: 'x', shape, type: 0, typeName: 'Q4_0', offset: 0, byteLength };
  };
  const header: GgufHeader = {
    fileBytes: 0,
    dataStart: 100,
    alignment: 32,
    metadata: new Map(),
    tensors: [tensor([256, 4], 576), tensor([256], 1024)],
  };

  it('is that of the larger of the format and its fallback, and of what stays as it is', () => {
    // Q8_0 stands in for Q6_K: 34 bytes for 32 values.
    expect(mostBytes(header, 'Q6_K')).toBe(100 + 1088 + 32 + 1024 + 32);
    expect(mostBytes(header, 'F32')).toBe(100 + 4096 + 32 + 1024 + 32);
  });
});

describe('Ctrl-C', () => {
  it('removes the copies and ends the process as if nobody had listened', async () => {
    const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
    const folder = mkdtempSync(join(tmpdir(), 'outrider-copies-'));
    const before = process.listenerCount('SIGINT');
    await removedAtInterrupt(folder, async () => {
      const listener = process.listeners('SIGINT').at(-1) as (signal: string) => void;
      listener('SIGINT');
      expect(process.listenerCount('SIGINT')).toBe(before);
    });
    expect(existsSync(folder)).toBe(false);
    expect(kill.mock.calls).toEqual([[process.pid, 'SIGINT']]);
    kill.mockRestore();
  });
});
