// What a turn knows of the edges that have refused it.

import { expect, it } from 'vitest';
import type { ErrorCode } from '../../basics/errors.ts';
import { EdgeChoice } from './edge-choice.ts';
import { EdgeRoutes } from './edge-routes.ts';

const refusal = (code: ErrorCode) => ({ code, cause: 'why', remedy: 'wait' });

it('waits for an edge that loads from its first word on, and for so long again after new text', () => {
  const choice = new EdgeChoice({ loadedWithinMs: 1000 });
  const waitsAt = (...times: readonly number[]): readonly boolean[] =>
    times.map((nowMs) => choice.refused('a', refusal('edge-loading'), nowMs));
  expect(waitsAt(500, 900, 1499, 1500)).toEqual([true, true, true, false]);
  choice.answered('b');
  expect(waitsAt(1600, 2599, 2600)).toEqual([true, true, false]);
});

it.each([
  ['edge-full', true],
  ['edge-draining', true],
  ['edge-loading', true],
  ['context-full', false],
  ['tokenizer-mismatch', false],
] as const)('asks an edge that has refused with %s again after new text: %s', (code, isAskedAgain) => {
  const choice = new EdgeChoice({ routes: new EdgeRoutes(['a']), loadedWithinMs: 0 });
  expect([choice.refused('a', refusal(code), 0), choice.hasOther]).toEqual([false, false]);
  choice.answered(null);
  expect([choice.hasOther, choice.lastRefusal]).toEqual([isAskedAgain, null]);
});
