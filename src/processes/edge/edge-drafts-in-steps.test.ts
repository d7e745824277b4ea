// The draft model of a live edge while its target steps: it continues the chain that is being verified, and rests where that is switched off
// or costs more than it saves.

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { scriptModel } from '../../../laboratory/engine-conformance/scripted.ts';
import { neutralSampling } from '../../core/decoding/sampling.ts';
import { linearStepTime } from '../../core/scheduling/step-time.ts';
import { createToyModel } from '../../models/port/toy.ts';
import { writeToyText } from '../../models/port/toy-text.ts';
import { startEdge } from './edge.ts';
import { EdgeDrafters } from './edge-drafters.ts';
import { RawDevice } from './raw-device.fixture.ts';

const seed = 23;
const prompt = Array.from({ length: 6 }, (_, index) => 350 + index);
const answerTokens = 24;
const stepMs = 8;

interface DraftsInSteps {
  /** Drafts that were begun during the target's steps, and how many of them with an alternative beside them. */
  readonly inSteps: number;
  readonly hedged: number;
  /** Most sequences of the draft model in one pass. */
  readonly widest: number;
}

/** An edge whose steps take some ms. @param sequences of the draft model; the target has two */
async function draftsInSteps(
  mode: 'edge-sd' | 'mix',
  choices: { readonly restsInSteps?: boolean; readonly hedges?: number },
  sequences = 8,
): Promise<DraftsInSteps> {
  const target = createToyModel({ seed, role: 'target', sequences: 2, contextLength: 400 });
  const draft = createToyModel({ seed, role: 'draft', sequences, contextLength: 400 });
  let isStepping = false;
  let inSteps = 0;
  let hedged = 0;
  let widest = 0;
  const slow = scriptModel(target, {
    // While the target reads the prompt, the first drafts are made in any case.
    beforeEvaluate: async (items) => {
      isStepping = items.some(({ rows }) => rows > 0);
      await sleep(stepMs);
      isStepping = false;
    },
  });
  const quick = scriptModel(draft, {
    beforeEvaluate: (items) => {
      widest = Math.max(widest, items.length);
      if (isStepping) inSteps += 1;
      if (isStepping && items.length > 1) hedged += 1;
      return Promise.resolve();
    },
  });
  const edge = await startEdge({
    model: slow,
    stepTime: linearStepTime(stepMs, 0.01),
    draft: { model: quick, draftLength: 2, ...choices },
    lookUpTokens: 0,
  });
  inSteps = 0;
  const session = 'cd'.repeat(16);
  const opening = { session, conversation: session, prompt, maxAnswerTokens: answerTokens, mode };
  const device = new RawDevice(edge).open(target, opening);
  await device.ended();
  // Whenever drafts are made, the text is the target's own.
  expect(device.text).toEqual(await writeToyText(seed, prompt, neutralSampling, answerTokens));
  await edge.close();
  return { inSteps, hedged, widest };
}

describe('the draft model of an edge', () => {
  it.each(['edge-sd', 'mix'] as const)('drafts while the target steps in mode %s', async (mode) => {
    const { inSteps, widest } = await draftsInSteps(mode, {});
    expect(inSteps).toBeGreaterThan(3);
    expect(widest).toBe(1);
  });

  it('rests in steps if the edge is told so', async () => {
    expect(await draftsInSteps('edge-sd', { restsInSteps: true })).toMatchObject({ inSteps: 0, hedged: 0 });
  });
});

describe('hedges of the draft model of an edge', () => {
  it.each(['edge-sd', 'mix'] as const)('run in the passes beside steps in mode %s', async (mode) => {
    const { hedged, widest } = await draftsInSteps(mode, { hedges: 3 });
    expect(hedged).toBeGreaterThan(0);
    expect(widest).toBeGreaterThan(1);
    expect(widest).toBeLessThanOrEqual(4);
  });

  it('are as many as the draft model has sequences for, for every session of the target', async () => {
    expect((await draftsInSteps('edge-sd', { hedges: 3 }, 5)).widest).toBeLessThanOrEqual(2);
    expect(await draftsInSteps('edge-sd', { hedges: 3 }, 3)).toMatchObject({ hedged: 0, widest: 1 });
  });
});

describe('what a draft adds to a step', () => {
  const drafter = (restsInSteps = false): EdgeDrafters => {
    const model = createToyModel({ seed, role: 'draft', sequences: 2, contextLength: 400 });
    const clock = { nowMs: () => 0, after: () => () => {} };
    return new EdgeDrafters({ model, draftLength: 4, draftTime: linearStepTime(5, 0), restsInSteps }, clock);
  };
  const request = { text: prompt, promptLength: prompt.length, sampling: neutralSampling };

  /** Steps with a draft beside each that may have one. @returns whether the next steps would have one */
  async function afterSteps(drafters: EdgeDrafters, addedMs: number, count = 40): Promise<boolean[]> {
    const taken = drafters.take({ owner: 'a', conversation: '', promptLength: 1 }, [1]);
    const drafted: boolean[] = [];
    for (let step = 0; step < count; step += 1) {
      drafters.stepBegins();
      const isBeside = drafters.besideMs < 5;
      if (isBeside) await taken.next(request);
      expect(drafters.stepEnds(isBeside ? addedMs : 0)).toBe(!isBeside);
      drafted.push(isBeside);
    }
    return drafted;
  }

  it('is measured: it drafts beside nearly all steps where it adds little, and beside hardly any where it adds much', async () => {
    const count = (drafted: readonly boolean[]): number => drafted.slice(-20).filter(Boolean).length;
    expect(count(await afterSteps(drafter(), 0.5))).toBeGreaterThanOrEqual(18);
    expect(count(await afterSteps(drafter(), 8))).toBeLessThanOrEqual(1);
    expect(count(await afterSteps(drafter(true), 0))).toBe(0);
  });

  it('is not taken from a step without one, which alone tells the time of the target', async () => {
    const drafters = drafter();
    drafters.stepBegins();
    expect(drafters.stepEnds(100)).toBe(true);
    expect(drafters.besideMs).toBe(0);
  });

  it('forgets a draft that never returns, so that the time of the target is measured again', () => {
    const inner = createToyModel({ seed, role: 'draft', sequences: 2, contextLength: 400 });
    const model = scriptModel(inner, { beforeEvaluate: () => new Promise<void>(() => {}) });
    const clock = { nowMs: () => 0, after: () => () => {} };
    const drafters = new EdgeDrafters({ model, draftLength: 4, draftTime: linearStepTime(5, 0) }, clock);
    const taken = drafters.take({ owner: 'a', conversation: '', promptLength: 1 }, [1]);
    void taken.next(request);
    drafters.stepBegins();
    expect(drafters.stepEnds(7)).toBe(false);
    taken.abandon();
    drafters.stepBegins();
    expect(drafters.stepEnds(0)).toBe(true);
  });

  it('counts a draft that was begun before the step', async () => {
    const drafters = drafter();
    const making = drafters.take({ owner: 'a', conversation: '', promptLength: 1 }, [1]).next(request);
    drafters.stepBegins();
    expect(drafters.stepEnds(7)).toBe(false);
    expect(drafters.besideMs).toBe(7);
    await making;
  });
});
