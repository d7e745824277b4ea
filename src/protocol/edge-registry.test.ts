import { describe, expect, it } from 'vitest';
import { EdgeRegistry, type RegistryEntry } from './edge-registry.ts';
import { testOpening, testRules } from './edge-session.fixture.ts';
import { createEdgeSession, stepEdge } from './edge-session.ts';
import type { EdgeMessage, OpenMessage } from './messages.ts';

/** A registry with this many places; it keeps the messages that were sent on each link. */
class Bed {
  readonly said: [link: number, kind: EdgeMessage['kind'] | 'closed'][] = [];
  readonly forgotten: string[] = [];
  readonly registry: EdgeRegistry<RegistryEntry>;
  #timers: (() => void)[] = [];
  #freePlaces: number;

  constructor(placeCount = 2) {
    this.#freePlaces = placeCount;
    const clock = {
      nowMs: () => 0,
      after: (_ms: number, action: () => void) => {
        this.#timers.push(action);
        return () => {
          this.#timers = this.#timers.filter((timer) => timer !== action);
        };
      },
    };
    const machines = { stepEdge, createEdgeSession };
    const settings = { machines, rules: testRules, keepLostMs: 1000, shareOf: () => 1 };
    this.registry = new EdgeRegistry(settings, clock, {
      placeCount,
      send: (link, { kind }) => this.said.push([link, kind]),
      close: (link) => this.said.push([link, 'closed']),
      enter: (entry) => entry,
      takePlace: () => {
        if (this.#freePlaces === 0) return false;
        this.#freePlaces -= 1;
        return true;
      },
      leavePlace: () => {
        this.#freePlaces += 1;
      },
      stepped: () => {},
      forgotten: ({ id }) => this.forgotten.push(id),
    });
  }

  get timerCount(): number {
    return this.#timers.length;
  }

  open(link: number, session: string, changes: Partial<OpenMessage> = {}): void {
    this.registry.receive(link, testOpening({ session, ...changes }));
  }

  /** The target writes one token. */
  write(session: string): void {
    const entry = this.registry.find(session);
    if (entry === undefined) throw new Error('no such session');
    this.registry.step(entry, { kind: 'step-started', drafts: 0 });
    const { ticket } = entry.state;
    if (ticket === null) throw new Error('no step');
    this.registry.step(entry, { kind: 'step-done', ticket, rows: [{ ids: [9], logits: [1] }] });
  }

  passTime(): void {
    for (const action of this.#timers.splice(0)) action();
  }
}

describe('the registry of an edge', () => {
  it('delivers messages to the session that the connection is attached to, and drops the rest', () => {
    const bed = new Bed();
    bed.open(1, 'a');
    bed.registry.receive(1, { kind: 'draft', branch: 1, first: 3, tokens: [4] });
    bed.registry.receive(2, { kind: 'draft', branch: 1, first: 3, tokens: [4, 5] });
    expect(bed.registry.find('a')?.state.branch?.end).toBe(4);
    expect(bed.registry.isAttached(1)).toBe(true);
    expect(bed.registry.isAttached(2)).toBe(false);
  });

  it('refuses a second attach on a connection, and does not resume an unknown session', () => {
    const bed = new Bed();
    bed.open(1, 'a');
    expect(() => bed.open(1, 'b')).toThrow('a second attach');
    bed.registry.receive(2, { kind: 'resume', version: 1, session: 'b', attempt: 1, length: 3 } as never);
    expect(bed.said).toContainEqual([2, 'gone']);
  });

  it('keeps a lost session for keepLostMs, resumes it, then forgets it', () => {
    const bed = new Bed();
    bed.open(1, 'a');
    bed.registry.linkClosed(1);
    expect(bed.timerCount).toBe(1);
    bed.registry.receive(2, { kind: 'resume', version: 1, session: 'a', attempt: 2, length: 3 } as never);
    expect(bed.timerCount).toBe(0);
    bed.registry.linkClosed(2);
    bed.passTime();
    expect(bed.registry.count).toBe(0);
    expect(bed.forgotten).toEqual(['a']);
  });

  it('reassigns the place of a lost session, never that of a connected one', () => {
    const bed = new Bed(1);
    bed.open(1, 'a');
    expect(() => bed.open(2, 'b')).toThrow('places of this edge are taken');
    bed.registry.linkClosed(1);
    bed.open(2, 'b');
    expect(bed.registry.find('a')).toBeUndefined();
    expect(bed.registry.find('b')?.hasPlace).toBe(true);
  });

  it('frees the place when the text ends, and keeps the session for a device that resumes it', () => {
    const bed = new Bed(1);
    bed.open(1, 'a', { maxAnswerTokens: 1 });
    bed.write('a');
    expect(bed.said.map(([, kind]) => kind)).toEqual(['commit', 'end']);
    bed.open(2, 'b');
    expect(bed.registry.count).toBe(2);
  });

  it('sends nothing to a connection whose queue was full when it attached, until it is writable', () => {
    const bed = new Bed();
    bed.registry.linkWritable(1, false);
    bed.open(1, 'a');
    bed.write('a');
    expect(bed.said).toEqual([]);
    bed.registry.linkWritable(1, true);
    expect(bed.said).toEqual([[1, 'commit']]);
    bed.registry.linkWritable(2, false);
    bed.registry.receive(2, { kind: 'resume', version: 1, session: 'a', attempt: 2, length: 3 } as never);
    expect(bed.said.filter(([link]) => link === 2)).toEqual([]);
  });

  it('forgets a session on bye at once, and all sessions when it is cleared', () => {
    const bed = new Bed();
    bed.open(1, 'a');
    bed.open(2, 'b');
    bed.registry.receive(1, { kind: 'bye' });
    expect(bed.registry.find('a')).toBeUndefined();
    bed.registry.linkClosed(2);
    bed.registry.clear();
    expect([bed.registry.count, bed.timerCount]).toEqual([0, 0]);
  });

  it.each([
    ['too long a prompt', { prompt: Array.from({ length: 200 }, () => 1) }],
    ['too long a text', { answer: Array.from({ length: 198 }, () => 1) }],
    ['an unknown id', { prompt: [1000] }],
  ])('refuses %s', (_name, changes) => {
    const bed = new Bed();
    expect(() => bed.open(1, 'a', changes)).toThrow();
    expect(bed.registry.count).toBe(0);
  });
});
