// The device with two connections at once: a handover to a second edge, and a second attach to the same edge.

import { describe, expect, it } from 'vitest';
import { neighbours } from '../basics/neighbours.fixture.ts';
import { DeviceBed } from './device/device-session.fixture.ts';
import type { TurnRequest } from './device/device-state.ts';
import { testHello } from './edge/edge-session.fixture.ts';
import type { ModeName } from './wire/mode.ts';

class Driver extends DeviceBed {
  constructor(mode: ModeName, changes: Partial<TurnRequest> = {}) {
    super({ mode, maxAhead: 4, draftLength: 2, ...changes });
  }

  refuse(link: number, code: 'edge-full' | 'superseded' | 'unauthorized'): this {
    return this.receive(link, { kind: 'refused', code, cause: 'no', remedy: 'none' });
  }

  kinds(): string[] {
    return this.effects.map(({ kind }) => kind);
  }
}

/** Edge a serves; edge b has been opened at length 3 and lags behind a, which has written 6 tokens more. */
function lagging(mode: ModeName): Driver {
  // The draft of position 3 was in progress; it arrives too late.
  return new Driver(mode).connect(1).connect(2, 'b').commit(1, 3, 10, 11, 12, 13, 14, 15).draft(10);
}

describe('a handover', () => {
  it('sends a lagging edge no more than maxAhead tokens beyond what it has', () => {
    const driver = lagging('stream');
    for (const token of [16, 17]) driver.draft(token);
    driver.commit(2, 3, 10);
    expect(driver.sent(2)).toEqual([{ kind: 'draft', branch: 1, first: 4, tokens: [11, 12, 13, 14] }]);
    driver.commit(2, 4, 11, 12);
    expect(driver.sent(2)).toEqual([{ kind: 'draft', branch: 1, first: 8, tokens: [15, 16] }]);
  });

  it('requests separate verdicts from the second edge, one at a time while it lags', () => {
    const driver = lagging('sd');
    for (const token of [16, 17]) driver.draft(token);
    expect(driver.sent(1).map(({ kind }) => kind)).toEqual(['draft', 'verify']);
    driver.commit(2, 3, 10);
    expect(driver.sent(2)).toEqual([
      { kind: 'draft', branch: 1, first: 4, tokens: [11, 12, 13, 14] },
      { kind: 'verify', length: 4 },
    ]);
    driver.commit(2, 4, 11);
    expect(driver.sent(2)).toEqual([]);
    driver.commit(2, 5, 12, 13, 14);
    expect(driver.sent(2).map(({ kind }) => kind)).toEqual(['draft', 'verify']);
  });

  it('requests the verdict from the remaining edge when the other one is lost', () => {
    const driver = new Driver('sd').connect(1).connect(2, 'b').draft(10).draft(11).lose(1);
    expect(driver.sent(2).map(({ kind }) => kind)).toEqual(['draft', 'verify']);
  });

  it('keeps the text that the reader has where the other edge writes another, and opens that edge again', () => {
    const agreeing = lagging('stream').commit(2, 3, 10, 11, 12);
    expect([agreeing.kinds(), agreeing.state.links.map(({ received }) => received)]).toEqual([[], [9, 6]]);
    const driver = lagging('stream').commit(2, 3, 10, 11, 99);
    expect(driver.effects).toMatchObject([{ kind: 'close-link', link: 2, detail: 'a commit disagrees with the text' }]);
    expect(driver.state.text.slice(3)).toEqual([10, 11, 12, 13, 14, 15]);
    driver.connect(3, 'b');
    expect(driver.sent(3)).toMatchObject([{ kind: 'open', answer: [10, 11, 12, 13, 14, 15] }]);
  });

  it('that is refused leaves the session on the first edge', () => {
    const driver = lagging('stream').refuse(2, 'edge-full');
    expect([driver.state.outcome, driver.state.main, driver.kinds()]).toEqual([null, 1, ['close-link']]);
    driver.commit(1, 9, 16);
    expect(driver.state.text.length).toBe(10);
    driver.refuse(1, 'unauthorized');
    expect(driver.state.outcome).toMatchObject({ kind: 'failed', code: 'unauthorized' });
  });
});

it('a greeting with a tokenizer that differs in one digit fails the turn', () => {
  for (const other of neighbours('ab'.repeat(32))) {
    const driver = new Driver('stream').connect(1);
    driver.receive(1, { ...testHello, tokenizerHash: other });
    expect(driver.state.outcome).toMatchObject({ kind: 'failed', code: 'tokenizer-mismatch' });
  }
});

it('a budget allows no alternatives where the turn asks for none', () => {
  const driver = new Driver('stream').step({ kind: 'draft-budget-set', maxAhead: 2, hedges: 3 });
  expect(driver.state.budget).toEqual({ maxAhead: 2, hedges: 0 });
});

describe('an end', () => {
  const account = { steps: 2, draftRows: 0, acceptedRows: 0, edgeDraftRows: 0, acceptedEdgeDraftRows: 0 };
  const end = (driver: Driver, link: number, length: number): Driver =>
    driver.receive(link, { kind: 'end', reason: 'length', length, account });

  it('before the end of the text is a fault of the only edge, and none of one that lags', () => {
    const only = new Driver('stream').connect(1).commit(1, 3, 10, 11);
    expect(end(only, 1, 4).effects).toMatchObject([
      { kind: 'close-link', code: 'protocol-error', detail: 'the end is at 4, the text at 5' },
      { kind: 'connect', edge: 'a' },
    ]);
    const two = lagging('stream');
    expect(end(two, 2, 3).effects).toEqual([]);
    expect([two.state.outcome, two.state.links.length]).toEqual([null, 2]);
  });

  it('behind the end of the text is a fault of any edge, and at its length ends the turn', () => {
    for (const link of [1, 2]) {
      expect(end(lagging('stream'), link, 10).effects).toMatchObject([{ kind: 'close-link', code: 'protocol-error' }]);
      expect(end(lagging('stream'), link, 9).state.outcome).toMatchObject({ kind: 'ended', reason: 'length' });
    }
  });
});

it('attempts count the attaches to all edges, because two names may be one edge', () => {
  const driver = new Driver('stream').connect(1);
  expect(driver.sent(1)).toMatchObject([{ kind: 'open', attempt: 1 }]);
  driver.commit(1, 3, 10).connect(2, 'b');
  expect(driver.sent(2)).toMatchObject([{ kind: 'open', attempt: 2 }]);
  // The same edge: the second attach took the session over, and is lost before the first one is closed.
  driver.lose(2).refuse(1, 'superseded');
  expect([driver.state.outcome, driver.kinds()]).toEqual([null, ['close-link', 'connect']]);
  driver.connect(3);
  expect(driver.sent(3)).toMatchObject([{ kind: 'resume', attempt: 3 }]);
});

describe('the fingerprints of a text', () => {
  const greet = (driver: Driver, link: number, fingerprint: string): Driver =>
    driver.receive(link, { ...testHello, fingerprint });

  it('are those of the edges that wrote tokens of it, not of those that only greeted or only repeated', () => {
    const driver = new Driver('stream').connect(1).connect(2, 'b');
    greet(greet(driver, 1, 'fa'), 2, 'fb').commit(1, 3, 10, 11);
    driver.commit(2, 3, 10);
    expect(driver.state.fingerprints).toEqual(['fa']);
    driver.commit(2, 4, 11, 12);
    expect(driver.state.fingerprints).toEqual(['fa', 'fb']);
  });

  it('are two when the edge comes back with another one and has lost the session', () => {
    const driver = greet(new Driver('stream').connect(1), 1, 'fa');
    driver.commit(1, 3, 10).lose(1).connect(2);
    greet(driver, 2, 'fb').receive(2, { kind: 'gone' });
    expect(driver.sent(2)).toMatchObject([{ kind: 'open', answer: [10] }]);
    expect(driver.state.fingerprints).toEqual(['fa']);
    driver.commit(2, 4, 11);
    expect(driver.state.fingerprints).toEqual(['fa', 'fb']);
  });
});

describe('a second attach to the same edge', () => {
  it('is repeated when only a refusal of the older one is left', () => {
    const driver = new Driver('stream').connect(1).connect(2).lose(2).refuse(1, 'superseded');
    expect([driver.state.outcome, driver.kinds()]).toEqual([null, ['close-link', 'connect']]);
  });

  it('gives up when the newest attach is refused', () => {
    const driver = new Driver('stream').connect(1).refuse(1, 'superseded');
    expect(driver.state.outcome).toMatchObject({ kind: 'failed', code: 'superseded' });
  });

  it('on one connection keeps the state that its queue is full', () => {
    const driver = new Driver('stream').connect(1).draft(10);
    driver.setWritable(false).receive(1, { kind: 'gone' });
    expect(driver.sent(1).map(({ kind }) => kind)).toEqual(['open']);
    driver.setWritable(true);
    expect(driver.sent(1).map(({ kind }) => kind)).toEqual(['draft']);
  });
});

it('a window larger than maxAhead is complete at maxAhead', () => {
  for (const mode of ['sd', 'psd'] as const) {
    const driver = new Driver(mode, { draftLength: 9, maxAhead: 3 }).connect(1);
    for (const token of [10, 11, 12, 13, 14]) driver.draft(token);
    const sent = driver.state.links[0]?.branches.at(-1);
    expect([mode, sent?.tokens.length]).toEqual([mode, mode === 'sd' ? 3 : 1]);
    expect(driver.state.tail.length).toBe(3);
  }
});
