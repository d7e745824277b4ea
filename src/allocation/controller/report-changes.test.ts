import { describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../core/basics/philox.ts';
import { bed, deviceReport, edgeReport, reading } from './controller.fixture.ts';
import { decodeMember, encodeControl } from './message-codec.ts';
import type { DeviceChanges, DeviceReport, LinkReport, SessionReport } from './messages.ts';
import { changesOf, settled, withChanges } from './report-changes.ts';

const pick = <Value>(random: Random, ...values: readonly Value[]): Value =>
  values[Math.floor(random.uniform() * values.length)] as Value;

function drawn(random: Random): DeviceReport {
  const link = (edge: string): LinkReport => ({ edge, roundTripMs: pick(random, 10, 10.1, 30), bitsPerSecond: null });
  const session = (): SessionReport => ({
    session: pick(random, '1', '2').repeat(32),
    edge: pick(random, 'a', null),
    promptTokens: 5,
    writtenTokens: pick(random, 0, 3, 9),
    answerTokens: 64,
  });
  return deviceReport({
    links: ['a', 'b', 'c', '__proto__'].filter(() => random.uniform() < 0.7).map(link),
    draftMs: pick(random, null, 10, 10.1, 12),
    acceptance: pick(random, null, 0.8, 0.805, 0.9),
    battery: pick(random, 1, 0.995, 0.5),
    session: pick(random, null, session(), session()),
    feltMsPerToken: pick(random, null, 51.23456),
    uplinkUse: pick(random, null, 0.5, 0.505),
    fingerprint: pick(random, null, 'f'),
    place: pick(random, null, { xM: 1, yM: 2 }, { xM: 2, yM: 2 }, { xM: 9, yM: 2 }),
  });
}

const read = (changes: object, seq: number): DeviceChanges =>
  decodeMember(encodeControl({ ...changes, seq } as DeviceChanges)) as DeviceChanges;

describe('the changes of a report', () => {
  it('lead from each report to the next as it is sent, over any series', () => {
    const random = createRandom(7, 1);
    let sent = settled(null, drawn(random));
    let known: DeviceReport = { ...sent, seq: 1 };
    for (let seq = 2; seq < 500; seq += 1) {
      const next = settled(sent, drawn(random));
      known = withChanges(known, read(changesOf(sent, next), seq));
      const byEdge = (report: Pick<DeviceReport, 'links'>) => new Map(report.links.map((link) => [link.edge, link]));
      expect({ ...known, links: byEdge(known) }).toEqual({ ...next, seq, links: byEdge(next) });
      sent = next;
    }
  });

  it('are a few bytes while an answer is read', () => {
    const reading = (writtenTokens: number): DeviceReport => deviceReport({ session: { ...answer, writtenTokens } });
    const changes = changesOf(settled(null, reading(5)), { ...reading(6), feltMsPerToken: 48.123 });
    expect(changes).toEqual({ kind: 'device-changes', writtenTokens: 6, feltMsPerToken: 48.123 });
    expect(changesOf(reading(6), reading(6))).toEqual({ kind: 'device-changes' });
  });
});

const answer = { session: '1'.repeat(32), edge: 'a', promptTokens: 5, writtenTokens: 5, answerTokens: 64 };

describe('a report as it is sent', () => {
  const before = settled(null, deviceReport({ draftMs: 10, acceptance: 0.8, battery: 0.5, uplinkUse: 0.3 }));
  const next = (changes: Partial<DeviceReport>) => settled(before, deviceReport({ ...before, ...changes }));

  it.each([
    ['draftMs', 10.49, 10],
    ['draftMs', 10.51, 10.51],
    ['draftMs', 9.49, 9.49],
    ['draftMs', null, null],
    ['acceptance', 0.809, 0.8],
    ['acceptance', 0.7891, 0.7891],
    ['battery', 0.491, 0.5],
    ['battery', 0.48, 0.48],
    ['uplinkUse', 0.309, 0.3],
    ['uplinkUse', 0.311, 0.311],
  ] as const)('gives %s of %s as %s', (field, now, sent) => {
    expect(next({ [field]: now })[field]).toBe(sent);
  });

  it('compares links by their edges, in any order', () => {
    const links = [
      { edge: 'b', roundTripMs: 10.49, bitsPerSecond: null },
      { edge: 'a', roundTripMs: 10.51, bitsPerSecond: 5e6 },
      { edge: 'd', roundTripMs: 1.234567, bitsPerSecond: null },
    ];
    expect(next({ links }).links.map(({ roundTripMs }) => roundTripMs)).toEqual([10, 10.51, 1.235]);
  });

  it('keeps a place until the device has moved by two metres', () => {
    const there = settled(null, deviceReport({ place: { xM: 600_000.04, yM: 5.06 } }));
    expect(there.place).toEqual({ xM: 600_000, yM: 5.1 });
    const now = (xM: number) => settled(there, deviceReport({ place: { xM, yM: 5 } })).place;
    expect([now(600_001.9), now(600_002.1)]).toEqual([there.place, { xM: 600_002.1, yM: 5 }]);
  });
});

describe('changes that do not fit', () => {
  const report = deviceReport({ seq: 3 });
  const changes = (seq: number): DeviceChanges => ({ kind: 'device-changes', seq, battery: 0.4 });

  it.each([
    ['there is no report', null, 1],
    ['the report is of an earlier connection', { ...report, seq: -1 }, 0],
    ['the report is of an earlier connection, and is the first', { ...report, seq: 0 }, 1],
    ['one is missing', report, 5],
    ['they are of the same number', report, 3],
  ])('are refused where %s', (_, before, seq) => {
    expect(() => withChanges(before, changes(seq))).toThrow(/do not follow the last report/);
  });

  it('are refused where links would grow without a limit, one message after the other', () => {
    const links = Array.from({ length: 1024 }, (_, index) => ({
      edge: `e${index}`,
      roundTripMs: 1,
      bitsPerSecond: null,
    }));
    const full = withChanges({ ...report, links: [] }, { ...changes(4), links });
    expect(full.links).toHaveLength(1024);
    const one = { edge: 'more', roundTripMs: 1, bitsPerSecond: null };
    expect(() => withChanges(full, { ...changes(5), links: [one] })).toThrow('changes that lead to 1025 links');
    expect(withChanges(full, { ...changes(5), links: [one], linksGone: ['e0'] }).links).toHaveLength(1024);
  });
});

describe('a controller', () => {
  function joined() {
    const { controller, join, say, sentTo } = bed();
    say(join('edge', 'a'), edgeReport());
    const device = join('device', 'phone');
    const take = (message: DeviceReport | DeviceChanges): DeviceReport | null | undefined => {
      say(device, message);
      return controller.members.devices.get('phone')?.report;
    };
    return { take, sent: () => sentTo(device) };
  }

  it('says that it takes changes, and has of them what a whole report would give', () => {
    const { take, sent } = joined();
    expect(sent()[0]).toMatchObject({ kind: 'welcome', takesChanges: true });
    take(deviceReport({ ...reading(1, 'a', 3), draftMs: 12 }));
    const found = take({ kind: 'device-changes', seq: 2, writtenTokens: 9, uplinkUse: 0.25 });
    expect(found).toEqual(deviceReport({ seq: 2, ...reading(1, 'a', 9), draftMs: 12, uplinkUse: 0.25 }));
  });

  it('believes a battery that has leapt and is not mentioned again', () => {
    const { take } = joined();
    expect(take(deviceReport({ battery: 0.9 }))?.battery).toBe(0.9);
    expect(take({ kind: 'device-changes', seq: 2, battery: 0.1 })?.battery).toBe(0.9);
    expect(take({ kind: 'device-changes', seq: 3 })?.battery).toBe(0.1);
  });

  it('refuses changes without a report', () => {
    const { take, sent } = joined();
    take({ kind: 'device-changes', seq: 1, battery: 0.5 });
    expect(sent().at(-1)).toMatchObject({ kind: 'refused', code: 'protocol-error' });
  });
});
