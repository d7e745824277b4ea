// llama.cpp alone, as the trial compares with it, against the exact engine: the same ids, and the same text in calls that the law allows.

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { neutralSampling } from '../../../src/core/decoding/sampling.ts';
import { openModel } from '../../../src/models/engines/open-model.ts';
import { acquireModel } from '../../../src/models/files/acquire.ts';
import { defaultPair } from '../../../src/models/files/manifest-data.ts';
import { writeAlone } from '../exactness/references.ts';
import { startPlainServer } from './plain-server.ts';

const contextLength = 1024;
const stop = '\n';
const texts = readFileSync(new URL('tasks/code.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .slice(0, 3)
  .map((line) => (JSON.parse(line) as { readonly text: string }).text);

it('writes the text of the exact engine', async () => {
  const { path } = await acquireModel(defaultPair.target);
  await using model = await openModel(path, { role: 'target', sequences: 1, contextLength, exact: true });
  const { tokenizer, limits } = model;
  await using plain = await startPlainServer(path, contextLength, limits.law.most);
  const ask = async (route: string, question: object): Promise<Readonly<Record<string, unknown>>> => {
    const answer = await fetch(`${plain.url}${route}`, { method: 'POST', body: JSON.stringify(question) });
    expect(answer.status).toBe(200);
    return (await answer.json()) as Readonly<Record<string, unknown>>;
  };
  for (const prompt of texts) {
    const ids = tokenizer.encode(prompt);
    expect(ids.length).toBeGreaterThan(limits.law.most);
    expect(await ask('/tokenize', { prompt })).toEqual({ tokens: ids });
    expect(await ask('/detokenize', { tokens: ids })).toEqual({ prompt });
    const [written = []] = await writeAlone(model, ids, [{ ...neutralSampling, temperature: 0 }], 12);
    const bytes = written.filter((id) => !tokenizer.endIds.has(id)).map((id) => tokenizer.bytes(id));
    const [expected] = Buffer.concat(bytes).toString().split(stop);
    const answer = await ask('/v1/completions', { prompt, max_tokens: 12, stop: [stop] });
    expect(answer).toMatchObject({ choices: [{ text: expected }] });
  }
  const info = await (await fetch(`${plain.url}/tokenizer_info`)).json();
  expect([...tokenizer.endIds]).toContain((info as { readonly eos_token_id: number }).eos_token_id);
});
