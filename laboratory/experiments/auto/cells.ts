// The cells of `outrider bench auto`: the grid of `bench modes` with and without a draft model on the edge, edges with many sessions, drafts
// of unequal quality or of one that changes within the answer, and traces of real models.

/** A GPU's rows are nearly free; a CPU's cost about as much as a step. */
const freeRows = { fixedMs: 40, perRowMs: 0.4 };
const expensiveRows = { fixedMs: 4, perRowMs: 36 };

export const groups = [
  'both draft',
  'device drafts',
  'expensive rows',
  'unequal drafts',
  'changing drafts',
  'many sessions',
  'traces',
] as const;
export type Group = (typeof groups)[number];

export interface AutoCell {
  readonly group: Group;
  /** Name of a trace; null: the toy's drafts, all right with the same chance. */
  readonly trace: string | null;
  /** Chance that a draft of the device is right, and one of the edge; null: that of the trace. */
  readonly acceptance: number | null;
  readonly edgeAcceptance: number | null;
  /** That of the device in the second half of the answer; null: as in the first. */
  readonly laterAcceptance: number | null;
  readonly roundTripMs: number;
  readonly step: { readonly fixedMs: number; readonly perRowMs: number };
  readonly hasEdgeDraft: boolean;
  /** Sessions of the edge that write at the same time. */
  readonly sessions: number;
}

export interface Grid {
  readonly acceptances: readonly number[];
  readonly roundTripsMs: readonly number[];
  readonly sessions: readonly number[];
  readonly traces: readonly string[];
  readonly groups: readonly Group[];
}

/** Device and edge, in the group of unequal drafts. */
const unequal: readonly (readonly [device: number, edge: number])[] = [
  [0.3, 0.8],
  [0.8, 0.3],
];
/** The device's in the first half of the answer and in the second; on the edge, where it drafts, 0.6 throughout. */
const changing: readonly (readonly [first: number, second: number])[] = [
  [0.9, 0.2],
  [0.2, 0.9],
];
const steadyAcceptance = 0.6;
/** Those of the last three groups. */
const fewRoundTripsMs: ReadonlySet<number> = new Set([0, 10, 30, 60]);
const loadedAcceptance = 0.8;

export function cellsOf({ acceptances, roundTripsMs, sessions, traces, groups: chosen }: Grid): AutoCell[] {
  const few = roundTripsMs.filter((ms) => fewRoundTripsMs.has(ms));
  const toy = { trace: null, step: freeRows, sessions: 1, laterAcceptance: null } as const;
  const over = <Item>(items: readonly Item[], trips: readonly number[], cell: (item: Item, ms: number) => AutoCell) =>
    items.flatMap((item) => trips.map((ms) => cell(item, ms)));
  const alike = (group: Group, own: Pick<AutoCell, 'hasEdgeDraft' | 'step'>): AutoCell[] =>
    over(acceptances, roundTripsMs, (acceptance, roundTripMs) => {
      return { ...toy, group, acceptance, edgeAcceptance: acceptance, roundTripMs, ...own };
    });
  const withDraft = { hasEdgeDraft: true };
  const all = [
    ...alike('both draft', { step: freeRows, hasEdgeDraft: true }),
    ...alike('device drafts', { step: freeRows, hasEdgeDraft: false }),
    ...alike('expensive rows', { step: expensiveRows, hasEdgeDraft: true }),
    ...alike('expensive rows', { step: expensiveRows, hasEdgeDraft: false }),
    ...over(unequal, roundTripsMs, ([acceptance, edgeAcceptance], roundTripMs): AutoCell => {
      return { ...toy, ...withDraft, group: 'unequal drafts', acceptance, edgeAcceptance, roundTripMs };
    }),
    ...[true, false].flatMap((hasEdgeDraft) =>
      over(changing, few, ([acceptance, laterAcceptance], roundTripMs): AutoCell => {
        const drafts = { acceptance, laterAcceptance, edgeAcceptance: steadyAcceptance, hasEdgeDraft };
        return { ...toy, ...drafts, group: 'changing drafts', roundTripMs };
      }),
    ),
    ...over(sessions, few, (count, roundTripMs): AutoCell => {
      const drafts = { acceptance: loadedAcceptance, edgeAcceptance: loadedAcceptance, sessions: count };
      return { ...toy, ...withDraft, ...drafts, group: 'many sessions', roundTripMs };
    }),
    ...[true, false].flatMap((hasEdgeDraft) =>
      over(traces, few, (trace, roundTripMs): AutoCell => {
        const drafts = { trace, acceptance: null, edgeAcceptance: null, hasEdgeDraft };
        return { ...toy, ...drafts, group: 'traces', roundTripMs };
      }),
    ),
  ];
  return all.filter(({ group }) => chosen.includes(group));
}

export function keyOf(cell: AutoCell): string {
  const { group, trace, acceptance, edgeAcceptance, laterAcceptance, roundTripMs, step, hasEdgeDraft, sessions } = cell;
  const drafts = trace ?? `${acceptance} (${laterAcceptance}) and ${edgeAcceptance}`;
  const edge = `${hasEdgeDraft ? 'draft' : 'no draft'} on the edge, ${sessions} sessions`;
  return `${group}: ${drafts}, ${roundTripMs} ms, ${step.perRowMs} ms a row, ${edge}`;
}
