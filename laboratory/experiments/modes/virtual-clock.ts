// The cells of `outrider bench modes --clock virtual`: the protocol machines of every mode in virtual time, over acceptance and round trip.
// The results do not depend on the speed or load of the machine.

import { findTrace } from '../../../simulator/files/shipped-traces.ts';
import type { Conclusion, Run } from '../../../simulator/runner/experiment.ts';
import { serveWork, type Work, WorkerPool } from '../../../simulator/runner/worker-pool.ts';
import { usualWidthCost } from '../../../simulator/virtual-time/device.ts';
import { badArgument } from '../../../src/core/basics/errors.ts';
import {
  acceleratorWidthCost,
  goalAcceptance,
  goalRoundTripsMs,
  hedgedName,
  isPlain,
  type ModeRow,
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
  missShares,
  runnerUpAgreement,
  timeJitter,
  type VirtualCell,
  type VirtualSettings,
} from './virtual-cell.ts';

/** The modes that are measured with expensive rows, too. */
const expensiveModes: ReadonlySet<VirtualMode> = new Set(['ar', 'stream']);
type VirtualMode = VirtualCell['mode'];

export const modesWork: Work<VirtualCell, ModeRow, VirtualSettings> = {
  role: 'outrider bench modes',
  file: import.meta.url,
  measure: measureCell,
};
serveWork(modesWork);

export async function measureVirtual(options: ModesOptions, run: Run): Promise<readonly ModeRow[]> {
  const settings = settingsOf(options);
  if (isTrace(options.drafts)) demandTrace(options);
  await run.begin({ clock: 'virtual', ...settings });
  await using pool = new WorkerPool(modesWork, settings, options.workers);
  return await pool.measureAll(run, 'cells', cellsOf(options), keyOf);
}

export function concludeVirtual(rows: readonly ModeRow[], options: ModesOptions): Conclusion<ModeRow> {
  const idle = rows.filter(({ rowPrice }) => rowPrice === undefined);
  const free = idle.filter(({ stepPerRowMs }) => stepPerRowMs === freeRows.perRowMs);
  const expensive = idle.filter(({ stepPerRowMs }) => stepPerRowMs === expensiveRows.perRowMs);
  const summary = {
    ...summariseModes(free),
    ...withoutGaps({
      ...pricedRatios(rows),
      streamOverArWorstExpensiveRows: worstOver(expensive, 'stream', 'ar'),
    }),
  };
  const { acceptances, roundTripsMs = usualRoundTripsMs } = options;
  const law = {
    draftMs,
    edgeDraftMs,
    edgeDraftsOverlap: true,
    timeJitter,
    freeRows,
    expensiveRows,
    runnerUpAgreement,
    edgeRunnerUpAgreement: missShares,
    widthCost: usualWidthCost,
    edgeWidthCost: acceleratorWidthCost,
    longestWindow,
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
  const hedged = virtualModes(options).filter(needsSecondChoices);
  if (!header.hasRunnerUps && hedged.length > 0) {
    throw badArgument('the trace holds no runners-up', `record it again, or leave ${hedged} out of --modes`);
  }
}

/** All cells; those with expensive rows come after the others, and those with a price of a row last. */
function cellsOf(options: ModesOptions): VirtualCell[] {
  const { roundTripsMs = usualRoundTripsMs } = options;
  const modes = virtualModes(options);
  // A trace has its own.
  const acceptances = isTrace(options.drafts) ? [null] : options.acceptances;
  const cellsAt = (step: StepLaw, chosen: readonly VirtualMode[]): VirtualCell[] =>
    chosen.flatMap((mode) =>
      acceptances.flatMap((givenAcceptance) =>
        roundTripsMs.map((roundTripMs) => ({ mode, givenAcceptance, roundTripMs, step })),
      ),
    );
  const alsoExpensive = modes.filter((mode) => expensiveModes.has(mode));
  return [...cellsAt(freeRows, modes), ...cellsAt(expensiveRows, alsoExpensive), ...pricedCellsOf(options)];
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

function keyOf(cell: VirtualCell): string {
  const { mode, givenAcceptance, roundTripMs, step } = cell;
  const price = cell.rowPrice !== undefined ? `, ${cell.rowPrice} for a row` : '';
  return `${mode}, acceptance ${givenAcceptance}, ${roundTripMs} ms, ${step.perRowMs} ms a row${price}`;
}

/** @throws OutriderError `bad-argument` for a mode that virtual time does not know, or that is another's on such drafts */
function virtualModes({ modes: asked, drafts }: Pick<ModesOptions, 'modes' | 'drafts'>): VirtualMode[] {
  const hasThresholds = drafts !== 'alike';
  const usual: readonly RowMode[] = [...sharedModes, ...virtualOnlyNames];
  const modes = asked ?? usual.filter((mode) => mode !== pipesdName || hasThresholds);
  if (modes.includes(pipesdName) && !hasThresholds)
    throw badArgument('on drafts that are all alike pipesd is psd-windows', 'take that, or --drafts classes');
  const known = modes.filter((mode) => mode !== 'auto').filter((mode) => !isPlain(mode));
  if (known.length === modes.length) return known;
  throw badArgument(
    'auto and plain decoding are measured with real models only',
    'add --clock wall, or leave them out',
  );
}
