// The rules of the edge's machine that only a reconnecting, slow or lying device meets (docs/internals/protocol.md, "Rules").

import { describe, expect, it } from 'vitest';
import { EdgeBed, testOpening } from './edge-session.fixture.ts';
import { isWritable, readyDrafts } from './edge-session.ts';

describe('a device that resumes', () => {
  it('gets the text after the length that it has', () => {
    const bed = new EdgeBed().write(4).step({ kind: 'link-closed', link: 1 }).resume(2, 2, 5);
    expect(bed.sent(2)).toEqual([{ kind: 'commit', first: 5, branch: 0, accepted: 0, tokens: [102, 103] }]);
  });

  it('gets the logprobs of that text, and is told to open again where they are not kept', () => {
    const bed = new EdgeBed({ topLogprobs: 1 }).write(4);
    bed.say(1, { kind: 'ack', length: 5 }).write(1);
    const logprobs = [5, 6, 7].map((length) => ({
      logprob: 1 - length,
      top: [{ id: 97 + length, logprob: 1 - length }],
    }));
    const late = bed.step({ kind: 'link-closed', link: 1 }).resume(2, 2, 5);
    expect(late.sent(2)).toMatchObject([{ kind: 'commit', first: 5, tokens: [102, 103, 104], logprobs }]);
    expect(bed.state.logprobs).toHaveLength(3);
    expect(bed.resume(3, 3, 4).sent(3)).toEqual([{ kind: 'gone' }]);
  });

  it('gets nothing when it has all of a text that goes on', () => {
    const bed = new EdgeBed().write(4).resume(2, 2, 7);
    expect(bed.sent(2)).toEqual([]);
    expect(bed.sent(1)).toEqual([]);
    expect(bed.closed).toEqual(['superseded']);
  });

  it('gets the end again, also when it has the whole text', () => {
    const bed = new EdgeBed({ maxAnswerTokens: 4 }).write(4);
    expect(bed.sent(1).map(({ kind }) => kind)).toEqual(['commit', 'end']);
    bed.step({ kind: 'link-closed', link: 1 }).resume(2, 2, 7);
    expect(bed.sent(2)).toMatchObject([{ kind: 'end', reason: 'length', length: 7 }]);
    bed.step({ kind: 'link-closed', link: 2 }).resume(3, 3, 6);
    expect(bed.sent(3).map(({ kind }) => kind)).toEqual(['commit', 'end']);
    // Once on each connection.
    expect(bed.setWritable(true, 3).effects).toEqual([]);
  });

  it('acknowledges the length that it has', () => {
    const bed = new EdgeBed({ flowControlWindow: 16 }).write(16);
    expect(isWritable(bed.state)).toBe(false);
    expect(isWritable(bed.resume(2, 2, 10).state)).toBe(true);
    // An older length takes nothing back.
    bed.resume(3, 3, 4).write(7);
    expect(isWritable(bed.state)).toBe(false);
  });

  it.each([
    ['inside the prompt', 2],
    ['at nothing', 0],
    ['beyond the text', 8],
  ])('%s is told that the text is gone', (_name, length) => {
    const bed = new EdgeBed().write(4).resume(2, 2, length);
    expect(bed.sent(2)).toEqual([{ kind: 'gone' }]);
    expect(bed.state.link).toBeNull();
    // The session stays for an opening with the whole text, and an older attempt does not get it.
    expect(bed.resume(3, 2, 7).sent(3)).toMatchObject([{ kind: 'refused', code: 'superseded' }]);
    expect(bed.say(4, testOpening({ attempt: 3, answer: [100] })).state.text.length).toBe(4);
  });

  it('at the end of the prompt gets the whole answer', () => {
    expect(new EdgeBed().write(2).resume(2, 2, 3).sent(2)).toMatchObject([{ first: 3, tokens: [100, 101] }]);
  });

  it.each([1, 0])('with attempt %d, which is not newer, changes nothing', (attempt) => {
    const bed = new EdgeBed().write(2).resume(2, attempt, 5);
    expect(bed.sent(2)).toMatchObject([{ kind: 'refused', code: 'superseded' }]);
    expect(bed.closed).toEqual(['superseded']);
    expect(bed.state.link?.id).toBe(1);
  });
});

describe('flow control', () => {
  it('pauses at exactly the window, and an acknowledgement moves it', () => {
    const bed = new EdgeBed({ flowControlWindow: 16 }).write(15);
    expect(isWritable(bed.state)).toBe(true);
    bed.write(1);
    expect(isWritable(bed.state)).toBe(false);
    bed.say(1, { kind: 'ack', length: 4 }).write(1);
    expect(isWritable(bed.state)).toBe(false);
    // An older acknowledgement takes nothing back.
    bed.say(1, { kind: 'ack', length: 6 }).say(1, { kind: 'ack', length: 3 }).write(2);
    expect(isWritable(bed.state)).toBe(false);
  });

  it('counts a new branch as an acknowledgement of its start', () => {
    const bed = new EdgeBed({ flowControlWindow: 16 }).write(16);
    bed.draft(1, 10, 1);
    expect(isWritable(bed.state)).toBe(true);
  });

  it('refuses an acknowledgement of text that does not exist', () => {
    const bed = new EdgeBed().write(2);
    expect(bed.say(1, { kind: 'ack', length: 5 }).closed).toEqual([]);
    expect(bed.say(1, { kind: 'ack', length: 6 }).closed).toEqual(['protocol-error']);
    expect(bed.state.link).toBeNull();
  });
});

describe('drafts', () => {
  it.each([
    ['after a gap', { branch: 1, first: 6, tokens: [1] }],
    ['that start inside the prompt', { branch: 1, first: 2, tokens: [1] }],
    ['further ahead than agreed', { branch: 1, first: 5, tokens: [1, 2, 3, 4, 5] }],
    ['outside the vocabulary', { branch: 1, first: 5, tokens: [1000] }],
  ])('%s close the connection, and the session stays', (_name, draft) => {
    const bed = new EdgeBed({ maxAhead: 4 }).write(2).say(1, { kind: 'draft', ...draft });
    expect(bed.closed).toEqual(['protocol-error']);
    expect(bed.state.released).toBe(false);
    expect(bed.resume(2, 2, 5).closed).toEqual([]);
  });

  it.each([
    ['at the end of the text', { branch: 1, first: 5, tokens: [1, 2, 3, 4] }],
    ['at the end of the prompt', { branch: 1, first: 3, tokens: [1, 2] }],
    ['with the last id', { branch: 1, first: 5, tokens: [999] }],
  ])('%s are taken', (_name, draft) => {
    const bed = new EdgeBed({ maxAhead: 4 }).write(2).say(1, { kind: 'draft', ...draft });
    expect(bed.closed).toEqual([]);
    expect(bed.state.branch?.number).toBe(1);
  });

  it('are verified up to the last token but one of the context, which the step writes itself', () => {
    const bed = new EdgeBed({ maxAnswerTokens: 300, flowControlWindow: 256 }).write(194);
    bed.draft(1, 197, 1, 2, 3, 4);
    expect(readyDrafts(bed.state)).toBe(2);
    bed.write(2);
    expect(readyDrafts(bed.state)).toBe(0);
  });

  it('of an older branch are ignored, and a gap within a branch is not', () => {
    const bed = new EdgeBed().write(1).draft(2, 4, 1);
    expect(bed.draft(1, 4, 7, 7).state.branch?.end).toBe(5);
    expect(bed.draft(2, 5, 2).state.branch?.end).toBe(6);
    expect(bed.draft(2, 7, 2).closed).toEqual(['protocol-error']);
  });
});

it('a connection that does not own the session is not heard', () => {
  const bed = new EdgeBed().write(2).resume(2, 2, 5);
  const before = bed.state;
  bed.draft(1, 5, 1);
  bed.say(1, { kind: 'bye' }).step({ kind: 'link-closed', link: 1 });
  bed.setWritable(false);
  expect(bed.state).toEqual(before);
});

it('a step of an older text is dropped after an opening has replaced the text', () => {
  const bed = new EdgeBed().write(1).step({ kind: 'step-started', drafts: 0 });
  const { ticket } = bed.state;
  if (ticket === null) throw new Error('no step');
  bed.say(2, testOpening({ attempt: 2, answer: [100] }));
  bed.step({ kind: 'step-done', ticket, rows: [{ ids: [5], logits: [1] }] });
  expect(bed.state.text.length).toBe(4);
  expect(bed.write(1).sent(2)).toMatchObject([{ first: 4, tokens: [101] }]);
});

it('a step that runs without the session is planned again, with what the device had asked for', () => {
  const bed = new EdgeBed({ mode: 'sd' });
  bed.draft(1, 3, 100, 7);
  bed.say(1, { kind: 'verify', length: 3 });
  const { verifyRequestedAt } = bed.state;
  const asked = readyDrafts(bed.state);
  bed.step({ kind: 'step-started', drafts: 2 });
  const { ticket } = bed.state;
  if (ticket === null) throw new Error('no step');
  expect(readyDrafts(bed.state)).toBeNull();
  bed.step({ kind: 'step-missed', ticket });
  expect([readyDrafts(bed.state), bed.state.verifyRequestedAt]).toEqual([asked, verifyRequestedAt]);
  bed.step({ kind: 'step-started', drafts: 2 }).step({ kind: 'step-missed', ticket });
  expect(bed.state.ticket).not.toBeNull();
});

it.each([
  [1, 3],
  [2, null],
])('a requested verdict is answered by a step with all drafts only: %d of 2', (drafts, verifyRequestedAt) => {
  const bed = new EdgeBed({ mode: 'sd' });
  bed.draft(1, 3, 100, 101).say(1, { kind: 'verify', length: 3 });
  expect(bed.step({ kind: 'step-started', drafts }).state).toMatchObject({ verifyRequestedAt });
});

describe('an opening with an answer', () => {
  it('continues it, and ends at the same length', () => {
    const bed = new EdgeBed({ answer: [100, 101], maxAnswerTokens: 3 }).write(1);
    expect(bed.sent(1)).toMatchObject([
      { first: 5, tokens: [102] },
      { kind: 'end', reason: 'length', length: 6 },
    ]);
  });

  it('that is complete gets the end at once', () => {
    const bed = new EdgeBed({ answer: [100, 101, 102], maxAnswerTokens: 3 });
    expect(bed.sent(1)).toMatchObject([{ kind: 'end', reason: 'length', length: 6 }]);
  });

  it('that goes on after its end is refused, and leaves no session', () => {
    const bed = new EdgeBed({ answer: [100, 101, 102], maxAnswerTokens: 2 });
    expect(bed.closed).toEqual(['protocol-error']);
    expect(bed.state.released).toBe(true);
  });

  it('that fills the context has ended', () => {
    const bed = new EdgeBed({ answer: Array.from({ length: 197 }, () => 5), maxAnswerTokens: 400 });
    expect(bed.sent(1)).toMatchObject([{ kind: 'end', reason: 'context-full', length: 200 }]);
  });
});
