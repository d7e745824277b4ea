// Kept streams against a plain list of all their events, with any limits and in any order of what is done.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type KeptLimits, type KeptStream, KeptStreams, overheadBytes, type StreamOwner } from './kept-streams.ts';

const ownLimits = { streamBytes: 1000, ownerBytes: 3000, ownerStreams: 4 };
const limits: KeptLimits = { ...ownLimits, bytes: 6000, streams: 6, keptMs: 100 };
const none = new Uint8Array();
const bytesOf = (length: number, mark: number): Uint8Array => new Uint8Array(length).fill(mark);

/** With one stream. */
function begun(given: KeptLimits = limits): readonly [KeptStreams, KeptStream] {
  const streams = new KeptStreams(given);
  return [streams, streams.begin(['a'], 'x', 0, none) as KeptStream];
}

/** All that a reader gets from a byte on; null: it is lost. */
function rest(stream: KeptStream, from: number): readonly number[] | null {
  const place = stream.placeOf(from);
  if (typeof place === 'string') return null;
  const found: number[] = [];
  for (let { sequence } = place; ; sequence += 1) {
    const event = stream.event(sequence);
    if (event === undefined || event === 'lost') return found;
    found.push(...event.subarray(sequence === place.sequence ? place.skip : 0));
  }
}

describe('one stream', () => {
  it('gives from each byte on what follows it, or that it is lost', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(30), { minLength: 1, maxLength: 10 }), (lengths) => {
        const [streams, stream] = begun();
        const all: number[] = [];
        for (const [mark, length] of lengths.entries()) {
          streams.append(stream, bytesOf(length, mark));
          all.push(...bytesOf(length, mark));
        }
        expect(stream.totalBytes).toBe(all.length);
        let isKept = false;
        for (let from = 0; from <= all.length; from += 1) {
          const found = rest(stream, from);
          // What is lost is at the beginning.
          if (found === null) expect(isKept).toBe(false);
          else expect(found).toEqual(all.slice(from));
          isKept ||= found !== null;
        }
        expect(isKept).toBe(true);
        expect(stream.placeOf(all.length + 1)).toBe('beyond');
      }),
    );
  });

  it('counts its events from 0, whatever was given up', () => {
    const [streams, stream] = begun({ ...limits, streamBytes: 4 * overheadBytes + 30 });
    for (let mark = 0; mark < 10; mark += 1) streams.append(stream, bytesOf(10, mark));
    expect(stream.nextSequence).toBe(10);
    expect(stream.placeAfter(10)).toBe('beyond');
    expect(stream.placeAfter(9)).toEqual({ sequence: 10, skip: 0 });
    expect(stream.placeAfter(8)).toEqual({ sequence: 9, skip: 0 });
    expect(stream.event(9)).toEqual(bytesOf(10, 9));
    expect(stream.placeAfter(6)).toEqual({ sequence: 7, skip: 0 });
    expect(stream.placeAfter(5)).toBe('lost');
    expect(stream.placeAfter(-1)).toBe('lost');
    expect(stream.event(6)).toBe('lost');
  });

  it('takes nothing after its end', () => {
    const [streams, stream] = begun();
    stream.endedMs = 5;
    streams.append(stream, bytesOf(3, 1));
    expect(stream.totalBytes).toBe(0);
  });
});

type Act = { readonly owner: string; readonly id: string } & (
  | { readonly kind: 'append'; readonly length: number }
  | { readonly kind: 'begin' | 'end' | 'enter' | 'leave' | 'remove' }
  | { readonly kind: 'wait'; readonly ms: number }
);

const place = { owner: fc.constantFrom('a', 'b', 'c'), id: fc.constantFrom('1', '2', '3', '4', '5') };
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ ...place, kind: fc.constantFrom('begin' as const, 'end', 'enter', 'leave', 'remove') }),
  fc.record({ ...place, kind: fc.constant('append' as const), length: fc.nat(900) }),
  fc.record({ ...place, kind: fc.constant('wait' as const), ms: fc.nat(80) }),
);

function apply(streams: KeptStreams, one: Act, nowMs: number): void {
  const stream = streams.find([one.owner], one.id);
  if (one.kind === 'begin' && stream === undefined) streams.begin([one.owner], one.id, nowMs, none);
  if (stream === undefined) return;
  if (one.kind === 'append') streams.append(stream, bytesOf(one.length, 1));
  if (one.kind === 'remove') streams.remove(stream);
  if (one.kind === 'end') stream.endedMs ??= nowMs;
  if (one.kind === 'enter') stream.readers += 1;
  if (one.kind !== 'leave' || stream.readers === 0) return;
  stream.readers -= 1;
  stream.leftMs = nowMs;
}

describe('the streams of all owners', () => {
  it('stay within their bounds, and give up none that runs', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 80 }), (acts) => {
        const streams = new KeptStreams(limits);
        const running = new Set<KeptStream>();
        let nowMs = 0;
        for (const one of acts) {
          if (one.kind === 'wait') nowMs += one.ms;
          for (const stream of streams.expire(nowMs)) {
            expect(nowMs - stream.leftMs).toBeGreaterThanOrEqual(limits.keptMs);
            running.delete(stream);
          }
          if (one.kind === 'remove') running.delete(streams.find([one.owner], one.id) as KeptStream);
          apply(streams, one, nowMs);
          const all = ['a', 'b', 'c'].map((owner) => streams.of([owner]));
          for (const stream of all.flat()) {
            if (stream.endedMs === null) running.add(stream);
            else running.delete(stream);
          }
          expect(streams.bytes).toBe(all.flat().reduce((sum, { cost }) => sum + cost, 0));
          expect(streams.count).toBe(all.flat().length);
          expect(streams.count).toBeLessThanOrEqual(limits.streams);
          for (const own of all) {
            expect(own.length).toBeLessThanOrEqual(limits.ownerStreams);
            // A single event of each stays.
            const isShort = own.every(({ isLong }) => !isLong);
            const cost = own.reduce((sum, stream) => sum + stream.cost, 0);
            if (!isShort) expect(cost).toBeLessThanOrEqual(limits.ownerBytes);
          }
          for (const stream of running) expect(streams.find(stream.owner, stream.id)).toBe(stream);
        }
        // Nothing is left without readers.
        for (const stream of ['a', 'b', 'c'].flatMap((owner) => streams.of([owner]))) stream.readers = 0;
        streams.expire(nowMs + limits.keptMs);
        expect([streams.count, streams.bytes]).toEqual([0, 0]);
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ['one that runs, from when its last reader has left', null, 40, 140],
    ['one that has ended, from its end, whoever left before', 60, 0, 160],
    ['one that has ended, from its end, whoever left after', 60, 90, 160],
  ])('keep %s', (_what, endedMs, leftMs, untilMs) => {
    const [streams, stream] = begun();
    Object.assign(stream, { endedMs, leftMs });
    expect([streams.expire(untilMs - 1), streams.count]).toEqual([[], 1]);
    expect([streams.expire(untilMs), streams.count]).toEqual([endedMs === null ? [stream] : [], 0]);
  });

  it('keep what is read, and what ended last, where one has to go', () => {
    const streams = new KeptStreams(limits);
    const begin = (id: string, endedMs: number | null, readers = 0): KeptStream => {
      const stream = streams.begin(['a'], id, 0, none) as KeptStream;
      return Object.assign(stream, { endedMs, readers });
    };
    begin('running', null);
    begin('read', 1, 1);
    begin('late', 3);
    begin('early', 2);
    begin('new', null);
    expect(streams.of(['a']).map(({ id }) => id)).toEqual(['running', 'read', 'late', 'new']);
    begin('next', null);
    begin('last', null);
    expect(streams.of(['a']).map(({ id }) => id)).toEqual(['running', 'new', 'next', 'last']);
    expect(streams.begin(['a'], 'more', 0, none)).toBeNull();
    expect(streams.begin(['b'], 'other', 0, none)).not.toBeNull();
  });

  it("take from the owner with the most, and nothing of another's", () => {
    const streams = new KeptStreams({ ...limits, streamBytes: 9000, ownerBytes: 9000 });
    const [small, large] = ['small', 'large'].map((owner) => streams.begin([owner], 'x', 0, none) as KeptStream);
    for (let mark = 0; mark < 5; mark += 1) streams.append(small as KeptStream, bytesOf(100, mark));
    for (let mark = 0; mark < 50; mark += 1) streams.append(large as KeptStream, bytesOf(100, mark));
    expect(rest(small as KeptStream, 0)).toHaveLength(500);
    expect(rest(large as KeptStream, 0)).toBeNull();
    expect(streams.bytes).toBeLessThanOrEqual(limits.bytes);
  });

  it('are given up by whoever has the most, of one account as of all', () => {
    const streams = new KeptStreams(limits);
    const begin = (owner: StreamOwner, id: string, endedMs: number): void => {
      Object.assign(streams.begin(owner, id, 0, none) as KeptStream, { endedMs });
    };
    const idsOf = (owner: StreamOwner): readonly string[] => streams.of(owner).map(({ id }) => id);
    const [small, large] = [['a', 'x', ''] as const, ['a', 'y', ''] as const];
    begin(small, 'kept', 0);
    for (let count = 1; count < 9; count += 1) begin(['a', 'y', `${count}`], 'made up', count);
    for (let count = 1; count < 9; count += 1) begin(large, `${count}`, 100 + count);
    expect(idsOf(small)).toEqual(['kept']);
    expect(idsOf(large)).toEqual(['7', '8']);
    begin(['b'], 'other', 0);
    begin(['c'], 'one', 0);
    begin(['d'], 'more', 0);
    expect([idsOf(['b']), idsOf(['c']), idsOf(['d']), idsOf(small)]).toEqual([['other'], ['one'], ['more'], ['kept']]);
  });

  it('of one account are read by their owner alone', () => {
    const streams = new KeptStreams(limits);
    const stream = streams.begin(['a', 'x'], 'id', 0, none);
    expect(streams.find(['a', 'x'], 'id')).toBe(stream);
    for (const owner of [['a'], ['a', 'y'], ['a', 'x', ''], ['x']] as const)
      expect([streams.find(owner, 'id'), streams.of(owner)]).toEqual([undefined, []]);
  });
});
