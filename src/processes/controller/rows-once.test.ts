// Rows of a quota between edges and a controller whose connections die at any frame: each row counts once at each edge.

import { describe, expect, it } from 'vitest';
import { bed } from '../../allocation/controller/controller.fixture.ts';
import { decodeMember } from '../../allocation/controller/message-codec.ts';
import { edgeKey } from '../../core/protocol/edge/edge-key.ts';
import { RowQuotas } from '../../core/protocol/edge/row-quotas.ts';
import { linearStepTime } from '../../core/scheduling/step-time.ts';
import { createManualClock } from '../../network/transport/manual-clock.contract.ts';
import type { Connection } from '../../network/transport/transport.ts';
import { quotasOf } from '../edge/edge-quotas.ts';
import { joinAsEdge } from './edge-agent.ts';
import { TicketBook } from './ticket-book.ts';

const rowsPerMinute = 1e6;
const ada = edgeKey('ada', { rowsPerMinute });

/** What an older side does not know: it neither sends nor reads it. */
const newer = ['confirmsRows', 'rows-counted', 'rowsId', 'rowsHeard'];

/**
 * What is left of the quota at each edge after a minute, and what was used.
 * @param death chance that a connection dies before a frame @param older edges of which one side is of an older version
 */
function leftAfter(seed: number, death: number, older = ''): { readonly left: number[]; readonly used: number } {
  let state = seed;
  const random = (): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const clock = createManualClock();
  const { controller, sent, slot, at } = bed();
  let links = 0;
  let isFair = false;
  const ways = new Map<number, (message: object) => void>();
  const books = ['a', 'b', 'c'].map((id) => {
    // Nothing comes back meanwhile.
    const book = new RowQuotas();
    const quotas = quotasOf(book, { nowMs: () => 0, after: () => () => {} });
    joinAsEdge({
      id,
      clock,
      tickets: new TicketBook(clock),
      uniform: () => 0.5,
      reach(accept) {
        clock.after(1, () => {
          links += 1;
          const link = links;
          let isDead = false;
          const end = (): void => {
            if (!ways.delete(link)) return;
            controller.closed(link, 'edge-unreachable');
            handler.closed({ by: 'peer', code: 'edge-unreachable', detail: '' });
          };
          /** A dead connection takes what is sent, and is noticed later. */
          const carry = (frame: () => void): void => {
            if (!isDead && !isFair && random() < death) {
              isDead = true;
              clock.after(2000 * random(), end);
            }
            if (!isDead) frame();
          };
          const encode = (message: object): Uint8Array => {
            const known = Object.entries(message).filter(([field]) => !(older.includes(id) && newer.includes(field)));
            return new TextEncoder().encode(JSON.stringify(Object.fromEntries(known)));
          };
          const send = (bytes: Uint8Array): void =>
            carry(() => {
              const message = decodeMember(encode(JSON.parse(new TextDecoder().decode(bytes))));
              controller.received(link, message, clock.nowMs());
            });
          const handler = accept({ send, close: () => clock.after(1, end) } as unknown as Connection);
          ways.set(link, (message) => {
            const isKnown = !(older.includes(id) && 'kind' in message && newer.includes(`${message.kind}`));
            if (isKnown) carry(() => handler.frame(encode(message)));
          });
        });
        return () => {};
      },
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
        quotas,
        renewKeys: () => {},
        setShares: () => ({ unknown: [] }) as never,
        status: { busyMs: 0, sessions: 5, waiting: 1, state: 'serving' },
      },
    });
    return book;
  });
  let told = 0;
  let used = 0;
  for (let nowMs = 0; nowMs < 90_000; nowMs += 100) {
    at(nowMs);
    clock.moveTo(nowMs);
    isFair = nowMs > 60_000;
    if (nowMs % 1000 === 0) slot();
    for (; told < sent.length; told += 1) {
      const { link, message } = sent[told] as (typeof sent)[number];
      ways.get(link)?.(message);
    }
    if (isFair || nowMs < 5000) continue;
    const rows = Math.floor(random() * 9);
    books[Math.floor(random() * books.length)]?.spend(ada, rows, 0);
    used += rows;
  }
  return { left: books.map((book) => book.kept(0)[0]?.quota?.leftRows ?? 0), used };
}

const seeds = Array.from({ length: 20 }, (_, index) => index + 1);

describe('each row of a quota counts once at every edge', () => {
  it.each(seeds)('where connections die before any frame, seed %i', (seed) => {
    const { left, used } = leftAfter(seed, 0.05);
    expect(used).toBeGreaterThan(1000);
    expect(left).toEqual([rowsPerMinute - used, rowsPerMinute - used, rowsPerMinute - used]);
  });

  it.each([
    ['the controller', 'abc'],
    ['an edge', 'a'],
  ])('where %s is of a version that confirms nothing, while connections hold', (_, older) => {
    const { left, used } = leftAfter(7, 0, older);
    expect(left).toEqual([rowsPerMinute - used, rowsPerMinute - used, rowsPerMinute - used]);
  });
});
