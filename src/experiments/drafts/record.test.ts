// What the record of a bench of drafts takes up again.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ModelIdentity } from '../../models/model.ts';
import { throwTrace } from '../../traces/trace.fixture.ts';
import type { Trace } from '../../traces/trace.ts';
import { DraftsRecord } from './record.ts';
import type { PaceRow } from './rows.ts';

const cost = { draftMs: 1, targetMs: 2, costRatio: 0.5 };
const rows = [{ task: 'all' }] as unknown as PaceRow[];
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'outrider-bench-drafts-record-'));
});
afterAll(() => rm(directory, { recursive: true }));

function trace(source = 'made up'): Trace {
  const { header, sessions } = throwTrace(1);
  return { header: { ...header, source }, sessions };
}

function identity(name: string, fingerprint: string): ModelIdentity {
  return { name, fingerprint, description: '' };
}

it('takes up costs of the same two models and rows of the same trace and cost only', async () => {
  const path = join(directory, 'record.jsonl');
  const [large, small] = [identity('large', 'aa'), identity('small', 'bb')];
  const begun = await DraftsRecord.open(path, { target: 'large' });
  await begun.addCost(large, small, cost);
  await begun.addRows(trace(), 0.5, rows);
  const record = await DraftsRecord.open(path, { target: 'large' });
  expect(record.cost(large, small)).toEqual(cost);
  expect(record.cost(large, identity('small', 'cc'))).toBeUndefined();
  expect(record.cost(identity('large', 'ab'), small)).toBeUndefined();
  expect(record.rows(trace(), 0.5)).toEqual(rows);
  expect(record.rows(trace(), 0.6)).toBeUndefined();
  expect(record.rows(trace('other prompts'), 0.5)).toBeUndefined();
});

it('leaves what an older record says of a name alone', async () => {
  const path = join(directory, 'older.jsonl');
  await DraftsRecord.open(path, {});
  const lines = [
    { kind: 'cost', draft: 'small', cost },
    { kind: 'rows', of: 'small bb 1 0.5', rows },
  ];
  await writeFile(path, `${await readFile(path, 'utf8')}${lines.map((line) => `${JSON.stringify(line)}\n`).join('')}`);
  const record = await DraftsRecord.open(path, {});
  expect(record.cost(identity('large', 'aa'), identity('small', 'bb'))).toBeUndefined();
  expect(record.rows(trace(), 0.5)).toBeUndefined();
});
