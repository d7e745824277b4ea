// What a device reports to its controller of the answer that it reads.

import { expect, it } from 'vitest';
import { controlVersion } from '../../allocation/controller/messages.ts';
import { createManualClock } from '../../network/transport/manual-clock.contract.ts';
import type { Connection } from '../../network/transport/transport.ts';
import { type FollowedTurn, joinAsDevice } from './device-agent.ts';

const welcome = { kind: 'welcome', version: controlVersion, cell: 'default', epoch: 5, slotMs: 1000 };
const turnOf = (session: string): FollowedTurn => {
  const status = { session, edge: null, promptTokens: 5, writtenTokens: 0, maxAnswerTokens: 60, isOver: false };
  return { status: { ...status, draftMs: null, acceptance: null, fingerprint: null }, moveTo: () => {} } as never;
};

it('reports the time per token from one report to the next, without that of the prompt, of each answer for itself', () => {
  const clock = createManualClock();
  const felt: (number | null)[] = [];
  const agent = joinAsDevice({
    reach(accept) {
      const send = (bytes: Uint8Array): void => {
        const message = JSON.parse(new TextDecoder().decode(bytes));
        if (message.kind === 'device-report') felt.push(message.feltMsPerToken);
      };
      clock.after(1, () =>
        accept({ send, close: () => {} } as unknown as Connection).frame(
          new TextEncoder().encode(JSON.stringify(welcome)),
        ),
      );
      return () => {};
    },
    id: 'phone',
    clock,
    tokenizerHash: 'ab'.repeat(32),
    connectEdge: () => () => Promise.reject(new Error('not connected to')),
  });
  clock.moveTo(10);
  const feltOf = (session: string, ...lengths: readonly number[]): readonly (number | null)[] => {
    const turn = turnOf(session.repeat(32));
    felt.length = 0;
    agent.begin(turn);
    for (const writtenTokens of lengths) {
      Object.assign(turn.status, { writtenTokens });
      clock.moveTo(clock.nowMs() + 500);
    }
    return felt;
  };
  // Half a second for two tokens, and a second for five.
  expect(feltOf('1', 0, 1, 3, 3, 8)).toEqual([null, null, null, 250, null, 200]);
  expect(feltOf('2', 2, 12)).toEqual([null, null, 50]);
  agent.close();
});
