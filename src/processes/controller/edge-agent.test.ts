// What an edge reports to its controller, and what it takes from it.

import { expect, it } from 'vitest';
import { controlVersion } from '../../allocation/controller/messages.ts';
import { linearStepTime } from '../../core/scheduling/step-time.ts';
import { createManualClock } from '../../network/transport/manual-clock.contract.ts';
import type { Connection, ConnectionHandler } from '../../network/transport/transport.ts';
import type { SessionShares } from '../edge/edge-shares.ts';
import { joinAsEdge } from './edge-agent.ts';
import { TicketBook } from './ticket-book.ts';

const origin = { cell: 'default', epoch: 5 };
const session = '0123456789abcdef0123456789abcdef';

function member() {
  const clock = createManualClock();
  const sent: string[] = [];
  const set: SessionShares[] = [];
  const status = { busyMs: 0, sessions: 5, waiting: 1, state: 'serving' as const };
  const tickets = new TicketBook(clock);
  let handler: ConnectionHandler | undefined;
  const say = (message: object): void => handler?.frame(new TextEncoder().encode(JSON.stringify(message)));
  joinAsEdge({
    reach(accept) {
      const send = (bytes: Uint8Array): void => void sent.push(new TextDecoder().decode(bytes));
      clock.after(1, () => {
        handler = accept({ send, close: () => {} } as unknown as Connection);
        say({ kind: 'welcome', version: controlVersion, ...origin, slotMs: 1000 });
      });
      return () => {};
    },
    id: 'near',
    clock,
    tickets,
    facts: {
      address: 'ws://a',
      certificate: null,
      model: 'toy',
      fingerprint: 'toy',
      tokenizerHash: 'ab'.repeat(32),
      places: 8,
      contextLength: 64,
      bitsPerSecond: 8e9,
      place: null,
    },
    edge: {
      stepTime: linearStepTime(4, 1),
      setShares(shares) {
        set.push(...shares);
        return { unknown: [] } as never;
      },
      renewKeys: () => {},
      status,
      quotas: {
        parcel: () => ({ id: 'first', rowsUsed: [{ key: 'ada', rows: 1, rowsPerMinute: 60 }] }),
        confirmed: () => {},
        usedElsewhere: () => {},
      },
    },
  });
  clock.moveTo(10);
  say({
    kind: 'shares',
    ...origin,
    slot: 1,
    sessions: [{ session, device: 'phone', computeShare: 0.5, bandwidthShare: 0.25 }],
    tickets: [{ ticket: 'ticket:1', validMs: 60_000, device: 'phone' }],
  });
  const reports = (): readonly Record<string, unknown>[] =>
    sent.filter((one) => one.includes('edge-report')).map((one) => JSON.parse(one));
  /** @returns its share of the half second until the next report */
  const busy = (ms: number): unknown => {
    status.busyMs += ms;
    clock.moveTo(clock.nowMs() + 500);
    return reports().at(-1)?.['busyShare'];
  };
  return { report: reports()[0] ?? {}, set, share: tickets.find('ticket:1')?.share, busy };
}

it('reports all of an edge, and gives the shares that it is sent', () => {
  const { report, set, share, busy } = member();
  expect(report).toMatchObject({ places: 8, sessions: 5, waiting: 1, bitsPerSecond: 8e9, isDraining: false });
  expect(report['rowsUsed']).toHaveLength(1);
  // Each time is counted from the report before.
  busy(0);
  expect([busy(250), busy(400), busy(0), busy(900)]).toEqual([0.5, 0.8, 0, 1]);
  expect([set, share]).toEqual([[expect.objectContaining({ session, downlink: 0.25 })], 0.5]);
});
