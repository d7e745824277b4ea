import { describe, expect, it } from 'vitest';
import { describeLaw, freeLaw } from '../../core/decoding/shape-law.ts';
import { type CallRow, createMoodyEngine, inGroupsOfFour } from './moody-engine.fixture.ts';
import { checkShapes } from './shape-check.ts';
import { candidateLaws, confirmLaw, findLaw, lawCost, lawMs } from './shape-law-search.ts';

type Engine = ReturnType<typeof createMoodyEngine>;

async function lawOf({ bench, nowMs }: Engine): Promise<string> {
  const { law } = await findLaw(bench, { nowMs });
  return law === null ? 'none' : describeLaw(law);
}

/** Steps of two rows cost nearly twice those of one, and four as much as two: the effect of groups of four. */
const staircase = (rows: number): number => [0, 148, 222, 296, 229, 303, 374, 448, 425][rows] ?? 53 * rows;
/** Rows cost the same in any call. */
const slope = (rows: number): number => 20 + 40 * rows;

const loneRow = ({ callRows }: CallRow): number => (callRows === 1 ? 1 : 0);
const lateLoneRow = (row: CallRow): number => (row.contextLength > 512 ? loneRow(row) : 0);
const loneAsked = ({ askedRows }: CallRow): number => (askedRows === 1 ? 1 : 0);
const beside = ({ sequencesInCall }: CallRow): number => (sequencesInCall > 1 ? 1 : 0);
const onlyEights = ({ callRows, index }: CallRow): number => (callRows === 8 ? 0 : 1 + index);
const ownSizes = ({ callRows }: CallRow): number => callRows;
/** Laws of single rows are tried first. */
const flat = (rows: number): number => 54 * rows;

describe('the law that is found', () => {
  it.each<[law: string, where: string, Engine]>([
    ['any shape', 'no bit depends on the calls', createMoodyEngine(() => 0)],
    [
      'at most 3 rows a call, sequences apart',
      'a group of four costs as much as its rows',
      createMoodyEngine(inGroupsOfFour, slope),
    ],
    ['never one row alone', 'a single row has its own kernel', createMoodyEngine(loneRow, undefined, 1)],
    ['never one row alone', 'only at long contexts', createMoodyEngine(lateLoneRow, undefined, 1)],
    ['never one row alone', 'a single requested row has its own', createMoodyEngine(loneAsked, undefined, 1)],
    ['any shape, sequences apart', 'neighbours change the rounding', createMoodyEngine(beside)],
    ['any shape', 'there can be no neighbours', createMoodyEngine(beside, undefined, 1)],
    // It is not deceived by few neighbours: single rows of four sequences are a group, those of three never fill one.
    [
      'at most 3 rows a call, sequences apart',
      'single rows of eight sequences fill a group',
      createMoodyEngine(inGroupsOfFour, flat, 8),
    ],
    ['one row a call', 'those of three do not', createMoodyEngine(inGroupsOfFour, flat, 3)],
    ['one row a call, sequences apart', 'every size has a kernel of its own', createMoodyEngine(ownSizes, slope)],
    ['calls of 8 rows, sequences apart', 'every size but one has several', createMoodyEngine(onlyEights)],
  ])('is "%s" where %s', async (law, _, engine) => {
    expect(await lawOf(engine)).toBe(law);
  });

  it('is multiples of four where rows are taken in groups of four and a group costs little more than two rows', async () => {
    const engine = createMoodyEngine(inGroupsOfFour, staircase);
    const { law, comparisons, failed } = await findLaw(engine.bench, { nowMs: engine.nowMs });
    expect(law).toEqual({ multiple: 4, least: 4, most: 60, merges: true });
    expect(comparisons).toBeGreaterThan(300);
    expect(failed.map((one) => one.law)).toContain('any shape');
    expect(failed.every(({ history }) => history !== '')).toBe(true);
  });

  it('takes pairs where sequences share calls, because engines cut a call at its shortest sequence', async () => {
    expect(await lawOf(createMoodyEngine(loneRow))).toBe('multiples of 2 rows');
    const { bench } = createMoodyEngine(loneRow);
    bench.adopt({ ...freeLaw, least: 2 });
    const { shapeMismatches } = await checkShapes(bench, { contextLengths: [30], callSizes: [], positions: 40 });
    expect(shapeMismatches).not.toBe(0);
  });

  it('does not exist where the same call gives different bits each time', async () => {
    let state = 1;
    const byChance = (): number => {
      state = (state * 48_271) % 2_147_483_647;
      return state % 2;
    };
    expect(await lawOf(createMoodyEngine(byChance))).toBe('none');
  });

  it('is not searched further where every law costs more than the known one', async () => {
    const engine = createMoodyEngine(() => 0, staircase);
    const found = await findLaw(engine.bench, { nowMs: engine.nowMs, costToBeat: 1 });
    expect(found).toMatchObject({ law: null, failed: [] });
  });
});

describe('the largest call', () => {
  const largestOf = async (kernelOf: (row: CallRow) => number, options = {}): Promise<number | undefined> => {
    const { bench, nowMs } = createMoodyEngine(kernelOf, undefined, 2, 256);
    const { law } = await findLaw(bench, { nowMs, ...options });
    expect(bench.limits.law).toEqual(law);
    return law?.most;
  };
  /** As flash attention does, which takes tiles of queries. */
  const tilesFrom =
    (rows: number, context = 0) =>
    ({ callRows, sequencesInCall, contextLength }: CallRow): number =>
      callRows / sequencesInCall >= rows && contextLength >= context ? 1 : 0;

  it('is the one that the engine takes where no bit depends on it', async () => {
    expect(await largestOf(() => 0)).toBe(256);
  });

  it('ends below the size from which rows are rounded otherwise, and never at it', async () => {
    expect(await largestOf(tilesFrom(256))).toBe(255);
    expect(await largestOf(tilesFrom(255))).toBe(127);
    expect(await largestOf(tilesFrom(64))).toBe(63);
    expect(await largestOf(tilesFrom(63))).toBe(31);
  });

  it('is what holds at a long context too, as far as it is compared', async () => {
    expect(await largestOf(tilesFrom(64, 500))).toBe(63);
    expect(await largestOf(tilesFrom(64, 800))).toBe(256);
    expect(await largestOf(tilesFrom(64, 800), { comparedContext: 900 })).toBe(63);
  });

  it('is one that cuts steps where steps of many rows differ at a long context', async () => {
    expect(await largestOf(tilesFrom(16, 800), { comparedContext: 900 })).toBe(8);
    expect(await largestOf(tilesFrom(9, 800), { comparedContext: 900 })).toBe(8);
  });

  it('keeps to the multiple of the law', async () => {
    const engine = createMoodyEngine((row) => inGroupsOfFour(row) + 2 * tilesFrom(64)(row), staircase, 2, 256);
    const { law } = await findLaw(engine.bench, { nowMs: engine.nowMs });
    expect(law).toEqual({ multiple: 4, least: 4, most: 60, merges: true });
  });
});

describe('a law found elsewhere', () => {
  it('is compared at a longer context where more is asked for', async () => {
    const lone = ({ callRows, contextLength }: CallRow): number => (contextLength > 800 && callRows === 1 ? 1 : 0);
    const { bench } = createMoodyEngine(lone);
    expect(await confirmLaw(bench, { ...freeLaw, most: 63 })).toBe(true);
    expect(await confirmLaw(bench, { ...freeLaw, most: 63 }, 900)).toBe(false);
    const large = ({ callRows, contextLength }: CallRow): number => (contextLength > 800 && callRows > 40 ? 1 : 0);
    const other = createMoodyEngine(large).bench;
    expect(await confirmLaw(other, { ...freeLaw, most: 31 }, 900)).toBe(true);
    expect(await confirmLaw(other, { ...freeLaw, most: 63 }, 900)).toBe(false);
  });

  it('is confirmed in few calls, and refuted where it does not hold', async () => {
    const engine = createMoodyEngine(inGroupsOfFour, staircase);
    const fours = { multiple: 4, least: 4, most: 60, merges: true };
    expect(await confirmLaw(engine.bench, fours)).toBe(true);
    expect(engine.calls.length).toBeLessThan(120);
    expect(await confirmLaw(engine.bench, freeLaw)).toBe(false);
  });
});

describe('under the law that was found', () => {
  it('every history gives the same bits, and calls follow the law', async () => {
    const engine = createMoodyEngine(inGroupsOfFour, staircase);
    await findLaw(engine.bench, { nowMs: engine.nowMs });
    const before = engine.calls.length;
    const result = await checkShapes(engine.bench, { contextLengths: [30, 300], positions: 40 });
    expect(result.shapeMismatches).toBe(0);
    expect(engine.calls.slice(before).every((rows) => rows % 4 === 0)).toBe(true);
  });
});

describe('the cost of a law', () => {
  const callTimes = [1, 2, 3, 4, 6, 8, 12, 16].map((rows) => ({ rows, ms: staircase(rows) }));
  const fours = { multiple: 4, least: 4, most: 60, merges: true };

  it('is the cost of the calls that it allows', () => {
    expect([1, 4, 5, 8].map((rows) => lawMs(fours, callTimes, rows))).toEqual([229, 229, 425, 425]);
    expect([1, 2, 5].map((rows) => lawMs({ ...freeLaw, most: 3 }, callTimes, rows))).toEqual([148, 222, 518]);
  });

  it('lies between measured sizes on the line between the two next to it, and beyond the last in proportion', () => {
    const times = [
      { rows: 1, ms: 10 },
      { rows: 3, ms: 20 },
      { rows: 9, ms: 80 },
    ];
    expect([1, 2, 3, 6, 9, 18].map((rows) => lawMs(freeLaw, times, rows))).toEqual([10, 15, 20, 50, 80, 160]);
  });

  it('never falls as a law demands more, for any call times', () => {
    const expensiveCrowds = callTimes.map(({ rows, ms }) => ({ rows, ms: rows > 3 ? 3 * ms : ms }));
    for (const times of [callTimes, expensiveCrowds]) {
      for (const law of candidateLaws(4, 63)) {
        expect(lawCost(law, times, 4)).toBeGreaterThanOrEqual(lawCost(freeLaw, times, 4));
      }
    }
  });
});
