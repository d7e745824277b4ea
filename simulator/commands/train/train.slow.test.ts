// The training command: its document, its files, resuming, and what it refuses. Tiny worlds.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPolicy } from '../../../src/files/policy-file.ts';
import { learnedPolicyList, trainedOn } from '../../files/shipped-weights.ts';
import { readActor } from '../../policies/learned/actor-file.ts';
import { readTensors, writeTensors } from '../../policies/learned/safetensors.ts';
import { readPreset } from '../../scenario/presets.ts';
import { parseOverride } from '../../scenario/read-scenario.ts';
import { readCheckpoint } from '../../training/checkpoint.ts';
import { createEnvironment } from '../../training/environment.ts';
import { type HeldOutSlot, keepSlots, pairedError } from '../../training/held-out.ts';
import { defaultSettings } from '../../training/settings.ts';
import { curveFigure } from './figure.ts';
import { type TrainRun, type TrainRunOptions, trainRun } from './run.ts';
import { describeRun } from './train.ts';

const small = ['devices.count=4', 'servers.placement.count=2', 'channel.shadowing=false'].map(parseOverride);
const settings = {
  ...defaultSettings(),
  batchSize: 4,
  replayCapacity: 30,
  warmUpSlots: 6,
  episodeSlots: 9,
  pairActorWidth: 3,
  pairCriticWidth: 4,
};
let directory: string;

function optionsOf(changes: Partial<TrainRunOptions>): TrainRunOptions {
  const scenario = readPreset('paper', small);
  const environment = createEnvironment(scenario);
  return {
    environment,
    kind: { settings, network: 'pairs', variant: 'tma-masac', credit: 'device', seed: 1 },
    heldOut: keepSlots(environment, 3, 2),
    minutes: 1,
    slots: 20,
    directory,
    resume: false,
    provenance: (slots) => ({ command: `a test of ${slots}`, scenario: JSON.stringify(scenario) }),
    signal: new AbortController().signal,
    onProgress: () => undefined,
    onPoint: () => undefined,
    ...changes,
  };
}

let run: TrainRun;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'outrider-train-'));
  run = await trainRun(optionsOf({}));
}, 120_000);

afterAll(() => rmSync(directory, { recursive: true }));

describe('train masac', () => {
  it('trains, and keeps weights that decide', async () => {
    expect(run.trainer.slots).toBe(20);
    expect(run.trainer.updates).toBe(8);
    expect(run.points.length).toBeGreaterThan(5);
    const file = join(directory, 'weights.safetensors');
    expect(readActor(readFileSync(file), file)).toEqual(run.trainer.actor());
    const { decide, sha256 } = await findPolicy(`masac:${file}`);
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    const [slot] = keepSlots(optionsOf({}).environment, 1, 1) as [HeldOutSlot];
    expect(decide(slot.state).server).toHaveLength(4);
    expect(readTensors(readFileSync(file), file).metadata['command']).toBe('a test of 20');
    expect((await findPolicy(`masac:${join(directory, 'checkpoint.safetensors')}`)).name).toMatch(/^masac:/);
  });

  it('tells what came of it', () => {
    const { rows, summary } = describeRun(run, optionsOf({}).heldOut, 0.5);
    expect(rows.slice(0, 7).map((row) => (row as { policy: string }).policy)).toEqual([
      'tma-masac untrained',
      'tma-masac',
      'random',
      'max-sinr',
      'tma',
      'tma+optimal',
      'best',
    ]);
    expect(summary).toMatchObject({
      slots: 20,
      updates: 8,
      rewardFirst: run.first.reward,
      rewardLast: run.last.reward,
    });
    expect(summary['standardError']).toBe(pairedError(run.last, run.first));
    const spec = curveFigure(run.points, rows, 'a test');
    expect(JSON.stringify(spec)).toContain('tma+optimal');
  });

  it('resumes where it stopped, to the same end', async () => {
    const longer = await trainRun(optionsOf({ resume: true, slots: 30 }));
    expect(longer.first).toEqual(run.first);
    expect(longer.points.slice(0, run.points.length)).toEqual(run.points);
    const whole = await trainRun(optionsOf({ slots: 30, directory: undefined }));
    expect(longer.trainer.actor()).toEqual(whole.trainer.actor());
    expect(longer.last).toEqual(whole.last);
  }, 120_000);

  it('stops in order when it is told to', async () => {
    const controller = new AbortController();
    const onPoint = (): void => controller.abort();
    const stopped = await trainRun(optionsOf({ signal: controller.signal, onPoint, directory: undefined }));
    expect(stopped.wasInterrupted).toBe(true);
  });

  it('refuses to resume something else', async () => {
    const kind = { settings, network: 'pairs', variant: 'association', credit: 'device', seed: 1 } as const;
    await expect(trainRun(optionsOf({ resume: true, kind }))).rejects.toThrow(/variant tma-masac, not association/);
    const environment = createEnvironment(readPreset('paper', [...small, parseOverride('devices.count=5')]));
    await expect(trainRun(optionsOf({ resume: true, environment }))).rejects.toThrow(/devices 4, not 5/);
    const provenance = () => ({ command: 'a test', scenario: '{}' });
    await expect(trainRun(optionsOf({ resume: true, provenance }))).rejects.toThrow(/scenario/);
    await expect(trainRun(optionsOf({ resume: true, directory: join(directory, 'none') }))).rejects.toThrow(
      /no run to continue/,
    );
  });

  it('draws the curve on after a run that was to end earlier', async () => {
    const other = mkdtempSync(join(directory, 'longer-'));
    const { tensors, metadata } = readTensors(readFileSync(join(directory, 'checkpoint.safetensors')), 'it');
    const history = JSON.parse(metadata['history'] as string) as { points: unknown[] };
    const points = Array.from({ length: 60 }, () => history.points[0]);
    const changed = { ...metadata, history: JSON.stringify({ ...history, points }) };
    writeFileSync(join(other, 'checkpoint.safetensors'), writeTensors({ tensors, metadata: changed }));
    const slots = readCheckpoint(readFileSync(join(other, 'checkpoint.safetensors')), 'it').progress.slots;
    const resumed = await trainRun(optionsOf({ resume: true, directory: other, slots: slots + 3 }));
    expect(resumed.points).toHaveLength(63);
  });

  it('leaves a run alone without --resume', async () => {
    const before = readFileSync(join(directory, 'checkpoint.safetensors'));
    await expect(trainRun(optionsOf({}))).rejects.toMatchObject({ code: 'bad-argument' });
    expect(readFileSync(join(directory, 'checkpoint.safetensors'))).toEqual(before);
  });

  it.each(['{', '{}', '{"points":[],"first":{"reward":1,"ofWorlds":[1]},"minutes":1}'])(
    'refuses a checkpoint with the curve %s',
    async (history) => {
      const other = mkdtempSync(join(directory, 'curve-'));
      const { tensors, metadata } = readTensors(readFileSync(join(directory, 'checkpoint.safetensors')), 'it');
      writeFileSync(
        join(other, 'checkpoint.safetensors'),
        writeTensors({ tensors, metadata: { ...metadata, history } }),
      );
      const resumed = trainRun(optionsOf({ resume: true, directory: other }));
      await expect(resumed).rejects.toMatchObject({ code: 'weights-unreadable' });
    },
  );

  it('names a file that holds no weights', async () => {
    const file = join(directory, 'other.safetensors');
    writeFileSync(file, 'not weights at all');
    await expect(findPolicy(`masac:${file}`)).rejects.toMatchObject({ code: 'weights-unreadable' });
    await expect(findPolicy('masac:/no/such/file')).rejects.toMatchObject({ code: 'bad-argument' });
  });

  it('ships weights that decide', async () => {
    const [slot] = keepSlots(optionsOf({}).environment, 1, 1) as [HeldOutSlot];
    const names = learnedPolicyList.flatMap(({ name }) => [
      name,
      ...trainedOn.map((training) => `${name}@${training}`),
    ]);
    for (const name of names) {
      const { decide } = await findPolicy(name);
      expect(decide(slot.state).server).toHaveLength(4);
    }
    await expect(findPolicy('tma-masac@moon')).rejects.toThrow(/no weights of tma-masac for moon/);
  });
});
