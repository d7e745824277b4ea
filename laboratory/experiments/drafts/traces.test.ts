// Traces that a bench of drafts refuses.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { madeUpHeader } from '../../../simulator/traces/trace.fixture.ts';
import { type Trace, type TraceHeader, TraceSessionBuilder } from '../../../simulator/traces/trace.ts';
import { writeTrace } from '../../../simulator/traces/trace-file.ts';
import { neutralSampling } from '../../../src/core/decoding/sampling.ts';
import { openModel } from '../../../src/models/engines/open-model.ts';
import { draftsExperiment } from './drafts.ts';
import { demandModels, type NamedModel, readTraces } from './traces.ts';

/** In the manifest, and its file is in the repository. */
const small = 'smollm2-135m-draft';
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'outrider-bench-drafts-check-'));
});
afterAll(() => rm(directory, { recursive: true }));

function trace(changes: Partial<TraceHeader> = {}, prompt: readonly number[] = [5, 6]): Trace {
  const builder = new TraceSessionBuilder();
  for (const _ of [7, 2]) builder.addRight(60_000);
  const header = madeUpHeader({ answerTokens: 2, ...changes });
  return { header, sessions: [builder.build({ id: 'a', task: 'made up', prompt, answer: [7, 2] })] };
}

function model(spec: string, fingerprint: string): NamedModel {
  return { spec, identity: { name: spec, fingerprint, description: '' } };
}

function refusal(message: RegExp): object {
  const remedy = expect.stringMatching(/./);
  return expect.objectContaining({ code: 'bad-argument', message: expect.stringMatching(message), remedy });
}

describe('traces in one table', () => {
  const tiny = { name: 'tiny', fingerprint: 'cc' };
  const warm = { sampling: { ...neutralSampling, temperature: 0.8 } };

  async function read(...traces: readonly Trace[]): Promise<string[]> {
    const paths = traces.map((_, index) => join(directory, `${index}.trace`));
    for (const [index, path] of paths.entries()) await writeFile(path, writeTrace(traces[index] as Trace));
    return [...readTraces(paths).keys()];
  }

  it('are one of each draft and kind, over the same prompts', async () => {
    expect(await read(trace(), trace({ draft: tiny }), trace(warm, [9]))).toEqual(['small', 'tiny']);
    await expect(read(trace(), trace({ draft: { name: 'small', fingerprint: 'dd' } }))).rejects.toEqual(
      refusal(/^two traces are of small at temperature 0$/),
    );
    await expect(read(trace(), trace({ draft: tiny }, [5, 7]))).rejects.toEqual(refusal(/different prompts$/));
    const [one, other] = [trace(warm, [9]), trace({ ...warm, draft: tiny }, [8])];
    await expect(read(trace(), trace({ draft: tiny }), one, other)).rejects.toEqual(refusal(/above temperature 0 are/));
  });

  it('have the same sampling and the same length of answers', async () => {
    const seeded = (temperature: number) => ({ sampling: { ...neutralSampling, temperature, seed: 9n }, draft: tiny });
    expect(await read(trace(), trace(seeded(0)))).toEqual(['small', 'tiny']);
    const noisy = [trace(), trace(seeded(0)), trace(warm), trace(seeded(0.8))];
    await expect(read(...noisy)).rejects.toEqual(refusal(/differ in sampling/));
    const hot = { sampling: { ...neutralSampling, temperature: 1 } };
    const all = [trace(), trace(warm), trace({ draft: tiny }), trace({ ...hot, draft: tiny })];
    await expect(read(...all)).rejects.toEqual(refusal(/differ in sampling/));
    await expect(read(trace(), trace({ draft: tiny, answerTokens: 3 }))).rejects.toEqual(refusal(/length of answers/));
  });
});

describe('a trace', () => {
  it('is of the models that were opened', async () => {
    const [target, draft] = [model('large', 'aa'), model('small', 'bb')];
    await demandModels(target, draft, [trace()]);
    await expect(demandModels(model('other', 'ab'), draft, [trace()])).rejects.toEqual(
      refusal(/another target: large, not other$/),
    );
    await expect(demandModels(model('large', 'ab'), draft, [trace()])).rejects.toEqual(
      refusal(/target of the name large, or from another machine$/),
    );
    await expect(demandModels(target, model('small', 'ba'), [trace()])).rejects.toEqual(
      refusal(/another file of that name$/),
    );
  });

  it('from another machine is known by the hash in the manifest', async () => {
    const made = { name: small, fingerprint: 'there' };
    const here = model(small, 'here');
    await demandModels(here, here, [trace({ target: made, draft: made })]);
    // The same engine there and here: it is the file that differs.
    await expect(demandModels(model(small, 'there'), here, [trace({ target: made, draft: made })])).rejects.toEqual(
      refusal(/another file of that name$/),
    );
    await expect(
      demandModels(here, model('small', 'here'), [
        trace({ target: made, draft: { name: 'small', fingerprint: 'there' } }),
      ]),
    ).rejects.toEqual(refusal(/or from another machine$/));
    await expect(demandModels(model('toy:1', 'here'), here, [trace({ target: made, draft: made })])).rejects.toEqual(
      refusal(/another target/),
    );
  });

  it('of another target stops the bench before anything is measured', async () => {
    await using draft = await openModel('toy:4', { role: 'draft', sequences: 1, contextLength: 64, exact: true });
    const resume = join(directory, 'refused.jsonl');
    const path = join(directory, 'refused.trace');
    await writeFile(path, writeTrace(trace({ draft: { ...draft.identity, name: 'toy:4' } })));
    const bench = runExperiment(draftsExperiment, { target: 'toy:5', traces: [path], repeats: 3 }, { record: resume });
    await expect(bench).rejects.toEqual(refusal(/another target: large, not toy:5/));
    expect((await readFile(resume, 'utf8')).trim().split('\n').length).toBe(1);
  });
});
