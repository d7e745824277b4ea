import { describe, expect, it } from 'vitest';
import { streamPace, worthwhileDrafts } from '../../core/scheduling/stream-pace.ts';
import { gridRatio, type PaceClass, paceClass } from './pace-class.ts';

type StepGrid = Parameters<typeof paceClass>[0];
type Kind = Parameters<typeof paceClass>[1];

const nodes = (firstMs: number): Float64Array =>
  Float64Array.from({ length: 16 }, (_, node) => firstMs * gridRatio ** node);
const step = (fixedMs: number, rowMs: number): StepGrid => ({ fixedMs, rowMs, stepMs: nodes(fixedMs + rowMs) });
const [grid, kind]: [StepGrid, Kind] = [step(40, 1), { draftMs: 10, acceptance: 0.8, roundTripMs: 20, maxAhead: 24 }];

/** Another value of each input: the type asks for every one. */
const changed: Readonly<Record<keyof Kind | Exclude<keyof StepGrid, 'stepMs'>, readonly [StepGrid, Kind]>> = {
  fixedMs: [step(60, 1), kind],
  rowMs: [step(40, 3), kind],
  draftMs: [grid, { ...kind, draftMs: 25 }],
  acceptance: [grid, { ...kind, acceptance: 0.5 }],
  roundTripMs: [grid, { ...kind, roundTripMs: 90 }],
  maxAhead: [grid, { ...kind, maxAhead: 2 }],
};

/** Without what is kept. */
function computed({ fixedMs, stepMs }: StepGrid, { draftMs, acceptance, roundTripMs, maxAhead }: Kind): PaceClass {
  const read = { tokens: 1, drafts: 0 };
  const table = streamPace(acceptance, maxAhead);
  const paces = Array.from(stepMs, (ms) => {
    table.read(draftMs / ms, roundTripMs / ms, worthwhileDrafts(acceptance, fixedMs / ms), read);
    return { ...read };
  });
  const [tokens, rows] = [paces.map((one) => one.tokens), paces.map((one) => 1 + one.drafts)];
  return { tokens: Float64Array.from(tokens), rows: Float64Array.from(rows), roundTripMs };
}

describe('the pace of a kind of device on a kind of server', () => {
  it.each(Object.entries(changed))('is another one with another %s, and kept for the same values', (_field, other) => {
    const before = paceClass(grid, kind);
    const after = paceClass(...other);
    expect([...after.tokens, ...after.rows]).not.toEqual([...before.tokens, ...before.rows]);
    expect(after).toEqual(computed(...other));
    expect(paceClass(grid, kind)).toBe(before);
    expect(before).toEqual(computed(grid, kind));
  });

  it('is made again for a longer grid, with the same first nodes', () => {
    const long = { ...grid, stepMs: Float64Array.from({ length: 40 }, (_, node) => 41 * gridRatio ** node) };
    const [short, longer] = [paceClass(grid, kind), paceClass(long, kind)];
    expect([short.tokens.length, longer.tokens.length]).toEqual([16, 48]);
    expect(longer.tokens.slice(0, 16)).toEqual(short.tokens);
  });
});
