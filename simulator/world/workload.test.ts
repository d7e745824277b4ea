import { describe, expect, it } from 'vitest';
import { createWorkload, type Workload, type WorkloadPlan } from './workload.ts';
import { drawTokens, taskKinds } from './workload-lengths.ts';
import { findModelShape, flopPerToken, payloadBitsPerToken } from './workload-models.ts';

const plan: WorkloadPlan = {
  target: 'gpt2-xl',
  draft: 'gpt2',
  tasks: [
    { kind: 'code', weight: 3, windowTokens: 25 },
    { kind: 'chat', weight: 1, windowTokens: 20 },
  ],
  payloadLaw: 'q16',
  unfinished: 'dropped',
  arrivals: { kind: 'one-per-slot' },
};

describe('models', () => {
  it('cost what a calculation by hand gives', () => {
    const gpt2 = findModelShape('gpt2');
    expect(flopPerToken(gpt2, 0)).toBe(2 * 124.4e6);
    expect(flopPerToken(gpt2, 100) - flopPerToken(gpt2, 0)).toBe(4 * 12 * 768 * 100);
    expect(payloadBitsPerToken(gpt2, 'q16')).toBe(804_112);
    expect(payloadBitsPerToken(gpt2, 'ids')).toBe(16);
    expect(payloadBitsPerToken(findModelShape('qwen2.5-0.5b'), 'ids')).toBe(18);
  });
});

describe('lengths', () => {
  it('follow the measured deciles', () => {
    expect(drawTokens('code', 'prompt', 0)).toBe(70);
    expect(drawTokens('code', 'prompt', 0.5)).toBe(152);
    expect(drawTokens('code', 'prompt', 0.999999)).toBe(425);
    for (const kind of taskKinds) {
      for (const part of ['prompt', 'answer'] as const) {
        let last = 0;
        for (let place = 0; place < 1; place += 0.01) {
          const tokens = drawTokens(kind, part, place);
          expect(tokens).toBeGreaterThanOrEqual(Math.max(1, last));
          last = tokens;
        }
      }
    }
  });
});

describe('one task a slot', () => {
  it('costs the window on both sides; each token attends to those before it', () => {
    const workload = createWorkload({ ...plan, tasks: [{ kind: 'code', weight: 1, windowTokens: 3 }] }, 2, 500, 1);
    workload.draw();
    for (const device of [0, 1]) {
      const context = workload.contextTokens[device] as number;
      for (const [name, flop] of [
        ['gpt2', workload.deviceFlop[device]],
        ['gpt2-xl', workload.edgeFlop[device]],
      ] as const) {
        const shape = findModelShape(name);
        const sum = flopPerToken(shape, context) + flopPerToken(shape, context + 1) + flopPerToken(shape, context + 2);
        expect((flop as number) / sum).toBeCloseTo(1, 12);
      }
      expect(workload.payloadBits[device]).toBe(3 * 804_112);
    }
  });

  it('draws kinds by weight and never passes the context', () => {
    const workload = createWorkload(
      { ...plan, tasks: [...plan.tasks, { kind: 'summarisation', weight: 4, windowTokens: 15 }] },
      200,
      500,
      1,
    );
    const counts = [0, 0, 0];
    const most = 15 * flopPerToken(findModelShape('gpt2'), 1024);
    for (let slot = 0; slot < 50; slot++) {
      workload.draw();
      workload.task.forEach((task, device) => {
        counts[task] = (counts[task] ?? 0) + 1;
        if (task === 2) expect(workload.deviceFlop[device]).toBeLessThanOrEqual(most);
      });
    }
    expect((counts[0] as number) / 10_000).toBeCloseTo(3 / 8, 1);
    expect((counts[1] as number) / 10_000).toBeCloseTo(1 / 8, 1);
  });
});

describe('sessions', () => {
  const sessions: WorkloadPlan = {
    ...plan,
    arrivals: { kind: 'poisson-sessions', sessionsPerMinute: 6, keptShare: 0.6 },
  };

  function play(
    workload: Workload,
    slots: number,
    served: (slot: number) => boolean,
  ): { active: number; starts: number } {
    const mask = new Uint8Array(workload.active.length);
    const before = new Uint8Array(workload.active.length);
    let active = 0;
    let starts = 0;
    for (let slot = 0; slot < slots; slot++) {
      workload.draw();
      workload.active.forEach((one, device) => {
        active += one;
        if (one === 1 && before[device] === 0) starts++;
        before[device] = one;
      });
      workload.advance(mask.fill(served(slot) ? 1 : 0));
    }
    return { active, starts };
  }

  it('begin at the given rate, and end when their answer is written', () => {
    // 2,000 device-minutes less the time in sessions, at 6 a minute.
    const workload = createWorkload(sessions, 100, 1000, 1);
    const { active, starts } = play(workload, 1200, () => true);
    const idleMinutes = (100 * 1200 - active) / 60;
    expect(starts / idleMinutes / 6).toBeCloseTo(1 - 0.05, 1);
    expect(active).toBeGreaterThan(0);
    expect(active).toBeLessThan(100 * 1200);
  });

  it('do not change while they are not served', () => {
    const workload = createWorkload(sessions, 100, 1000, 1);
    play(workload, 100, () => false);
    expect(workload.active.every((one) => one === 1)).toBe(true);
    const context = workload.contextTokens.slice();
    workload.draw();
    expect(workload.contextTokens).toEqual(context);
    workload.advance(new Uint8Array(100).fill(1));
    // Kept: 0.6 of 25 or of 20, and the bonus token; less at the end of an answer.
    workload.contextTokens.forEach((tokens, device) => {
      const grown = tokens - (context[device] as number);
      expect(grown).toBeGreaterThanOrEqual(1);
      expect(grown).toBeLessThanOrEqual(workload.task[device] === 0 ? 16 : 13);
    });
  });
});
