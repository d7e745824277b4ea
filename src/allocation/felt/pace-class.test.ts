import { describe, expect, it } from 'vitest';
import { streamPace, worthwhileDrafts } from '../../core/scheduling/stream-pace.ts';
import {
  type DraftLaw,
  draftKind,
  gridRatio,
  type PaceClass,
  paceClass,
  type StepLaw,
  stepKind,
} from './pace-class.ts';

interface Kind extends DraftLaw {
  readonly roundTripMs: number;
}

const nodes = Array.from({ length: 60 }, (_, node) => node);
const law: StepLaw = { fixedMs: 40, rowMs: 1 };
const kind: Kind = { draftMs: 10, acceptance: 0.8, roundTripMs: 20, maxAhead: 24 };

/** Another value of each input: the type asks for every one. */
const changed: Readonly<Record<keyof Kind | keyof StepLaw, readonly [StepLaw, Kind]>> = {
  fixedMs: [{ ...law, fixedMs: 60 }, kind],
  rowMs: [{ ...law, rowMs: 3 }, kind],
  draftMs: [law, { ...kind, draftMs: 25 }],
  acceptance: [law, { ...kind, acceptance: 0.5 }],
  roundTripMs: [law, { ...kind, roundTripMs: 90 }],
  maxAhead: [law, { ...kind, maxAhead: 2 }],
};

/** Without what is kept. */
function computed({ fixedMs, rowMs }: StepLaw, { draftMs, acceptance, roundTripMs, maxAhead }: Kind): number[][] {
  const table = streamPace(acceptance, maxAhead);
  return nodes.map((node) => {
    const ms = (fixedMs + rowMs) * gridRatio ** node;
    const read = { tokens: 1, drafts: 0 };
    table.read(draftMs / ms, roundTripMs / ms, worthwhileDrafts(acceptance, fixedMs / ms), read);
    return [read.tokens, 1 + read.drafts];
  });
}

function kept(step: StepLaw, { roundTripMs, ...draft }: Kind): PaceClass {
  return paceClass(stepKind({ ...step }), draftKind({ ...draft }), roundTripMs);
}

function values(pace: PaceClass): number[][] {
  return nodes.map((node) => [pace.tokensAt(node), pace.rowsAt(node)]);
}

describe('the pace of a kind of device on a kind of server', () => {
  it.each(Object.entries(changed))('is another one with another %s, and kept for the same values', (_field, other) => {
    const before = kept(law, kind);
    const after = kept(...other);
    expect(values(after)).not.toEqual(values(before));
    expect(values(after)).toEqual(computed(...other));
    expect(kept(law, kind)).toBe(before);
    expect(values(before)).toEqual(computed(law, kind));
  });

  it('is the same in whichever order its nodes are read', () => {
    const pace = kept({ fixedMs: 41, rowMs: 2 }, kind);
    const backwards = nodes.toReversed().map((node) => [pace.tokensAt(node), pace.rowsAt(node)]);
    expect(backwards.toReversed()).toEqual(computed({ fixedMs: 41, rowMs: 2 }, kind));
  });

  it('is linear between two nodes', () => {
    const pace = kept(law, kind);
    expect(pace.tokensNear(3)).toBe(pace.tokensAt(3));
    expect(pace.tokensNear(3.25)).toBeCloseTo(0.75 * pace.tokensAt(3) + 0.25 * pace.tokensAt(4), 12);
    expect(pace.rowsNear(3.25)).toBeCloseTo(0.75 * pace.rowsAt(3) + 0.25 * pace.rowsAt(4), 12);
  });
});
