import { describe, expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { TraceReplay } from '../../../simulator/virtual-time/trace-replay.ts';
import type { GivenOptions } from '../../../src/cli/options/options.ts';
import { modeNames } from '../../../src/core/protocol/wire/mode.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { tracesTrial } from './traces.ts';

const shape = { sequences: 2, contextLength: 2048, vocabularySize: 2048 };
const options = {
  tokens: 24,
  promptCount: 1,
  temperatures: [0, 0.8],
  roundTripsMs: [60],
  minChainConfidences: [0, 0.3],
  wrongDepth: 24,
  maxAhead: 24,
};

async function trial(changes: GivenOptions<typeof tracesTrial.options>) {
  await using target = createToyModel({ seed: 6, role: 'target', endRate: 0.02, ...shape });
  await using draft = createToyModel({ seed: 6, role: 'draft', agreement: 0.7, endRate: 0.02, ...shape });
  return await runExperiment(tracesTrial, { ...options, models: { target, draft }, ...changes });
}

describe('trial traces', () => {
  it('finds replays identical to live sessions, in all modes', async () => {
    const { rows, summary, differences } = await trial({});
    expect(differences).toEqual([]);
    const sessions = 2 * (modeNames.length + 1) * 2;
    expect(summary).toMatchObject({ sessions, identical: sessions, sameRounds: sessions });
    expect(new Set(rows.map(({ mode }) => mode)).size).toBe(modeNames.length);
    expect(rows.reduce((sum, { acceptedDrafts }) => sum + acceptedDrafts, 0)).toBeGreaterThan(50);
  });

  it('finds a draft that was recorded wrong, a confidence that is off by one, and a chain that is too short', async () => {
    const rebuilt = (change: (replay: TraceReplay) => void) => (replay: TraceReplay) => {
      const session = structuredClone(replay.session);
      const copy = new TraceReplay(replay.header, session);
      change(copy);
      return copy;
    };
    const few = { temperatures: [0] };
    const wrongDraft = await trial({
      ...few,
      tamper: rebuilt(({ session }) => {
        const right = session.rightUnits.findIndex((units) => units > 0);
        session.rightUnits[right] = 0;
      }),
    });
    expect(wrongDraft.differences.length).toBeGreaterThan(0);
    const unsure = await trial({
      ...few,
      tamper: rebuilt(({ session }) =>
        session.rightUnits.set(session.rightUnits.map((units) => Math.min(units, 10_000))),
      ),
    });
    const cut = unsure.rows.filter(({ identical }) => !identical);
    expect(cut.length).toBeGreaterThan(0);
    expect(cut.every(({ minChainConfidence, isHelped }) => minChainConfidence > 0 || isHelped)).toBe(true);
    const otherIds = await trial({
      ...few,
      tamper: rebuilt(({ session }) =>
        session.chainTokens.set(session.chainTokens.map((id) => (id > 1000 ? 5 : 1500))),
      ),
    });
    expect(otherIds.differences.length).toBeGreaterThan(0);
  });

  it('tells bytes of wrong drafts, which short chains do not know, from rounds, which they do', async () => {
    const { summary, differences } = await trial({
      promptCount: 1,
      temperatures: [0],
      roundTripsMs: [200],
      wrongDepth: 2,
    });
    expect(differences.length).toBeGreaterThan(0);
    expect(summary['sameRounds']).toBeGreaterThan(summary['identical'] as number);
  });
});
