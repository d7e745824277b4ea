// The draft model of a live edge with several sessions: one call of it drafts for all of them before their step.

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { scriptModel } from '../../../laboratory/engine-conformance/scripted.ts';
import { neutralSampling } from '../../core/decoding/sampling.ts';
import { linearStepTime } from '../../core/scheduling/step-time.ts';
import { createToyModel } from '../../models/port/toy.ts';
import { writeToyText } from '../../models/port/toy-text.ts';
import { startEdge } from './edge.ts';
import { RawDevice } from './raw-device.fixture.ts';

const seed = 29;
const answerTokens = 24;
const stepMs = 8;
const promptOf = (device: number): number[] => Array.from({ length: 5 }, (_, index) => 400 + 10 * device + index);

interface Passes {
  /** Sessions of each call of the draft model while all devices write. */
  readonly widths: readonly number[];
  /** Calls of the draft model while a step ran. */
  readonly inSteps: number;
  readonly texts: readonly (readonly number[])[];
  readonly faults: readonly unknown[];
}

/** @param failsAt the call of the draft model that fails */
async function passesOf(devices: number, inPasses: boolean, failsAt = 0): Promise<Passes> {
  const target = createToyModel({ seed, role: 'target', sequences: devices, contextLength: 400 });
  const draft = createToyModel({ seed, role: 'draft', sequences: 2 * devices, contextLength: 400 });
  const widths: number[] = [];
  const faults: unknown[] = [];
  let inSteps = 0;
  let isStepping = false;
  let calls = 0;
  const slow = scriptModel(target, {
    beforeEvaluate: async (items) => {
      isStepping = items.length === devices && items.every(({ rows }) => rows > 0);
      await sleep(stepMs);
      isStepping = false;
    },
  });
  const quick = scriptModel(draft, {
    beforeEvaluate: (items) => {
      calls += 1;
      widths.push(items.length);
      if (isStepping) inSteps += 1;
      return calls === failsAt ? Promise.reject(new Error('the draft model is broken')) : Promise.resolve();
    },
  });
  await using edge = await startEdge({
    model: slow,
    stepTime: linearStepTime(stepMs, 0.01),
    draft: { model: quick, draftLength: 3, inPasses },
    lookUpTokens: 0,
    onFault: (error) => faults.push(error),
  });
  widths.length = 0;
  inSteps = 0;
  calls = 0;
  const opened = Array.from({ length: devices }, (_, index) => {
    const session = index.toString(16).padStart(32, '0');
    const opening = { session, conversation: session, prompt: promptOf(index), maxAnswerTokens: answerTokens };
    return new RawDevice(edge).open(target, { ...opening, mode: 'mix' });
  });
  await Promise.all(opened.map((device) => device.ended()));
  return { widths, inSteps, texts: opened.map(({ text }) => text), faults };
}

const written = (device: number): Promise<readonly number[]> =>
  writeToyText(seed, promptOf(device), neutralSampling, answerTokens);

describe('the draft model of an edge with several sessions', () => {
  it('drafts for all of them in one call before their step, and rests during it', async () => {
    const { widths, inSteps, texts, faults } = await passesOf(3, true);
    expect(widths.filter((width) => width === 3).length).toBeGreaterThan(answerTokens / 6);
    expect(inSteps).toBe(0);
    for (const [index, text] of texts.entries()) expect(text).toEqual(await written(index));
    expect(faults).toEqual([]);
  });

  it('drafts for one of them at a time where that is chosen', async () => {
    const { widths, texts } = await passesOf(3, false);
    expect(Math.max(...widths)).toBe(1);
    for (const [index, text] of texts.entries()) expect(text).toEqual(await written(index));
  });
});
