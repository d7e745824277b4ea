// What a controller orders beside edges: spare edges, uplink rates, draft plans.

import { describe, expect, it } from 'vitest';
import { bed, deviceReport, edgeReport, reading } from './controller.fixture.ts';

describe('a controller', () => {
  it('gives each device tickets for the next best edges, and others when one of those is gone', () => {
    const { controller, join, say, slot, sentTo } = bed();
    const edges = ['a', 'b', 'c', 'd'].map((id, index) => {
      const link = join('edge', id);
      say(link, edgeReport({ stepFixedMs: 40 + 10 * index }));
      return link;
    });
    const device = join('device', 'phone');
    const links = ['a', 'b', 'c', 'd'].map((edge) => ({ edge, roundTripMs: 10, bitsPerSecond: null }));
    say(device, deviceReport({ links, ...reading(1, 'a', 5) }));
    slot();
    const spares = () => sentTo(device).flatMap((message) => (message.kind === 'spares' ? [message.spares] : []));
    const ofB = 'ticket:2';
    const ofC = 'ticket:3';
    expect(spares()).toEqual([
      [
        { edge: 'b', ticket: ofB },
        { edge: 'c', ticket: ofC },
      ],
    ]);
    const grant = { validMs: 600_000, device: 'phone' };
    expect(sentTo(edges[1] as number)).toContainEqual(
      expect.objectContaining({ tickets: [{ ...grant, ticket: ofB }] }),
    );
    expect(sentTo(edges[3] as number).filter(({ kind }) => kind === 'shares')).toEqual([]);
    slot();
    expect(spares()).toHaveLength(1);
    controller.closed(edges[1] as number, 'done');
    slot();
    // The ticket for c is good still.
    expect(spares().at(-1)).toEqual([
      { edge: 'c', ticket: ofC },
      { edge: 'd', ticket: 'ticket:4' },
    ]);
  });

  it('sends devices how fast they may send: their shares, and what others leave', () => {
    const { join, say, slot, sentTo } = bed();
    say(join('edge', 'a'), edgeReport({ bitsPerSecond: 1e6 }));
    const devices = ['one', 'two'].map((id) => join('device', id));
    const rates = devices.map(
      (device) => () => sentTo(device).flatMap((message) => (message.kind === 'uplink' ? [message.bitsPerSecond] : [])),
    );
    for (const [index, device] of devices.entries()) say(device, deviceReport(reading(index + 1, 'a', 5)));
    slot();
    expect(rates.map((read) => read().map(Math.round))).toEqual([[500_000], [500_000]]);
    const report = (seq: number, uses: readonly number[]): void => {
      for (const [index, device] of devices.entries())
        say(device, deviceReport({ seq, uplinkUse: uses[index] as number, ...reading(index + 1, 'a', 5 * seq) }));
      slot();
    };
    report(2, [1, 1]);
    expect(rates.map((read) => read().length)).toEqual([1, 1]);
    report(3, [0, 1]);
    report(4, [1, 1]);
    expect(rates.map((read) => read().map(Math.round))).toEqual([
      [500_000, 10_000, 500_000],
      [500_000, 990_000, 500_000],
    ]);
  });

  it('sends a device what to draft, and again when that changes', () => {
    const { join, say, slot, at, sentTo, events } = bed();
    const edge = join('edge', 'a');
    const device = join('device', 'phone');
    const plans = () => sentTo(device).flatMap((message) => (message.kind === 'plan' ? [message] : []));
    const report = (seq: number, battery: number): void => {
      at(1000 * seq);
      say(edge, edgeReport({ seq }));
      say(device, deviceReport({ seq, battery, ...reading(1, 'a', 5 * seq) }));
      slot();
    };
    report(1, 1);
    expect(plans()).toMatchObject([{ edge: 'a', mode: 'stream', maxAhead: 512 }]);
    report(2, 1);
    expect(plans()).toHaveLength(1);
    report(3, 0.82);
    report(4, 0.63);
    report(5, 0.44);
    report(6, 0.3);
    expect(plans()).toHaveLength(2);
    // A plan that has just changed stays for some slots.
    for (let seq = 7; seq < 10; seq++) report(seq, 0.02 + 0.04 * (10 - seq));
    expect(plans()).toHaveLength(2);
    report(10, 0.02);
    report(11, 0.02);
    expect(plans().map(({ mode }) => mode)).toEqual(['stream', 'stream', 'ar']);
    expect(plans()[1]?.maxAhead).toBeLessThan(10);
    expect(plans()[2]?.reason).toBe('the battery is almost empty');
    expect(events.filter(({ kind }) => kind === 'planned')).toHaveLength(3);
  });

  it('keeps what a device drafts while its battery leaps to and fro, and believes a leap that lasts', () => {
    const { controller, join, say, slot, sentTo, events } = bed();
    say(join('edge', 'a'), edgeReport());
    const device = join('device', 'phone');
    let seq = 0;
    const report = (battery: number): number | undefined => {
      seq += 1;
      say(device, deviceReport({ seq, battery, ...reading(1, 'a', 5 * seq) }));
      slot();
      return controller.members.devices.get('phone')?.report?.battery;
    };
    const plans = (): number => sentTo(device).filter(({ kind }) => kind === 'plan').length;
    expect([1, 0.05, 1, 0.05, 1, 0.02, 0.9].map(report)).toEqual([1, 1, 1, 1, 1, 1, 0.9]);
    expect(plans()).toBe(1);
    const leaps = events.filter(({ kind }) => kind === 'battery-leapt');
    expect(leaps).toHaveLength(3);
    expect(leaps[0]).toEqual({ kind: 'battery-leapt', device: 'phone', counts: 1, reported: 0.05 });
    expect([0.05, 0.05].map(report)).toEqual([0.9, 0.05]);
    expect(plans()).toBe(2);
  });

  it.each([1000, 100])('does not change a plan at each decision, %d ms after the other', (everyMs) => {
    const { join, say, slot, at, sentTo } = bed();
    const edge = join('edge', 'a');
    const device = join('device', 'phone');
    for (let seq = 1; seq <= 20_000 / everyMs; seq++) {
      at(everyMs * seq);
      const draftMs = seq % 2 === 0 ? 10 : 3_000;
      say(edge, edgeReport({ seq }));
      say(device, deviceReport({ seq, draftMs, ...reading(1, 'a', 5 * seq) }));
      slot();
    }
    const plans = sentTo(device).filter(({ kind }) => kind === 'plan').length;
    expect(plans).toBeGreaterThan(1);
    expect(plans).toBeLessThanOrEqual(1 + 20 / 5);
  });

  it.each([
    ['whose links carry nothing', deviceReport({ links: [{ edge: 'a', roundTripMs: 10, bitsPerSecond: 9999 }] }), {}],
    ['with no link at all', deviceReport({ links: [] }), {}],
    ['whose text no edge may continue', deviceReport({ fingerprint: 'another' }), {}],
    ['before edges that drain', deviceReport(), { isDraining: true }],
    ['before edges that are full', deviceReport(), { places: 1, sessions: 1 }],
  ])('says that it serves none in a cell of devices %s, orders nothing, and goes on', (_, report, edge) => {
    const { join, say, slot, sentTo, assigns, events } = bed();
    say(join('edge', 'a'), edgeReport(edge));
    const devices = ['one', 'two'].map((name) => join('device', name));
    const text = reading(1, null, report.fingerprint === null ? 0 : 5);
    for (const device of devices) say(device, { ...report, ...text });
    slot();
    expect(events.filter(({ kind }) => kind === 'policy-failed')).toEqual([]);
    const nowhere = { edge: null, bandwidthShare: 0, reason: null };
    expect(events.at(-1)).toMatchObject({ kind: 'decided', policy: 'best', moves: 0, paces: [nowhere, nowhere] });
    expect(
      devices.flatMap((device) => [...assigns(device), ...sentTo(device).filter(({ kind }) => kind === 'plan')]),
    ).toEqual([]);
    say(join('edge', 'b'), edgeReport({ fingerprint: report.fingerprint ?? 'f' }));
    for (const device of devices) say(device, deviceReport({ ...text, fingerprint: report.fingerprint, seq: 2 }));
    slot();
    expect(devices.map((device) => assigns(device).length)).toEqual([1, 1]);
  });

  it('plans for a few devices in a slot, and for all of them in some', () => {
    const { join, say, slot, sentTo } = bed();
    say(join('edge', 'a'), edgeReport({ places: 64 }));
    const devices = Array.from({ length: 50 }, (_, index) => join('device', `phone-${index}`));
    for (const [index, device] of devices.entries()) say(device, deviceReport(reading(index + 1, 'a', 5)));
    const counts = Array.from({ length: 3 }, () => {
      slot();
      return devices.filter((device) => sentTo(device).some(({ kind }) => kind === 'plan')).length;
    });
    expect(counts).toEqual([20, 40, 50]);
  });
});
