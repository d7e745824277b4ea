// Logprobs of a prompt, held tokens, and the version of a connection, in the device's machine.

import { describe, expect, it } from 'vitest';
import { testHello } from '../edge/edge-session.fixture.ts';
import type { PromptScoredMessage } from '../wire/messages.ts';
import { DeviceBed } from './device-session.fixture.ts';
import type { TurnRequest } from './device-state.ts';

const asked = { namespace: '0a'.repeat(16), promptLogprobs: 1 };

const scoreAt = (position: number) => ({ logprob: -position, top: [{ id: position, logprob: -position }] });
const scored = (first: number, last: number): PromptScoredMessage => {
  const count = last - first + 1;
  return {
    kind: 'prompt-scored',
    first,
    logprobs: Array.from({ length: count }, (_, index) => scoreAt(first + index)),
  };
};

class Bed extends DeviceBed {
  constructor(changes: Partial<TurnRequest> = {}) {
    super({ mode: 'ar', prompt: [1, 2, 3, 4, 5, 6], ...asked, ...changes });
  }

  get given(): unknown[] {
    return this.effects.flatMap((effect) => (effect.kind === 'emit-prompt-logprobs' ? [effect.logprobs] : []));
  }
}

describe('an attach', () => {
  it('opens, resumes and opens again, with all that was asked for', () => {
    expect(new Bed().connect(1).sent()).toMatchObject([{ kind: 'open', version: 3, ...asked }]);
    const bed = new Bed({ promptLogprobs: undefined }).connect(1).lose(1).connect(2);
    expect(bed.sent()).toMatchObject([{ kind: 'resume', version: 3, length: 6 }]);
    expect(bed.receive(2, { kind: 'gone' }).sent()).toMatchObject([{ kind: 'open', version: 3, attempt: 3 }]);
  });

  it('goes on after a greeting of its own version, and of no other', () => {
    for (const greeted of [2, 3, 4]) {
      const { state } = new Bed().connect(1).receive(1, { ...testHello, version: greeted });
      if (greeted === 3) expect(state.outcome).toBeNull();
      else expect(state.outcome).toMatchObject({ kind: 'failed', code: 'version-mismatch' });
    }
  });
});

describe('logprobs of a prompt', () => {
  it('are given in order, each once, whatever an edge repeats', () => {
    const bed = new Bed().connect(1);
    expect(bed.receive(1, scored(1, 2)).given).toEqual([scored(1, 2).logprobs]);
    bed.lose(1).connect(2).receive(2, { kind: 'gone' });
    expect(bed.sent()).toMatchObject([{ kind: 'open', promptLogprobs: 1 }]);
    expect(bed.receive(2, scored(1, 2)).given).toEqual([]);
    expect(bed.receive(2, scored(2, 5)).given).toEqual([scored(3, 5).logprobs]);
  });

  it('are asked for until the device has all of them', () => {
    const bed = new Bed().connect(1).receive(1, scored(1, 5)).commit(1, 6, 9);
    expect(bed.connect(2, 'b').sent()).toMatchObject([{ kind: 'open', answer: [9] }]);
    expect(bed.sent()[0]).not.toHaveProperty('promptLogprobs');
    // Of a prompt alone the end may be missing.
    const alone = new Bed({ maxAnswerTokens: 0 }).connect(1).receive(1, scored(1, 5));
    expect(alone.connect(2, 'b').sent()).toMatchObject([{ kind: 'open', promptLogprobs: 1 }]);
  });

  it('with a gap cost the edge its connection', () => {
    const bed = new Bed().connect(1).receive(1, scored(1, 2)).receive(1, scored(4, 5));
    expect(bed.effects).toMatchObject([{ kind: 'close-link', code: 'protocol-error' }, { kind: 'connect' }]);
    expect(bed.state.scoredPrompt).toBe(2);
  });
});

it('held tokens are those of the first edge that says so, at most the prompt', () => {
  const bed = new Bed({ promptLogprobs: undefined }).connect(1);
  expect(bed.state.heldTokens).toBeNull();
  expect(bed.receive(1, { kind: 'held', tokens: 4 }).state.heldTokens).toBe(4);
  expect(bed.receive(1, { kind: 'held', tokens: 0 }).state.heldTokens).toBe(4);
  const begun = new Bed({ promptLogprobs: undefined }).connect(1).receive(1, { kind: 'held', tokens: 40 });
  expect(begun.state.heldTokens).toBe(6);
});
