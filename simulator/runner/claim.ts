// A claim of the paper beside the result here: its text, under which interpretation of what it leaves open, the number measured, its
// interval, the verdict, and what the verdict depends on. It measures nothing.

import type { Interval } from '../charts/bootstrap.ts';
import type { ReaderTable } from './experiment.ts';
import { rounded } from './markdown.ts';

/** `undecided`: the interval contains values that satisfy the claim and values that contradict it, or nothing was measured. */
export type Verdict = 'holds' | 'holds, and more' | 'does not hold' | 'undecided';

export interface Claim {
  readonly figure: string;
  /** Claims of one name differ in their interpretation only: "reductionMean". */
  readonly name: string;
  /** Name in the summary, where it is not `name`. */
  readonly summaryName?: string;
  /** The claim of the paper, in a few words, with its unit. */
  readonly statement: string;
  /** Payload law, unit of lambda, shares, ...: what the paper leaves open, as taken here. */
  readonly interpretation: string;
  readonly claimed: number | string;
  /** Null: there was nothing to measure. */
  readonly measured: number | null;
  /** 95 %; null where nothing varies. */
  readonly interval: Interval | null;
  readonly verdict: Verdict;
  /** The open choice whose other value would turn the verdict, in a few words; or that none was found. */
  readonly dependsOn: string;
  /** Goes into the summary; one of each name there. */
  readonly isMain?: boolean;
}

/** A claim before its interpretation is put into words. */
export interface DraftClaim extends Omit<Claim, 'interpretation' | 'dependsOn'> {
  /** What the paper leaves open, and the choice here: `{ 'payload law': 'q16' }`. */
  readonly choices: Readonly<Record<string, string>>;
  /** Where the choices do not say it all. */
  readonly dependsOn?: string;
}

/**
 * Says of each claim which choices turn it: those whose other value, everything else equal, was tried among claims of the same name and has
 * another verdict.
 */
export function interpretClaims(drafts: readonly DraftClaim[]): Claim[] {
  const alike = Map.groupBy(drafts, ({ name }) => name);
  return drafts.map((draft) => {
    const { choices, ...claim } = draft;
    const interpretation = Object.entries(choices)
      .map(([choice, value]) => `${choice}: ${value}`)
      .join('; ');
    return {
      ...claim,
      interpretation,
      dependsOn: claim.dependsOn ?? turningChoices(draft, alike.get(claim.name) ?? []),
    };
  });
}

function turningChoices(draft: DraftClaim, others: readonly DraftClaim[]): string {
  const tried: string[] = [];
  const turning = Object.keys(draft.choices).flatMap((choice) => {
    const neighbours = others.filter((other) => differsOnlyIn(choice, draft, other));
    if (neighbours.length > 0) tried.push(choice);
    const turned = neighbours.filter((other) => holds(other) !== holds(draft));
    if (turned.length === 0) return [];
    return [`${choice} (${turned.map((other) => `${other.choices[choice]}: ${other.verdict}`).join(', ')})`];
  });
  if (turning.length > 0) return turning.join('; ');
  return tried.length === 0 ? 'no choice that was tried' : `not on ${tried.join(', ')} alone`;
}

function differsOnlyIn(choice: string, one: DraftClaim, other: DraftClaim): boolean {
  const names = Object.keys(one.choices);
  return names.every((name) => (one.choices[name] === other.choices[name]) === (name !== choice));
}

/** Whether a claim holds, more or not. */
export function holds({ verdict }: Pick<Claim, 'verdict'>): boolean {
  return verdict === 'holds' || verdict === 'holds, and more';
}

/** One line of the document: the same keys for every claim. */
export function claimRow(claim: Claim): Readonly<Record<string, string | number | boolean | null>> {
  const { figure, name, statement, interpretation, claimed, measured, interval, verdict, dependsOn } = claim;
  const [low, high] = interval ?? [null, null];
  const found = { measured, low, high, holds: holds(claim), verdict, dependsOn };
  return { figure, name, statement, interpretation, claimed, ...found };
}

/** Flat: `reductionMeanClaimed`, `-Measured`, `-Low`, `-High`, `-Holds`, `-Verdict`, `-DependsOn` of every main claim. */
export function claimSummary(claims: readonly Claim[]): Record<string, string | number | boolean | null> {
  return Object.fromEntries(
    claims
      .filter(({ isMain }) => isMain === true)
      .flatMap((claim) => {
        const { claimed, measured, interval, verdict, dependsOn } = claim;
        const name = claim.summaryName ?? claim.name;
        return [
          [`${name}Claimed`, claimed],
          [`${name}Measured`, measured],
          [`${name}Low`, interval?.[0] ?? null],
          [`${name}High`, interval?.[1] ?? null],
          [`${name}Holds`, holds(claim)],
          [`${name}Verdict`, verdict],
          [`${name}DependsOn`, dependsOn],
        ];
      }),
  );
}

/** At the end of a statement. */
const units = /, (share|tokens|Mbit\/s|total variation)$/;

/**
 * For people. A line for each claim of the paper, by the first policy and interpretation that was measured, and in how many of all it holds;
 * the whole table has each main claim, and what it depends on.
 * @param judges false: the verdicts are left out
 */
export function claimTable(claims: readonly Claim[], judges: boolean): ReaderTable {
  const main = claims.filter(({ isMain }) => isMain === true);
  // The policy stands before a colon.
  const alike = Map.groupBy(claims, ({ statement }) => statement.replace(/^.*?: /, ''));
  const few = [...alike.values()].map((all) => {
    const first = all.find((claim) => main.includes(claim)) ?? (all[0] as Claim);
    return {
      ...line(first, judges),
      ...(judges ? { 'holds in': `${all.filter(holds).length} of ${all.length}` } : {}),
    };
  });
  const all = main.map((claim) => {
    const { interpretation, dependsOn } = claim;
    return { ...line(claim, judges), interpretation, ...(judges ? { 'depends on': dependsOn } : {}) };
  });
  return { few, all };
}

/** A share is shown in per cent, with two places. */
function line({ statement, claimed, measured, interval, verdict }: Claim, judges: boolean): object {
  const unit = units.exec(statement)?.[1] ?? '';
  const shown = (value: number | string | null | undefined): string | null => {
    if (typeof value === 'number') return rounded(unit === 'share' ? Math.round(1e4 * value) / 100 : value);
    return value ?? null;
  };
  return {
    'the paper says': statement.replace(units, ''),
    unit: unit === 'share' ? '%' : unit,
    claimed: shown(claimed),
    here: shown(measured),
    '95 %': interval?.map(shown).join(' to ') ?? null,
    ...(judges ? { verdict } : {}),
  };
}

/** The verdict on a claim by the interval of what was measured. */
export type VerdictOn = (interval: Interval) => Verdict;

/**
 * An amount of gain, such as a share of latency that is saved. More: all of the interval lies above the claim. Not: all of it lies below.
 * Undecided: it has room for the claim and for no gain at all.
 * @param claimed positive
 */
export function onGain(claimed: number): VerdictOn {
  return ([low, high]) => {
    if (low > claimed) return 'holds, and more';
    if (high < claimed) return 'does not hold';
    return low > 0 ? 'holds' : 'undecided';
  };
}

/**
 * A direction. Not: all of the interval lies within `least` of no change, or beyond it on the other side. Undecided: the interval has room
 * for a change in the claimed direction and for none.
 * @param least a smaller change counts as none, even if it is significant
 */
export function onDirection(claimed: 'falls' | 'rises', least: number): VerdictOn {
  return (interval) => {
    const [low, high] = claimed === 'rises' ? interval : [-interval[1], -interval[0]];
    if (low > least) return 'holds';
    return high <= least ? 'does not hold' : 'undecided';
  };
}

/** A value that is claimed to lie in a range. Undecided: the interval meets the range, and is wider than its upper end. */
export function onRange(from: number, to: number): VerdictOn {
  return ([low, high]) => {
    if (high < from || low > to) return 'does not hold';
    return high - low > to ? 'undecided' : 'holds';
  };
}
