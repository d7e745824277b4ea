// The cells of `outrider bench modes --clock virtual`: the protocol machines of every mode in virtual time, over acceptance and round trip.
// The results do not depend on the speed or load of the machine.

import { findTrace } from '../../../simulator/files/shipped-traces.ts';
import type { Conclusion, Run } from '../../../simulator/runner/experiment.ts';
import { serveWork, type Work, WorkerPool } from '../../../simulator/runner/worker-pool.ts';
import { usualWidthCost } from '../../../simulator/virtual-time/device.ts';
import { badArgument } from '../../../src/core/basics/errors.ts';
import { missShares } from './draft-tree.ts';
import { headLevelMs, loadedRivals, measureRival, type RivalCell } from './emulated-rivals.ts';
import { idleEdgeRatios } from './families.ts';
import { type LoadedCell, type LoadedMode, loadedModes, loadedPrices, measureLoaded } from './loaded-cell.ts';
import { loadedEdgeRatios } from './loaded-ratios.ts';
import {
  acceleratorWidthCost,
  type EmulatedRival,
  emulatedRivals,
  goalAcceptance,
  goalRoundTripsMs,
  hedgedName,
  isEmulated,
  isPlain,
  type ModeRow,
  mixHeadName,
  needsSecondChoices,
  pipesdName,
  pricedRatios,
  type RowMode,
  type RowPrice,
  rowPrices,
  type StepLaw,
  summariseModes,
  virtualOnlyNames,
  withoutGaps,
  worstOver,
} from './metrics.ts';
import { type ModesOptions, sharedModes, usualRoundTripsMs } from './options.ts';
import {
  draftMs,
  edgeDraftMs,
  expensiveRows,
  freeRows,
  isTrace,
  longestWindow,
  measureCell,
  runnerUpAgreement,
  timeJitter,
  type VirtualCell,
  type VirtualSettings,
} from './virtual-cell.ts';

/** The modes that are measured with expensive rows, too. */
const expensiveModes: ReadonlySet<VirtualMode> = new Set(['ar', 'stream']);
type VirtualMode = VirtualCell['mode'] | EmulatedRival;

type AnyCell = VirtualCell | RivalCell | LoadedCell;

export const modesWork: Work<AnyCell, ModeRow, VirtualSettings> = {
  role: 'outrider bench modes',
  file: import.meta.url,
  measure(cell, settings) {
    if ('sessions' in cell) return measureLoaded(cell, settings);
    return isRival(cell) ? measureRival(cell, settings) : measureCell(cell, settings);
  },
};
serveWork(modesWork);

function isRival(cell: VirtualCell | RivalCell): cell is RivalCell {
  return isEmulated(cell.mode);
}

export async function measureVirtual(options: ModesOptions, run: Run): Promise<readonly ModeRow[]> {
  const settings = settingsOf(options);
  if (isTrace(options.drafts)) demandTrace(options);
  await run.begin({ clock: 'virtual', ...settings });
  await using pool = new WorkerPool(modesWork, settings, options.workers);
  return await pool.measureAll(run, 'cells', cellsOf(options), keyOf);
}

export function concludeVirtual(rows: readonly ModeRow[], options: ModesOptions): Conclusion<ModeRow> {
  const idle = rows.filter(({ sessions, rowPrice }) => sessions === undefined && rowPrice === undefined);
  const free = idle.filter(({ stepPerRowMs }) => stepPerRowMs === freeRows.perRowMs);
  const expensive = idle.filter(({ stepPerRowMs }) => stepPerRowMs === expensiveRows.perRowMs);
  const summary = {
    ...summariseModes(free),
    ...withoutGaps({
      ...idleEdgeRatios(free),
      ...loadedEdgeRatios(rows),
      ...pricedRatios(rows),
      streamOverArWorstExpensiveRows: worstOver(expensive, 'stream', 'ar'),
    }),
  };
  const { acceptances, roundTripsMs = usualRoundTripsMs } = options;
  const law = {
    draftMs,
    edgeDraftMs,
    headLevelMs,
    edgeDraftsOverlap: true,
    timeJitter,
    freeRows,
    expensiveRows,
    runnerUpAgreement,
    edgeRunnerUpAgreement: missShares,
    widthCost: usualWidthCost,
    edgeWidthCost: acceleratorWidthCost,
    longestWindow,
    loadedSessions: options.sessions,
  };
  const asked = { modes: virtualModes(options), acceptances, roundTripsMs, ...settingsOf(options) };
  return { rows, summary, params: { clock: 'virtual', ...asked, ...law }, seed: options.seed };
}

function settingsOf({ seed, seeds, tokens, maxAhead, minConfidence, full, drafts }: ModesOptions): VirtualSettings {
  return {
    firstSeed: seed,
    seedCount: seeds,
    tokens: tokens ?? 400,
    maxAhead,
    // The toy's confidence is its acceptance, so all chains of one length are equally good.
    minChainConfidence: minConfidence === 'auto' ? 0 : minConfidence,
    triesAllGammas: full,
    drafts,
  };
}

/** Each seed plays at least one session; hedges need runners-up. @throws OutriderError `bad-argument` */
function demandTrace(options: ModesOptions): void {
  const { header, sessions } = findTrace(options.drafts);
  if (sessions.length < options.seeds) {
    throw badArgument(`the trace has ${sessions.length} sessions`, `give --seeds ${sessions.length} or fewer`);
  }
  const hedged = virtualModes(options).filter((mode) => !isEmulated(mode) && needsSecondChoices(mode));
  if (!header.hasRunnerUps && hedged.length > 0) {
    throw badArgument('the trace holds no runners-up', `record it again, or leave ${hedged} out of --modes`);
  }
}

/** All cells; those with expensive rows and with many sessions come last. */
function cellsOf(options: ModesOptions): AnyCell[] {
  const { roundTripsMs = usualRoundTripsMs } = options;
  const modes = virtualModes(options);
  // A trace has its own.
  const acceptances = isTrace(options.drafts) ? [null] : options.acceptances;
  const cellsAt = (step: StepLaw, chosen: readonly VirtualMode[]): AnyCell[] =>
    chosen.flatMap((mode) =>
      acceptances.flatMap((givenAcceptance) =>
        roundTripsMs.map((roundTripMs) => {
          const at = { givenAcceptance, roundTripMs, step };
          return isEmulated(mode) ? { mode, ...at, givenAcceptance: givenAcceptance ?? 0 } : { mode, ...at };
        }),
      ),
    );
  const alsoExpensive = modes.filter((mode) => expensiveModes.has(mode));
  const own = [...cellsAt(freeRows, modes), ...cellsAt(expensiveRows, alsoExpensive)];
  return [...own, ...pricedCellsOf(options), ...loadedCellsOf(options)];
}

/** `stream-hedged` by the price of a further row. */
function pricedCellsOf(options: ModesOptions): VirtualCell[] {
  const { acceptances, roundTripsMs = usualRoundTripsMs, drafts } = options;
  if (isTrace(drafts) || !acceptances.includes(goalAcceptance)) return [];
  if (!virtualModes(options).includes(hedgedName)) return [];
  const at = { mode: hedgedName, givenAcceptance: goalAcceptance, step: freeRows } as const;
  return (Object.keys(rowPrices) as RowPrice[]).flatMap((rowPrice) =>
    roundTripsMs
      .filter((roundTripMs) => goalRoundTripsMs.includes(roundTripMs))
      .map((roundTripMs) => ({ ...at, roundTripMs, rowPrice })),
  );
}

/** Many sessions on one edge, at the acceptance and the round trips of the goals. */
function loadedCellsOf(options: ModesOptions): LoadedCell[] {
  const { modes, acceptances, roundTripsMs = usualRoundTripsMs } = options;
  if (options.drafts !== 'alike' || !acceptances.includes(goalAcceptance)) return [];
  const chosen: LoadedMode[] = [...loadedModes, ...loadedRivals].filter(
    (mode) => modes === undefined || modes.some((one) => one === mode),
  );
  const roundTrips = roundTripsMs.filter((roundTripMs) => goalRoundTripsMs.includes(roundTripMs));
  return chosen.flatMap((mode) =>
    options.sessions.flatMap((sessions) =>
      roundTrips.flatMap((roundTripMs) => {
        const cell = { mode, sessions, givenAcceptance: goalAcceptance, roundTripMs, step: freeRows };
        return loadedPrices[mode]?.map((widthCost) => ({ ...cell, widthCost })) ?? [cell];
      }),
    ),
  );
}

function keyOf(cell: AnyCell): string {
  const { mode, givenAcceptance, roundTripMs, step } = cell;
  const load =
    'sessions' in cell ? `${cell.sessions} sessions, ${cell.widthCost ?? 'no'} price of an alternative, ` : '';
  const price = 'rowPrice' in cell ? `, ${cell.rowPrice} for a row` : '';
  return `${load}${mode}, acceptance ${givenAcceptance}, ${roundTripMs} ms, ${step.perRowMs} ms a row${price}`;
}

/** @throws OutriderError `bad-argument` for a mode that virtual time does not know, or that is another's on such drafts */
function virtualModes({ modes: asked, drafts }: Pick<ModesOptions, 'modes' | 'drafts'>): VirtualMode[] {
  const own = [...sharedModes, ...virtualOnlyNames];
  const isAlike = drafts === 'alike';
  const usual: readonly RowMode[] = isAlike ? [...own, ...emulatedRivals].filter((mode) => mode !== pipesdName) : own;
  // That one has rows on a loaded edge only.
  const modes = (asked ?? usual).filter((mode) => mode !== mixHeadName);
  if (isAlike && modes.includes(pipesdName))
    throw badArgument('on drafts that are all alike pipesd is psd-windows', 'take that, or --drafts classes');
  if (!isAlike && modes.some(isEmulated)) {
    throw badArgument('emulated rivals draft alike at all positions', 'leave them out, or take --drafts alike');
  }
  const known = modes.filter((mode) => mode !== 'auto').filter((mode) => !isPlain(mode));
  if (known.length === modes.length) return known;
  throw badArgument(
    'auto and plain decoding are measured with real models only',
    'add --clock wall, or leave them out',
  );
}
