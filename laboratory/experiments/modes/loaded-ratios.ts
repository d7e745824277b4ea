// The ratios of the summary of "bench modes" on an edge with many sessions: of the best of ours to the best rival, and of the bound of all
// methods to it. Definitions: docs/research/benchmarks.md.

import { usualWidthCost } from '../../../simulator/virtual-time/device.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import { chainChances } from '../../../src/core/scheduling/draft-value.ts';
import { families, meanRatio, quickestOf } from './families.ts';
import { type ModeRow, mixHeadName, type RowMode, type StepLaw } from './metrics.ts';

/** Rivals on a loaded edge, where each may draft nothing: its row is then that of `ar`. */
const draftModels: readonly RowMode[] = ['ar', 'edge-sd', 'edge-psd', 'edge-tree'];
const rivals: readonly RowMode[] = [...draftModels, ...families['emulated head']];
/** `mix-head` is a mode of ours whose drafter is the head of the rival. */
const ours: readonly RowMode[] = [...families.ours, mixHeadName];

/**
 * Means over the loads and round trips that are there. With alternatives of the usual price, and of others (`...Row002`: 0.02 of a pass):
 * - `bestOverEdgeRivalLoaded`: time per token of the best of ours over that of the best rival, the emulated head included on both sides;
 * - `bestOverEdgeDraftModelLoaded`: the same without the head;
 * - `streamOverEdgeRivalLoaded`: `stream` over the best rival, the head included; `streamBytesLoaded`: its payload bytes a token.
 *
 * `boundOverEdgeRivalLoaded`: {@link leastMsPerToken} over the best rival; `boundMsLoaded16`: the bound with 16 sessions. NaN where a cell
 * lacks a row, or there is no cell.
 */
export function loadedEdgeRatios(rows: readonly ModeRow[]): Record<string, number> {
  const loaded = rows.filter(({ sessions }) => sessions !== undefined);
  const cells = [...Map.groupBy(loaded, ({ sessions, roundTripMs }) => `${sessions} ${roundTripMs}`).values()];
  const prices = [...new Set(loaded.flatMap(({ widthCost }) => widthCost ?? []))];
  const bounds = new Map(loaded.map((row) => [row.sessions as number, boundOf(row)]));
  const boundRatios = cells.map((cell) => {
    const best = quickestOf(cell, rivals)?.msPerToken ?? Number.NaN;
    return boundOf(cell[0] as ModeRow) / (hasAll(cell) ? best : Number.NaN);
  });
  return {
    ...ratiosAt(cells, usualWidthCost, ''),
    ...Object.assign(
      {},
      ...prices.filter((one) => one !== usualWidthCost).map((one) => ratiosAt(cells, one, nameOf(one))),
    ),
    boundOverEdgeRivalLoaded: mean(boundRatios),
    ...Object.fromEntries([...bounds].map(([sessions, ms]) => [`boundMsLoaded${sessions}`, ms])),
  };
}

function hasAll(cell: readonly ModeRow[]): boolean {
  return rivals.every((rival) => quickestOf(cell, [rival]) !== undefined);
}

/** @param name ends the names of the ratios */
function ratiosAt(cells: readonly (readonly ModeRow[])[], price: number, name: string): Record<string, number> {
  const own = cells.map((cell) => cell.filter(({ widthCost = price }) => widthCost === price));
  return {
    [`bestOverEdgeRivalLoaded${name}`]: meanRatio(own, ours, rivals),
    [`bestOverEdgeDraftModelLoaded${name}`]: meanRatio(own, families.ours, draftModels),
    [`streamOverEdgeRivalLoaded${name}`]: meanRatio(own, ['stream'], rivals),
    [`streamBytesLoaded${name}`]: mean(
      own
        .flat()
        .flatMap(({ mode, payloadBytesPerTokenWithOpening: bytes }) =>
          mode === 'stream' && bytes !== null ? bytes : [],
        ),
    ),
  };
}

/** 0.02 becomes Row002. */
function nameOf(price: number): string {
  return `Row${price.toFixed(2).replace('.', '')}`;
}

function boundOf({ sessions, givenAcceptance, stepFixedMs, stepPerRowMs }: ModeRow): number {
  const step = { fixedMs: stepFixedMs ?? Number.NaN, perRowMs: stepPerRowMs ?? Number.NaN };
  return leastMsPerToken(sessions ?? 1, givenAcceptance ?? Number.NaN, step);
}

const mostDrafts = 64;

/**
 * The least time of a step over its expected tokens, with a draft for every row that pays, in every step, at no cost: n sessions with k
 * drafts each take a step of n (k + 1) rows, and a session writes 1 + a + ... + a^k tokens. No method that verifies chains of such drafts is
 * quicker, wherever it drafts.
 * @param acceptance a, chance that a draft is right if those before it are
 */
export function leastMsPerToken(sessions: number, acceptance: number, { fixedMs, perRowMs }: StepLaw): number {
  let tokens = 1;
  let least = fixedMs + perRowMs * sessions;
  for (const [index, chance] of chainChances(mostDrafts, acceptance).entries()) {
    tokens += chance;
    least = Math.min(least, (fixedMs + perRowMs * sessions * (index + 2)) / tokens);
  }
  return least;
}
