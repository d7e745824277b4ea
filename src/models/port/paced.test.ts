import { describe, expect, it } from 'vitest';
import type { Clock } from '../../core/basics/clock.ts';
import { contractTokens, describeModelContract } from './model.contract.ts';
import type { LanguageModel } from './model.ts';
import { type PacedModel, paceModel } from './paced.ts';
import { defaultEdgeProfile, findProfile, type LatencyProfile, latencyProfiles } from './profiles.ts';
import { createToyModel } from './toy.ts';

const profile: LatencyProfile = { ...findProfile('reference'), rowCap: 4 };

/** Virtual time that jumps to the end of any wait. */
class JumpingClock implements Clock {
  now = 1000;
  nowMs(): number {
    return this.now;
  }
  after(delayMs: number, callback: () => void): () => void {
    const timer = setImmediate(() => {
      this.now += delayMs;
      callback();
    });
    return () => clearImmediate(timer);
  }
  sleepUntil = async (deadlineMs: number): Promise<void> => {
    this.now = Math.max(this.now, deadlineMs);
  };
}

function open(): LanguageModel {
  return createToyModel({ seed: 7, role: 'target', sequences: 3, contextLength: 300 });
}

function paced(clock: JumpingClock, inner: LanguageModel = open()): PacedModel {
  return paceModel(inner, profile, { clock, sleepUntil: clock.sleepUntil });
}

describeModelContract('paced toy', async () => paced(new JumpingClock()));

/** A model whose steps last `stepMs` of virtual time. */
function lasting(clock: JumpingClock, stepMs: number): LanguageModel {
  const inner = open();
  return {
    ...inner,
    evaluate: async (items) => {
      clock.now += stepMs;
      return inner.evaluate(items);
    },
  };
}

describe('a paced model', () => {
  it("extends a step to the profile's time for all tokens of the batch", async () => {
    const clock = new JumpingClock();
    const model = paced(clock, lasting(clock, 7));
    const tokens = contractTokens(model, 3);
    const items = [model.openSequence(), model.openSequence()].map((sequence) => ({ sequence, tokens, rows: 1 }));
    await model.evaluate(items);
    expect(clock.now).toBeCloseTo(1000 + 40 + 6 * 0.4, 9);
    expect(model.pacing).toEqual({ steps: 1, overranSteps: 0, prefillSteps: 0, overranPrefillSteps: 0, busyMs: 42.4 });
  });

  it('does not start a step before the last one has ended', async () => {
    const clock = new JumpingClock();
    const model = paced(clock);
    const sequence = model.openSequence();
    const step = () => model.evaluate([{ sequence, tokens: contractTokens(model, 1), rows: 1 }]);
    await Promise.all([step(), step(), step()]);
    expect(clock.now).toBeCloseTo(1000 + 3 * 40.4, 9);
  });

  it('returns a late step at once, and counts it', async () => {
    const clock = new JumpingClock();
    const model = paced(clock, lasting(clock, 90));
    const [decoding, prefilling] = [model.openSequence(), model.openSequence()];
    await model.evaluate([{ sequence: decoding, tokens: contractTokens(model, 4), rows: 4 }]);
    expect(clock.now).toBe(1090);
    await model.evaluate([{ sequence: prefilling, tokens: contractTokens(model, 3), rows: 0 }]);
    await model.evaluate([{ sequence: prefilling, tokens: contractTokens(model, 5), rows: 1 }]);
    await model.evaluate([
      { sequence: decoding, tokens: contractTokens(model, 1), rows: 1 },
      { sequence: prefilling, tokens: contractTokens(model, 63), rows: 0 },
    ]);
    const { busyMs, ...counts } = model.pacing;
    expect(counts).toEqual({ steps: 1, overranSteps: 1, prefillSteps: 3, overranPrefillSteps: 3 });
    expect(busyMs).toBeCloseTo(4 * 40 + 0.4 * (4 + 3 + 5 + 64), 9);
  });

  it('tells when each step ended, how long the profile makes it, and whether it made text', async () => {
    const clock = new JumpingClock();
    const model = paced(clock);
    const sequence = model.openSequence();
    await model.evaluate([{ sequence, tokens: contractTokens(model, 3), rows: 1 }]);
    await model.evaluate([{ sequence, tokens: contractTokens(model, 2), rows: 2 }]);
    const [prompt, decoding] = model.lastSteps;
    expect(prompt).toMatchObject({ decodes: false });
    expect(prompt?.ms).toBeCloseTo(41.2, 9);
    expect(prompt?.endMs).toBeCloseTo(1041.2, 9);
    expect(decoding).toMatchObject({ decodes: true });
    expect(decoding?.endMs).toBeCloseTo(1082, 9);
  });

  it('keeps the last 4096 steps', async () => {
    const clock = new JumpingClock();
    const model = paced(clock, { ...open(), evaluate: async () => [] });
    for (let step = 0; step < 4096; step += 1) await model.evaluate([]);
    const [oldest, second] = model.lastSteps;
    expect([model.lastSteps.length, oldest?.endMs]).toEqual([4096, 1040]);
    await model.evaluate([]);
    expect([model.lastSteps.length, model.lastSteps[0]?.endMs]).toEqual([4096, second?.endMs]);
  });

  it('says in its description that it is paced, and keeps the fingerprint', () => {
    const [model, inner] = [paced(new JumpingClock()), open()];
    expect(model.identity.description).toContain('paced');
    expect(model.identity.fingerprint).toBe(inner.identity.fingerprint);
  });
});

describe('the latency profiles', () => {
  it('have distinct names, sources and sound numbers', () => {
    expect(new Set(latencyProfiles.map(({ name }) => name)).size).toBe(latencyProfiles.length);
    for (const one of latencyProfiles) {
      expect(one.source).not.toBe('');
      expect(one.stepMs).toBeGreaterThan(0);
      expect(one.rowMs).toBeGreaterThanOrEqual(0);
      expect(one.rowCap).toBeGreaterThanOrEqual(1);
    }
    expect(defaultEdgeProfile.stepMs + defaultEdgeProfile.rowMs).toBeCloseTo(1000 / 15.18, 1);
    expect(defaultEdgeProfile.rowMs).toBeCloseTo(1000 / 405.97, 2);
    expect(findProfile('edge-70b-a100x2')).toMatchObject({ stepMs: 57.7, rowMs: 0.57 });
    expect(findProfile('36.4+0.2')).toMatchObject({ name: '36.4+0.2', stepMs: 36.4, rowMs: 0.2 });
    for (const name of ['0+1', '-5+1', '36', '36+', 'NaN+1', '1e3+1'])
      expect(() => findProfile(name), name).toThrow(expect.objectContaining({ code: 'bad-argument' }));
    expect(() => findProfile('abacus')).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });
});
