// An edge that lends places: what each of two cells may use at any time, and whose tickets it takes.

import { expect, it } from 'vitest';
import { loanMs } from '../../allocation/controller/loan.ts';
import { type EdgeKey, edgeKey } from '../../core/protocol/edge/edge-key.ts';
import { createManualClock } from '../../network/transport/manual-clock.contract.ts';
import type { Edge } from '../edge/edge.ts';
import { EdgeLoans } from './edge-loan.ts';
import { TicketBook } from './ticket-book.ts';

const grant = { ticket: 'ticket:north', validMs: 600_000, device: 'phone' };

/** @param lateMs of its timers */
function lending(places = 6, lent = 2, lateMs = 0) {
  const manual = createManualClock();
  const clock = { ...manual, after: (ms: number, act: () => void) => manual.after(ms + lateMs, act) };
  const changes: boolean[] = [];
  const terms = [{ cell: 'north', places: lent }];
  const loans = new EdgeLoans({ terms, places, clock, onChange: (_, isLent) => void changes.push(isLent) });
  const [neighbour] = loans.neighbours;
  if (neighbour === undefined) throw new Error('no neighbour');
  /** Keys of sessions that have places. */
  const placed: (EdgeKey | null)[] = [];
  const sessionsOf: Edge['sessionsOf'] = (isOne) => {
    const count = placed.filter((key) => key !== null && isOne(key)).length;
    return { sessions: count, placed: count, waiting: 0 };
  };
  loans.begin({ sessionsOf });
  const own = loans.beside(edgeKey)('own');
  return { clock, loans, neighbour, placed, own, changes };
}

it('reports to each cell what that one may use, never a place to both', () => {
  const { clock, loans, neighbour, placed, own, changes } = lending();
  neighbour.tickets.grant(grant);
  const shown = neighbour.tickets.find(grant.ticket);
  expect([loans.portion().places, neighbour.portion()]).toEqual([
    4,
    expect.objectContaining({ places: 2, isOpen: true }),
  ]);
  placed.push(shown as EdgeKey, ...Array(4).fill(own));
  clock.moveTo(loanMs + 1);
  // The session of the neighbour still runs: no other session may have its place.
  expect(loans.portion()).toMatchObject({ places: 5, sessions: 4, isOpen: true });
  expect(neighbour.portion()).toMatchObject({ places: 2, sessions: 1, isOpen: false });
  placed.splice(0, 1);
  expect(loans.portion().places).toBe(6);
  expect(changes).toEqual([true, false]);
});

it('lets sessions of its own cell have only the places that are left to them', () => {
  const { clock, loans, neighbour, placed, own } = lending();
  neighbour.tickets.grant(grant);
  const shown = loans.beside(() => null)(grant.ticket) as EdgeKey;
  expect([own?.group?.mostPlaces, shown.group?.mostPlaces]).toEqual([4, 2]);
  placed.push(shown, ...Array(4).fill(own));
  clock.moveTo(loanMs + 1);
  expect([own?.group?.mostPlaces, shown.group?.mostPlaces]).toEqual([5, 0]);
});

it('is always open to the neighbour while the owner has places, though its timers are late', () => {
  const { clock, neighbour, changes } = lending(6, 2, 3);
  for (let nowMs = 0; nowMs < 3 * loanMs; nowMs += 1) {
    clock.moveTo(nowMs);
    if (!neighbour.isOpen) expect.fail(`closed at ${nowMs} ms`);
  }
  expect(changes).toEqual([true]);
});

it('takes tickets of the neighbour within the loan only, but one that was shown as long as its session may return', () => {
  const { clock, neighbour, placed, own } = lending();
  neighbour.tickets.grant(grant);
  neighbour.tickets.grant({ ...grant, ticket: 'ticket:spare' });
  const key = neighbour.tickets.find(grant.ticket);
  expect(key).toMatchObject({ id: 'ticket:north/phone', group: { mostPlaces: 2 } });
  placed.push(...Array(4).fill(own));
  clock.moveTo(loanMs + 1);
  const again = [grant.ticket, 'ticket:spare'].map((ticket) => neighbour.tickets.find(ticket));
  expect([...again, key?.group?.mostPlaces]).toEqual([key, null, 0]);
  clock.moveTo(20 * loanMs);
  expect(neighbour.tickets.find(grant.ticket)).toBeNull();
});

it('keeps devices of the same name in two cells apart', () => {
  const { clock, neighbour } = lending();
  const own = new TicketBook(clock);
  own.grant({ ...grant, ticket: 'ticket:own' });
  neighbour.tickets.grant(grant);
  const keyOf = own.beside(neighbour.tickets.beside(() => null));
  const ids = ['ticket:own', 'ticket:north', 'ticket:none'].map((shown) => keyOf(shown)?.id);
  expect(ids).toEqual(['ticket:phone', 'ticket:north/phone', undefined]);
  own.setShare('phone', 0.25);
  const [one, other] = [keyOf('ticket:own'), keyOf('ticket:north')] as EdgeKey[];
  const renewed = [one, other].map((key) => own.renewed(key?.id ?? '', key as EdgeKey).share);
  expect(renewed).toEqual([0.25, 1]);
  expect(neighbour.tickets.renewed('ticket:phone', one as EdgeKey)).toBe(one);
});
