import { describe, expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { openModel } from '../../../src/models/engines/open-model.ts';
import { acquirePair } from '../../../src/models/files/acquire.ts';
import { tracesTrial } from './traces.ts';

describe('traces of real models', () => {
  it('replay as the session that the models decode', async () => {
    const pair = await acquirePair('default');
    const shape = { sequences: 2, contextLength: 512, exact: true };
    await using target = await openModel(pair.target.path, { role: 'target', ...shape });
    const { tokenizer } = target;
    await using draft = await openModel(pair.draft.path, { role: 'draft', tokenizer, ...shape });
    const { rows, summary, differences } = await runExperiment(tracesTrial, {
      models: { target, draft },
      tokens: 20,
      promptCount: 1,
      temperatures: [0, 0.8],
      roundTripsMs: [10],
      minChainConfidences: [0, 0.3],
      wrongDepth: 24,
      maxAhead: 24,
    });
    expect(differences).toEqual([]);
    expect(summary).toMatchObject({ sessions: 32, identical: 32 });
    expect(rows.some(({ mode, acceptedDrafts }) => mode === 'stream' && acceptedDrafts > 4)).toBe(true);
  });
});
