// When a device of mode psd sends its windows: PEARL's first window, and several windows in flight. Rule 24 of docs/internals/protocol.md.

import { describe, expect, it } from 'vitest';
import { DeviceBed } from './device/device-session.fixture.ts';
import type { DeviceEvent, TurnRequest } from './device/device-state.ts';

const start = 1;

/** A device of mode psd whose edge is connected. `windows` has the lengths of the draft frames, each of which goes with a `verify`. */
class Device extends DeviceBed {
  readonly windows: number[] = [];

  constructor(changes: Partial<TurnRequest> = {}) {
    super({ mode: 'psd', maxAhead: 64, draftLength: 3, prompt: [9], ...changes });
    this.connect(1);
  }

  override step(event: DeviceEvent): this {
    super.step(event);
    const drafts = this.sent().flatMap((message) => (message.kind === 'draft' ? [message.tokens.length] : []));
    if (drafts.length > 0) expect(this.sent().map(({ kind }) => kind)).toContain('verify');
    this.windows.push(...drafts);
    return this;
  }

  /** Drafts as far as the mode allows: token p at position p. */
  draftAll(): void {
    for (let most = 99; most > 0 && this.state.drafting !== null; most -= 1) this.draft(this.state.drafting.position);
  }

  /** The edge accepts the drafts up to this position; a commit holds no other token. */
  accept(first: number, count: number): void {
    this.receive(1, { kind: 'commit', first, branch: 1, accepted: count, tokens: [] });
  }
}

describe('the windows of psd', () => {
  it('begin with one draft at once, and the first window includes it', () => {
    const psd = new Device();
    psd.draftAll();
    // The window waits for the verdict on the first draft, and no further one is drafted.
    expect(psd.windows).toEqual([1]);
    expect(psd.state.tail.length).toBe(3);
    psd.accept(start, 1);
    expect(psd.windows).toEqual([1, 2]);
    psd.draftAll();
    psd.accept(start + 1, 2);
    expect(psd.windows).toEqual([1, 2, 3]);
  });

  it('begin anew after a rejection', () => {
    const psd = new Device();
    psd.draftAll();
    psd.commit(1, start, 1000);
    psd.draftAll();
    psd.accept(start + 1, 0);
    expect(psd.windows).toEqual([1, 1]);
    expect(psd.state.tail.length).toBe(3);
  });

  it('of one token are never empty', () => {
    const psd = new Device({ draftLength: 1 });
    psd.draftAll();
    psd.accept(start, 1);
    psd.draftAll();
    expect(psd.windows).toEqual([1, 1]);
  });

  it('are sent when complete as long as fewer than the allowed number wait for their verdicts', () => {
    const psd = new Device({ windowsInFlight: 3 });
    psd.draftAll();
    expect(psd.windows).toEqual([1, 2, 3]);
    // One more window is drafted and kept.
    expect(psd.state.tail.length).toBe(9);
    psd.accept(start, 1);
    expect(psd.windows).toEqual([1, 2, 3, 3]);
  });
});
