import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BytePacer, type PacedFlow, paceBurstMs } from './byte-pacer.ts';

const frameBytes = 1000;
/** A byte takes one microsecond. */
const rate = 8e6;

/** A line in virtual time whose flows always have some frames, unless they are set to rest. */
class Bed {
  readonly pacer: BytePacer<number>;
  readonly flows: PacedFlow[];
  readonly sent: number[];
  readonly resting = new Set<number>();
  nowMs = 0;

  constructor(weights: readonly number[], bitsPerSecond: number = rate) {
    this.pacer = new BytePacer(bitsPerSecond);
    this.flows = weights.map((weight) => this.pacer.addFlow(weight));
    this.sent = weights.map(() => 0);
  }

  get total(): number {
    return this.sent.reduce((sum, bytes) => sum + bytes, 0);
  }

  /** @param everyMs how late the caller's timer may be */
  run(ms: number, everyMs: number = 0.25, waiting: number = 3): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; this.nowMs += everyMs) {
      this.#fill(waiting);
      for (;;) {
        const taken = this.pacer.take(this.nowMs);
        if (taken === undefined) break;
        this.sent[taken.frame] = (this.sent[taken.frame] as number) + frameBytes;
        this.#fill(waiting);
      }
    }
  }

  /** What each flow sends in this time. */
  gained(ms: number): number[] {
    const before = [...this.sent];
    this.run(ms);
    return this.sent.map((bytes, index) => bytes - (before[index] as number));
  }

  #fill(waiting: number): void {
    for (const [index, flow] of this.flows.entries()) {
      if (this.resting.has(index)) continue;
      while (flow.waitingBytes < waiting * frameBytes) this.pacer.push(this.nowMs, flow, index, frameBytes);
    }
  }
}

function expectShares(sent: readonly number[], weights: readonly number[]): void {
  const heaviest = Math.max(...weights);
  for (const [index, weight] of weights.entries()) {
    const reference = (sent[weights.indexOf(heaviest)] as number) / heaviest;
    // The bound of start-time fair queueing: a frame of each flow over its weight.
    expect(Math.abs((sent[index] as number) / weight - reference)).toBeLessThanOrEqual(
      frameBytes / weight + frameBytes / heaviest + 1e-6,
    );
  }
}

describe('the pacer', () => {
  it.each([[[3, 1]], [[5, 4, 3, 2, 1]], [[1, 1]], [[100, 1]]])('shares a full line as %j', (weights) => {
    const bed = new Bed(weights);
    bed.run(2000);
    expectShares(bed.sent, weights);
  });

  it('shares it as well where a flow has no more than one frame at a time', () => {
    const bed = new Bed([3, 1]);
    bed.run(2000, 0.25, 1);
    expectShares(bed.sent, [3, 1]);
  });

  it.each([0.1, 1, 5, 15])(
    'sends no more than the rate and a burst, and no less, with timers that are %d ms late',
    (lateMs) => {
      const bed = new Bed([3, 1]);
      bed.run(1000, lateMs);
      const whole = (1000 * rate) / 8000;
      expect(bed.total).toBeLessThanOrEqual(whole + paceBurstMs * 1000 + frameBytes);
      expect(bed.total).toBeGreaterThanOrEqual(whole - lateMs * 1000 - frameBytes);
    },
  );

  it('gives the part of a flow without frames to the others, and no credit to it when it is back', () => {
    const bed = new Bed([3, 1, 1]);
    bed.resting.add(0);
    bed.run(1000);
    expect(bed.total).toBeGreaterThan(0.999 * 1000 * 1000);
    expectShares(bed.sent.slice(1), [1, 1]);
    bed.resting.delete(0);
    expectShares(bed.gained(1000), [3, 1, 1]);
  });

  it('does not hold a flow to what it took while nobody else wanted it', () => {
    const bed = new Bed([1, 1]);
    bed.resting.add(1);
    bed.run(1000);
    bed.resting.delete(1);
    expectShares(bed.gained(1000), [1, 1]);
  });

  it('forgets after an idle time what a flow with a small weight was ahead', () => {
    const pacer = new BytePacer<string>(rate);
    const [light, heavy] = [pacer.addFlow(0.001), pacer.addFlow(1)];
    const order = (nowMs: number): (string | undefined)[] => {
      for (const frame of ['h1', 'h2', 'h3']) pacer.push(nowMs, heavy, frame, 5000);
      pacer.push(nowMs, light, 'l', 5000);
      return [0, 5, 10, 15].map((more) => pacer.take(nowMs + more)?.frame);
    };
    expect(order(0)).toEqual(['l', 'h1', 'h2', 'h3']);
    // Hardly idle: the light flow has had its part for long.
    expect(order(19)).toEqual(['h1', 'h2', 'h3', 'l']);
    expect(order(1000)[0]).toBe('l');
  });

  it('follows weights and rates that change in flight at once, also after a tiny weight', () => {
    const bed = new Bed([1e-6, 1]);
    bed.run(500);
    expect(bed.sent[0]).toBeLessThanOrEqual(frameBytes);
    const [first] = bed.flows;
    bed.pacer.setWeight(first as PacedFlow, 3);
    const [gained = 0] = bed.gained(1000);
    expect(Math.abs(gained - 750_000)).toBeLessThanOrEqual(3 * frameBytes);
    bed.pacer.setRate(bed.nowMs, rate / 4);
    const slower = bed.gained(1000).reduce((sum, bytes) => sum + bytes, 0);
    expect(Math.abs(slower - 250_000)).toBeLessThanOrEqual(2 * frameBytes);
  });

  it('sends the rest of a frame that began at another rate at the new one', () => {
    const pacer = new BytePacer<string>(1);
    const flow = pacer.addFlow(1);
    for (const frame of ['first', 'second']) pacer.push(0, flow, frame, 30_000);
    pacer.take(0);
    expect(pacer.waitMs(1000)).toBeGreaterThan(200_000_000);
    pacer.setRate(1000, rate);
    expect(pacer.waitMs(1000)).toBeCloseTo(30, 0);
    pacer.setRate(1010, rate / 2);
    expect(pacer.waitMs(1010)).toBeCloseTo(40, 0);
    pacer.setRate(1020, Number.POSITIVE_INFINITY);
    expect([pacer.waitMs(1020), pacer.take(1020)?.frame]).toEqual([0, 'second']);
  });

  it('says when the next frame may leave, and how long a backlog lasts at worst', () => {
    const pacer = new BytePacer<string>(rate);
    const [heavy, light] = [pacer.addFlow(3), pacer.addFlow(1)];
    expect(pacer.waitMs(0)).toBeUndefined();
    expect(pacer.take(0)).toBeUndefined();
    for (const frame of ['a', 'b']) pacer.push(0, heavy, frame, 30_000);
    expect(pacer.backlogMs(heavy)).toBeCloseTo(60);
    expect(pacer.backlogMs(light)).toBe(0);
    pacer.push(0, light, 'c', 10_000);
    expect([pacer.backlogMs(heavy), pacer.backlogMs(light)].map(Math.round)).toEqual([80, 40]);
    expect(pacer.take(0)).toMatchObject({ frame: 'a', flow: { waitingBytes: 30_000 } });
    // 30 ms of line, less the burst.
    expect(pacer.waitMs(0)).toBeCloseTo(10);
    expect(pacer.take(9)).toBeUndefined();
    expect(pacer.take(10)).toMatchObject({ frame: 'c', flow: { waitingBytes: 0 } });
    expect(pacer.waitMs(10)).toBeCloseTo(10);
    expect(pacer.take(20)).toMatchObject({ frame: 'b' });
    expect(pacer.waitMs(20)).toBeUndefined();
  });

  it('loses the frames of a flow that is removed, and takes none for it', () => {
    const pacer = new BytePacer<string>(rate);
    const [gone, kept] = [pacer.addFlow(1), pacer.addFlow(1)];
    pacer.push(0, gone, 'lost', 10);
    pacer.push(0, kept, 'kept', 10);
    pacer.removeFlow(gone);
    pacer.push(0, gone, 'late', 10);
    expect([pacer.take(0)?.frame, pacer.take(0)?.frame]).toEqual(['kept', undefined]);
  });

  it('never lets a frame wait on a line without a limit', () => {
    const bed = new BytePacer<number>(Number.POSITIVE_INFINITY);
    const flow = bed.addFlow(1);
    for (let frame = 0; frame < 100; frame += 1) bed.push(0, flow, frame, 1e6);
    expect(bed.backlogMs(flow)).toBe(0);
    for (let frame = 0; frame < 100; frame += 1) expect(bed.take(0)?.frame).toBe(frame);
  });

  it.each([0, -1, Number.NaN])('takes no rate and no weight of %d', (wrong) => {
    expect(() => new BytePacer(wrong)).toThrow('bit/s');
    const pacer = new BytePacer(rate);
    expect(() => pacer.setRate(0, wrong)).toThrow('bit/s');
    expect(() => pacer.addFlow(wrong)).toThrow('weight');
    expect(() => pacer.setWeight(pacer.addFlow(1), wrong)).toThrow('weight');
  });

  it('keeps the order of each flow and the rate of the line, whatever happens', () => {
    const anyEvent = fc.record({
      afterMs: fc.double({ min: 0, max: 40, noNaN: true }),
      flow: fc.nat(3),
      bytes: fc.integer({ min: 1, max: 5000 }),
      weight: fc.double({ min: 0.001, max: 1000, noNaN: true }),
      changes: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 60 }), (events) => {
        const pacer = new BytePacer<{ readonly number: number; readonly bytes: number }>(rate);
        const flows = [1, 2, 3, 4].map((weight) => pacer.addFlow(weight));
        const last = new Map<PacedFlow, number>();
        let nowMs = 0;
        let sentBytes = 0;
        let pushed = 0;
        let left = 0;
        const send = (): void => {
          for (let taken = pacer.take(nowMs); taken !== undefined; taken = pacer.take(nowMs)) {
            expect(taken.frame.number).toBeGreaterThan(last.get(taken.flow) ?? 0);
            last.set(taken.flow, taken.frame.number);
            // Before this frame, no more than the rate and the burst have left.
            expect(sentBytes).toBeLessThanOrEqual((nowMs + paceBurstMs) * 1000 + 1e-6);
            sentBytes += taken.frame.bytes;
            left += 1;
          }
        };
        for (const { afterMs, flow, bytes, weight, changes } of events) {
          nowMs += afterMs;
          send();
          const one = flows[flow] as PacedFlow;
          if (changes) pacer.setWeight(one, weight);
          pacer.push(nowMs, one, { number: ++pushed, bytes }, bytes);
          send();
        }
        for (let wait = pacer.waitMs(nowMs); wait !== undefined; wait = pacer.waitMs(nowMs)) {
          nowMs += wait + 1e-6;
          send();
        }
        expect(left).toBe(pushed);
        expect(flows.every(({ waitingBytes }) => waitingBytes === 0)).toBe(true);
      }),
    );
  });
});
