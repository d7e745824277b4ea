// The tickets that an edge holds: which ones it takes, for how long, and which it forgets first.

import { expect, it } from 'vitest';
import { anyone, edgeKey } from '../../core/protocol/edge/edge-key.ts';
import { createManualClock } from '../../network/transport/manual-clock.contract.ts';
import { drawTicket, TicketBook, ticketPrefix } from './ticket-book.ts';

function bookOf() {
  const clock = createManualClock();
  const book = new TicketBook(clock);
  const grant = (ticket: string, device = 'phone', validMs = 60_000): void => book.grant({ ticket, validMs, device });
  const taken = (...tickets: string[]): boolean[] => tickets.map((ticket) => book.find(ticket) !== null);
  return { clock, book, grant, taken };
}

it('keeps the six tickets of a device that came or were shown last', () => {
  const { book, grant, taken } = bookOf();
  for (const ticket of ['1', '2', '3', '4', '5', '6']) grant(ticket);
  // A ticket in use is not the oldest.
  expect(taken('1')).toEqual([true]);
  grant('7');
  expect(taken('1', '2', '7')).toEqual([true, false, true]);
  // One that is granted again is new.
  grant('3');
  grant('8');
  expect([taken('3', '4', '8'), book.size]).toEqual([[true, false, true], 6]);
});

it('takes a ticket before its time, and for ten minutes after each use', () => {
  const { clock, grant, taken } = bookOf();
  grant('unused');
  grant('used');
  clock.moveTo(59_999);
  expect(taken('used')).toEqual([true]);
  clock.moveTo(60_000);
  expect(taken('unused')).toEqual([false]);
  clock.moveTo(659_998);
  expect(taken('used')).toEqual([true]);
  clock.moveTo(659_998 + 599_999);
  expect(taken('used')).toEqual([true]);
  clock.moveTo(659_998 + 599_999 + 600_000);
  expect(taken('used')).toEqual([false]);
});

it('forgets devices whose tickets are all over, the one that was granted longest ago first, and none in use', () => {
  const { clock, book, grant, taken } = bookOf();
  grant('1', 'a', 1000);
  grant('2', 'b', 1000);
  grant('3', 'c', 5000);
  expect(taken('2')).toEqual([true]);
  clock.moveTo(1000);
  grant('4', 'd', 1000);
  expect([book.size, book.keyIdOf('a'), taken('2', '3', '4')]).toEqual([3, undefined, [true, true, true]]);
  // A device that is granted another is not the oldest any more.
  for (let index = 0; index < 19_997; index += 1) grant(`t${index}`, `device ${index}`);
  grant('5', 'b');
  grant('6', 'new');
  expect([taken('2', '3', '5'), book.keyIdOf('b')]).toEqual([[true, false, true], `${ticketPrefix}b`]);
});

it('gives the tickets of a device one key, whose share changes, and leaves other keys as they are', () => {
  const { book, grant } = bookOf();
  const [one, other] = [drawTicket(), drawTicket()];
  grant(one);
  grant(other);
  const before = book.find(one);
  expect(before).toMatchObject({ id: `${ticketPrefix}phone`, name: 'device phone', share: 1, maxSessions: 2 });
  expect(book.find(other)).toBe(before);
  for (const [share, found] of [
    [0.25, 0.25],
    [0, 0.001],
    [1e6, 1000],
  ] as const) {
    book.setShare('phone', share);
    expect([book.find(one)?.share, book.renewed(`${ticketPrefix}phone`, anyone).share]).toEqual([found, found]);
  }
  const ada = edgeKey('ada');
  expect([book.renewed('ada', ada), book.renewed(`${ticketPrefix}gone`, ada)]).toEqual([ada, ada]);
  const keyOf = book.beside((shown) => (shown === 'secret' ? ada : null));
  expect([keyOf(one)?.id, keyOf('secret'), keyOf(drawTicket())]).toEqual([`${ticketPrefix}phone`, ada, null]);
  expect(book.beside(undefined)(drawTicket())).toBe(anyone);
});
