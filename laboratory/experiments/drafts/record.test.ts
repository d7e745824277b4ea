// What a record of a bench of drafts takes up again.

import { expect, it } from 'vitest';
import { throwTrace } from '../../../simulator/traces/trace.fixture.ts';
import type { Trace } from '../../../simulator/traces/trace.ts';
import type { ModelIdentity } from '../../../src/models/port/model.ts';
import { costKey, rowsKey } from './drafts.ts';

function trace(source = 'made up'): Trace {
  const { header, sessions } = throwTrace(1);
  return { header: { ...header, source }, sessions };
}

function identity(name: string, fingerprint: string): ModelIdentity {
  return { name, fingerprint, description: '' };
}

it('takes up costs of the same two models and rows of the same trace and cost only', () => {
  const [large, small] = [identity('large', 'aa'), identity('small', 'bb')];
  const known = costKey(large, small);
  expect(costKey(identity('another name', 'aa'), small)).toBe(known);
  expect(costKey(large, identity('small', 'cc'))).not.toBe(known);
  expect(costKey(identity('large', 'ab'), small)).not.toBe(known);
  const rows = rowsKey(trace(), 0.5);
  expect(rowsKey(trace(), 0.5)).toBe(rows);
  expect(rowsKey(trace(), 0.6)).not.toBe(rows);
  expect(rowsKey(trace('other prompts'), 0.5)).not.toBe(rows);
});
