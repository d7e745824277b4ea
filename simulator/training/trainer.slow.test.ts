// A resumed run is bit for bit the same as one without interruption. Files that are no checkpoint, or of another shape, are refused.

import { beforeAll, describe, expect, it } from 'vitest';
import { featureCount } from '../policies/learned/describe-slot.ts';
import { readTensors, writeTensors } from '../policies/learned/safetensors.ts';
import { readPreset } from '../scenario/presets.ts';
import { parseOverride } from '../scenario/read-scenario.ts';
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { createEnvironment, worldSeed } from './environment.ts';
import { startJax } from './learner.ts';
import { defaultSettings } from './settings.ts';
import { beginTraining, resumeTraining, type Trainer } from './trainer.ts';

const sets = ['devices.count=5', 'servers.placement.count=2', 'channel.shadowing=false'];
const scenario = readPreset('paper', sets.map(parseOverride));
const settings = {
  ...defaultSettings(),
  batchSize: 4,
  replayCapacity: 24,
  warmUpSlots: 8,
  episodeSlots: 7,
  pairActorWidth: 4,
  pairCriticWidth: 5,
  flatWidth: 6,
};

beforeAll(startJax);

function run(trainer: Trainer, slots: number): number[] {
  return Array.from({ length: slots }, () => trainer.step().reward);
}

const bytesOf = (trainer: Trainer): Uint8Array => writeCheckpoint(trainer.save(), trainer.actor(), { command: 'test' });

describe('training', () => {
  it.each([
    ['pairs', 'tma-masac', 'team', 0],
    ['pairs', 'association', 'device', 0.9],
    ['flat', 'tma-masac', 'team', 0],
  ] as const)(
    'goes on bit for bit: %s, %s, credit %s, discount %s',
    (network, variant, credit, discount) => {
      const kind = { network, variant, credit, seed: 3, settings: { ...settings, discount } };
      const whole = beginTraining(createEnvironment(scenario), kind);
      run(whole, 18);
      const kept = bytesOf(whole);
      const rewards = run(whole, 22);
      const second = resumeTraining(createEnvironment(scenario), readCheckpoint(kept, 'it'));
      expect(run(second, 22)).toEqual(rewards);
      expect(second.updates).toBe(whole.updates);
      expect(whole.updates).toBeGreaterThan(10);
      expect(Buffer.compare(bytesOf(second), bytesOf(whole))).toBe(0);
    },
    180_000,
  );

  it('is not saved once a number is not finite', () => {
    const kind = { network: 'pairs', variant: 'tma-masac', credit: 'team', seed: 3, settings } as const;
    const trainer = beginTraining(createEnvironment(scenario), kind);
    const saved = trainer.save();
    const tensors = new Map(
      [...saved.tensors].map(([name, one]) => {
        const values = name.startsWith('actor.') ? one.values.map(() => Number.NaN) : one.values;
        return [name, { ...one, values }];
      }),
    );
    expect(() => resumeTraining(createEnvironment(scenario), { ...saved, tensors }).save()).toThrow(
      /diverged.*actor\./,
    );
  });

  it('draws other worlds for other seeds and episodes, and no held-out world', () => {
    const seeds = [1, 2].flatMap((seed) => [-1, 0, 1].map((episode) => worldSeed(seed, episode)));
    expect(new Set(seeds).size).toBe(6);
    for (const seed of seeds) expect(seed).toBeLessThan(2 ** 31);
  });
});

describe('checkpoints', () => {
  it('are refused when they are of another shape or incomplete', () => {
    const trainer = beginTraining(createEnvironment(scenario), {
      network: 'pairs',
      variant: 'tma-masac',
      credit: 'device',
      seed: 3,
      settings,
    });
    run(trainer, 10);
    const bytes = bytesOf(trainer);
    const { tensors, metadata } = readTensors(bytes, 'it');
    const changed = (changes: Record<string, string>, without = ''): Uint8Array =>
      writeTensors({
        tensors: new Map([...tensors].filter(([name]) => name !== without)),
        metadata: { ...metadata, ...changes },
      });
    const withState = (change: (text: string) => string): Uint8Array =>
      changed({ ledger: change(metadata['ledger'] as string) });
    expect(() => readCheckpoint(changed({ checkpoint: '9' }), 'it')).toThrow(/no training run/);
    expect(() => readCheckpoint(changed({ ledger: '{' }), 'it')).toThrow(/run state is damaged/);
    expect(() => readCheckpoint(changed({ ledger: '{}' }), 'it')).toThrow(/run state is damaged/);
    expect(() => readCheckpoint(changed({}, 'critics.0.first.row'), 'it')).toThrow(/no "critics.0.first.row"/);
    expect(() => readCheckpoint(changed({}, 'replay.reward'), 'it')).toThrow(/replay.reward/);
    expect(() => readCheckpoint(changed({}, 'decisions.server'), 'it')).toThrow(/decisions are missing/);
    expect(() =>
      readCheckpoint(
        withState((text) => text.replace('"deviceCount":5', '"deviceCount":6')),
        'it',
      ),
    ).toThrow(/6 devices/);
    expect(() =>
      readCheckpoint(
        withState((text) => text.replace('"pairCriticWidth":5', '"pairCriticWidth":7')),
        'it',
      ),
    ).toThrow(`has shape [${featureCount + 2}, 5], not [${featureCount + 2}, 7]`);
    expect(readCheckpoint(bytes, 'it').progress.slots).toBe(10);
  });
});
