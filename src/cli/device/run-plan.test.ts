// Which models `run` opens, once for each process, and the flags of its edge.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { folderOfEach } from '../../models/gguf/folder.fixture.ts';
import { prepareModels } from '../models/model-room.ts';
import { edgeFlagsOf, openingsOf, type RunFlags } from './run-plan.ts';

const flags = {
  pair: 'default',
  model: 'large',
  draft: 'small',
  mode: 'stream',
  context: 2048,
  hedges: 1,
  lookUp: 'both',
  profile: 'edge-70b-a6000',
  draftLength: 4,
  gpu: 'off',
} as unknown as RunFlags;

const onEdge = { sequences: 2, contextLength: 2048 };
const onDevice = { sequences: 2, contextLength: 4096 };

describe('the models of a run', () => {
  it.each(['stream', 'ar', 'sd', 'psd', 'local'] as const)('are one for each process in mode %s', (mode) => {
    expect(openingsOf({ ...flags, mode })).toEqual([
      { spec: 'large', ...onEdge },
      { spec: 'small', ...onDevice, sequences: mode === 'stream' ? 2 : 1 },
    ]);
    expect(edgeFlagsOf({ ...flags, mode })).not.toContain('--draft');
  });

  it.each(['mix', 'edge-sd', 'auto'] as const)('include the draft on the edge in mode %s', (mode) => {
    expect(openingsOf({ ...flags, mode })).toEqual([
      { spec: 'large', ...onEdge },
      { spec: 'small', ...onEdge },
      { spec: 'small', ...onDevice, sequences: mode === 'edge-sd' ? 1 : 2 },
    ]);
    expect(edgeFlagsOf({ ...flags, mode }).join(' ')).toContain('--draft small --draft-length 4');
  });

  it('have a sequence for each alternative of a pass', () => {
    const sequences = [0, 1, 3].map((hedges) => openingsOf({ ...flags, hedges }).at(-1)?.sequences);
    expect(sequences).toEqual([1, 2, 4]);
  });

  it('are paced unless that is off', () => {
    expect(edgeFlagsOf(flags).join(' ')).toBe(
      '--model large --sessions 2 --context 2048 --log-level error --look-up 8 --profile edge-70b-a6000',
    );
    expect(edgeFlagsOf({ ...flags, unpaced: true })).not.toContain('--profile');
    expect(edgeFlagsOf({ ...flags, gpu: 'cuda' }).join(' ')).toContain('--gpu cuda');
  });
});

describe('getting them ready', () => {
  const here = folderOfEach();
  beforeEach(() => void vi.stubEnv('OUTRIDER_CACHE', here()));
  afterEach(() => vi.unstubAllEnvs());

  it('asks for no file of toys, look-ups and nothing', async () => {
    const specs = ['toy', 'toy:1:0.8', 'ngram', 'none'];
    await prepareModels(
      specs.map((spec) => ({ spec, ...onDevice })),
      'take less',
    );
  });

  it('refuses what can never fit, before anything is opened', async () => {
    const openings = [{ spec: 'smollm2-135m-draft', sequences: 1_000_000, contextLength: 1_000_000 }];
    await expect(prepareModels(openings, 'take less')).rejects.toMatchObject({
      code: 'memory-full',
      message: expect.stringMatching(/\(smollm2-135m-draft\.gguf \d+\.\d GB\)/),
      remedy: 'take less',
    });
  });
});
