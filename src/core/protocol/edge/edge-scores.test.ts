// The logprobs of a prompt in the edge's machine: what is read, what is sent and when, and what a device may resume.

import { describe, expect, it } from 'vitest';
import type { Candidates } from '../../decoding/candidates.ts';
import type { OpenMessage } from '../wire/messages.ts';
import { isScoring, mostHeldTokens, mostPromptTokens, promptAsks, promptPart, promptScored } from './edge-scores.ts';
import { EdgeBed, testOpening, testRules } from './edge-session.fixture.ts';
import { createEdgeSession, isWritable, stepEdge, waitsForDevice } from './edge-session.ts';

const prompt = Array.from({ length: 11 }, (_, index) => 20 + index);

/** What an engine gives before the token at a position. */
const rowAt = (position: number): Candidates => {
  return { ids: [prompt[position] as number, 7], logits: [-position, -99], logNormaliser: 0, askedLogit: -position };
};
const scoreAt = (position: number) => {
  return { logprob: -position, top: [{ id: prompt[position], logprob: -position }] };
};
const positions = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

class Bed extends EdgeBed {
  constructor(changes: Partial<OpenMessage> = {}, isBlocked?: true) {
    super({ prompt, promptLogprobs: 1, ...changes }, isBlocked);
  }

  /** A step reads `count` tokens from `held` on; `then` comes before its result. */
  read(held: number, count: number, then: () => void = () => {}): this {
    const part = promptPart(this.state, held, count);
    if (part === null) throw new Error('no logprobs are wanted');
    then();
    return this.step(promptScored(part, positions(held + 1, held + count).map(rowAt)));
  }

  open(link: number, attempt: number): this {
    return this.say(link, { ...this.state.open, attempt });
  }
}

describe('logprobs of a prompt', () => {
  it('are wanted of each token but the first, and of no token of the answer', () => {
    const { state } = new Bed();
    expect(promptPart(state, 0, 4)).toMatchObject({ first: 1, ids: prompt.slice(1, 5), topCount: 1 });
    const begun = new Bed({ answer: [50, 51, 52] }).state;
    expect(promptPart(begun, 6, 7)).toMatchObject({ first: 7, ids: prompt.slice(7) });
    const asks = prompt.slice(7).map((id) => ({ normalises: true, logitOf: id }));
    expect(promptAsks(promptPart(begun, 6, 7) as never)).toEqual(asks);
    expect(promptPart(new Bed({ promptLogprobs: undefined }).state, 0, 4)).toBeNull();
  });

  it('are found 64 in a step at most, since each takes the logits of a vocabulary', () => {
    const { state } = new Bed();
    expect([9, 64, 65, 5000].map((left) => mostPromptTokens(state, left))).toEqual([9, 64, 64, 64]);
    expect(mostPromptTokens(new Bed({ promptLogprobs: undefined }).state, 5000)).toBe(5000);
  });

  it('go out as they are read, before any token of the answer', () => {
    const bed = new Bed();
    expect(bed.sent()).toEqual([]);
    for (const [held, count] of [
      [0, 4],
      [4, 6],
    ] as const) {
      expect(mostHeldTokens(bed.state)).toBe(held);
      bed.read(held, count);
      const logprobs = positions(held + 1, held + count).map(scoreAt);
      expect(bed.sent()).toEqual([{ kind: 'prompt-scored', first: held + 1, logprobs }]);
    }
    expect([isScoring(bed.state), mostHeldTokens(bed.state)]).toEqual([false, 10]);
    expect(bed.write().sent()).toMatchObject([{ kind: 'commit', first: 11 }]);
  });

  it('wait for a connection that accepts them, and the session reads no further meanwhile', () => {
    for (const wait of ['blocked', 'lost'] as const) {
      const bed = new Bed().read(0, 4);
      if (wait === 'lost') bed.step({ kind: 'link-closed', link: 1 });
      else bed.setWritable(false);
      expect(isWritable(bed.state)).toBe(true);
      bed.read(4, 3);
      expect(bed.sent()).toEqual([]);
      expect([isWritable(bed.state), waitsForDevice(bed.state)]).toEqual([false, true]);
      if (wait === 'lost') continue;
      bed.setWritable(true);
      expect(bed.sent()).toEqual([{ kind: 'prompt-scored', first: 5, logprobs: [5, 6, 7].map(scoreAt) }]);
      expect([isWritable(bed.state), waitsForDevice(bed.state)]).toEqual([true, false]);
    }
  });

  it('are divided where a frame can not hold them', () => {
    const long = Array.from({ length: 150 }, (_, index) => index % 9);
    const rules = { ...testRules, contextLength: 5000 };
    const text = Array.from({ length: 20 }, () => long).flat();
    const open = testOpening({ prompt: text, promptLogprobs: 0 });
    const { state } = createEdgeSession(rules, 1, { kind: 'session-created', link: 1, open });
    const rows = text.slice(1).map(() => ({ ids: [1], logits: [-1], logNormaliser: 0, askedLogit: -1 }));
    const part = promptPart(state, 0, text.length - 1);
    const { effects } = stepEdge(state, promptScored(part as never, rows));
    const frames = effects.flatMap((effect) =>
      effect.kind === 'send' && effect.message.kind === 'prompt-scored' ? [effect.message] : [],
    );
    expect(frames.map(({ first }) => first)).toEqual([1, 1025, 2049]);
    expect(frames.map(({ logprobs }) => logprobs.length)).toEqual([1024, 1024, 951]);
    expect(frames).toHaveLength(effects.length);
  });

  it('are found once where a place was lost in the middle, and its successor reads again', () => {
    const bed = new Bed().read(0, 6);
    bed.read(2, 6);
    expect(bed.sent()).toEqual([{ kind: 'prompt-scored', first: 7, logprobs: [7, 8].map(scoreAt) }]);
    bed.read(1, 3);
    expect(bed.sent()).toEqual([]);
    expect(mostHeldTokens(bed.state)).toBe(8);
    // A gap is a fault of the edge.
    expect(() => bed.read(9, 1)).toThrow('with a gap');
  });

  it('of a step that ran while the session was opened again count for nothing', () => {
    const bed = new Bed().read(0, 4);
    bed.read(4, 3, () => bed.open(2, 2));
    expect(bed.sent()).toEqual([]);
    expect(mostHeldTokens(bed.state)).toBe(0);
  });

  it('that an engine does not give refuse the session in words', () => {
    const part = promptPart(new Bed().state, 0, 2);
    const { askedLogit: _asked, ...row } = rowAt(2);
    for (const rows of [[rowAt(1), row], [rowAt(1)], []])
      expect(() => promptScored(part as never, rows)).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });
});

describe('a device that resumes', () => {
  it('opens again until it has a token that came after the logprobs', () => {
    const bed = new Bed().read(0, 10).write();
    expect(bed.resume(2, 2, 11).sent()).toEqual([{ kind: 'gone' }]);
    expect(bed.open(2, 3).sent()).toEqual([]);
    expect(mostHeldTokens(bed.state)).toBe(0);
    bed.read(0, 10).write();
    expect(bed.resume(3, 4, 12).sent()).toEqual([]);
    expect(bed.state.link?.id).toBe(3);
  });

  it('opens again as well where its answer had begun elsewhere', () => {
    const bed = new Bed({ answer: [50, 51] }).read(0, 10);
    expect(bed.resume(2, 2, 13).sent()).toEqual([{ kind: 'gone' }]);
  });
});

describe('a prompt alone', () => {
  const alone = { maxAnswerTokens: 0 };

  it('ends with its last logprobs', () => {
    const bed = new Bed(alone).read(0, 9);
    expect(bed.state.end).toBeNull();
    bed.read(9, 1);
    expect(bed.sent()).toMatchObject([
      { kind: 'prompt-scored', first: 10 },
      { kind: 'end', reason: 'length', length: 11, account: { steps: 0 } },
    ]);
    expect(isWritable(bed.state)).toBe(false);
  });

  it('ends when the connection accepts its last logprobs', () => {
    const bed = new Bed(alone, true).read(0, 10);
    expect(bed.sent()).toEqual([]);
    bed.setWritable(true);
    expect(bed.sent().map(({ kind }) => kind)).toEqual(['prompt-scored', 'end']);
  });

  it('of one token ends at once', () => {
    expect(new Bed({ ...alone, prompt: [5] }).sent()).toMatchObject([{ kind: 'end', reason: 'length', length: 1 }]);
  });
});
