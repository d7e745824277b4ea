// When a device of mode psd sends its windows: PEARL's first window, and several windows in flight. Rule 24 of docs/internals/protocol.md.

import { describe, expect, it } from 'vitest';
import { neutralSampling } from '../decoding/sampling.ts';
import { stepDevice } from './device/device-session.ts';
import { createDeviceState, type DeviceEvent, type TurnRequest } from './device/device-state.ts';

const start = 1;

/** A device of mode psd whose edge is connected. `draft` gives the lengths of the draft frames, each of which goes with a `verify`. */
function device(changes: Partial<TurnRequest>) {
  let state = createDeviceState({
    session: '00'.repeat(16),
    conversation: '00'.repeat(16),
    credentials: '',
    padding: 0,
    tokenizerHash: 'ab'.repeat(32),
    mode: 'psd',
    sampling: neutralSampling,
    stopStrings: [],
    maxAnswerTokens: 100,
    flowControlWindow: 256,
    maxAhead: 64,
    draftLength: 3,
    prompt: [9],
    endIds: new Set(),
    minChainConfidence: 0,
    ...changes,
  });
  const windows: number[] = [];
  const step = (event: DeviceEvent): void => {
    const { state: next, effects } = stepDevice(state, event);
    state = next;
    const sent = effects.flatMap((effect) => (effect.kind === 'send' ? [effect.message] : []));
    const drafts = sent.flatMap((message) => (message.kind === 'draft' ? [message.tokens.length] : []));
    if (drafts.length > 0) expect(sent.map(({ kind }) => kind)).toContain('verify');
    windows.push(...drafts);
  };
  step({ kind: 'link-opened', link: 1, edge: 'a' });
  return {
    windows,
    /** Drafts as far as the mode allows, at most `count` tokens: token p at position p. */
    draft(count: number): void {
      for (let made = 0; made < count && state.drafting !== null; made += 1) {
        const { position } = state.drafting;
        step({ kind: 'draft-produced', ...state.drafting, token: position, confidence: 0.9 });
      }
    },
    /** The edge accepts the drafts up to this position; a commit holds no other token. */
    accept(first: number, count: number): void {
      const message = { kind: 'commit', first, branch: 1, accepted: count, tokens: [] } as const;
      step({ kind: 'message-received', link: 1, message });
    },
    reject(first: number): void {
      const message = { kind: 'commit', first, branch: 0, accepted: 0, tokens: [1000] } as const;
      step({ kind: 'message-received', link: 1, message });
    },
    get tailLength(): number {
      return state.tail.length;
    },
  };
}

describe('the windows of psd', () => {
  it('begin with one draft at once, and the first window includes it', () => {
    const psd = device({});
    psd.draft(99);
    // The window waits for the verdict on the first draft, and no further one is drafted.
    expect(psd.windows).toEqual([1]);
    expect(psd.tailLength).toBe(3);
    psd.accept(start, 1);
    expect(psd.windows).toEqual([1, 2]);
    psd.draft(99);
    psd.accept(start + 1, 2);
    expect(psd.windows).toEqual([1, 2, 3]);
  });

  it('begin anew after a rejection', () => {
    const psd = device({});
    psd.draft(99);
    psd.reject(start);
    psd.draft(99);
    psd.accept(start + 1, 0);
    expect(psd.windows).toEqual([1, 1]);
    expect(psd.tailLength).toBe(3);
  });

  it('of one token are never empty', () => {
    const psd = device({ draftLength: 1 });
    psd.draft(99);
    psd.accept(start, 1);
    psd.draft(99);
    expect(psd.windows).toEqual([1, 1]);
  });

  it('are sent when complete as long as fewer than the allowed number wait for their verdicts', () => {
    const psd = device({ windowsInFlight: 3 });
    psd.draft(99);
    expect(psd.windows).toEqual([1, 2, 3]);
    // One more window is drafted and kept.
    expect(psd.tailLength).toBe(9);
    psd.accept(start, 1);
    expect(psd.windows).toEqual([1, 2, 3, 3]);
  });
});
