import { describe, expect, it } from 'vitest';
import { TokenText } from '../../core/decoding/token-text.ts';
import { createToyModel } from '../../models/port/toy.ts';
import { createManualClock } from '../../network/transport/manual-clock.contract.ts';
import { EdgeFaults } from './edge-faults.ts';
import { EdgeJournal } from './edge-journal.ts';
import { noMeter } from './edge-meter.ts';
import { EdgeSessions, type SessionEntry } from './edge-sessions.ts';

function bed() {
  const clock = createManualClock();
  const model = createToyModel({ seed: 1, role: 'target' });
  const sources = {
    lookUpTokens: 4,
    drafters: null,
    faults: new EdgeFaults(() => {}),
    journal: new EdgeJournal(() => {}, clock),
    meter: noMeter,
    stallAfterMs: 1000,
  };
  return new EdgeSessions(model, clock, sources);
}

/** A session whose text repeats itself. */
function session(length: number): SessionEntry {
  const ids = Array.from({ length }, (_, index) => 100 + (index % 50));
  const state = { text: TokenText.of(ids), open: { prompt: ids } };
  return { state, kv: null, lookUp: null, drafter: null, grammar: null } as unknown as SessionEntry;
}

describe('look-up on the edge', () => {
  it('reads a long text in parts, over all sessions of a round', () => {
    const sessions = bed();
    const [long, other, short] = [session(5000), session(5000), session(60)];
    const reads: number[][] = [];
    for (let round = 0; round < 6; round += 1) {
      sessions.roundBegins();
      sessions.readAhead(long);
      const drafts = sessions.lookUp(other);
      reads.push([long, other].map(({ lookUp }) => lookUp?.length ?? 0));
      expect(drafts?.tokens).toEqual([]);
      expect(sessions.lookUp(short)?.tokens.length).toBe(4);
    }
    expect(reads).toEqual([
      [1024, 64],
      [2048, 128],
      [3072, 192],
      [4096, 256],
      [5000, 376],
      [5000, 1400],
    ]);
  });

  it('keeps no index of a session that has left its place', () => {
    const sessions = bed();
    const entry = session(100);
    sessions.lookUp(entry);
    expect(entry.lookUp).not.toBeNull();
    sessions.leavePlace(entry);
    expect(entry.lookUp).toBeNull();
  });
});
