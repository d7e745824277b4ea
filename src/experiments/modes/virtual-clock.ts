// The cells of `outrider bench modes --clock virtual`: the protocol machines of every mode in virtual time, over acceptance and round trip.
// The results do not depend on the speed or load of the machine.

import { badArgument } from '../../basics/errors.ts';
import type { Conclusion, Run } from '../../laboratory/experiment.ts';
import { headLevelMs, type RivalCell } from './emulated-rivals.ts';
import { idleEdgeRatios } from './families.ts';
import {
  type EmulatedRival,
  emulatedRivals,
  type ModeRow,
  type RowMode,
  summariseModes,
  withoutGaps,
  worstOver,
} from './metrics.ts';
import { type ModesOptions, sharedModes } from './options.ts';
import { draftMs, edgeDraftMs, longestWindow, type VirtualCell, type VirtualSettings } from './virtual-cell.ts';
import { WorkerPool } from './worker-pool.ts';

/** A GPU's rows are nearly free; a CPU's cost about as much as a step. */
const freeRows = { fixedMs: 40, perRowMs: 0.4 };
const expensiveRows = { fixedMs: 4, perRowMs: 36 };
/** The modes that are measured with expensive rows, too. */
const expensiveModes: ReadonlySet<VirtualMode> = new Set(['ar', 'stream']);
/** A mode of the protocol's machines, or an emulated rival. */
type VirtualMode = VirtualCell['mode'] | EmulatedRival;

const usualRoundTripsMs = [0, 4, 10, 30, 60, 100, 200];

export async function measureVirtual(options: ModesOptions, run: Run): Promise<readonly ModeRow[]> {
  const settings = settingsOf(options);
  await run.begin({ clock: 'virtual', ...settings });
  await using pool = new WorkerPool(settings, options.workers);
  const units = cellsOf(options).map((cell) => ({ key: keyOf(cell), measure: () => pool.measure(cell) }));
  return await run.all('cells', units, options.workers);
}

export function concludeVirtual(rows: readonly ModeRow[], options: ModesOptions): Conclusion<ModeRow> {
  const free = rows.filter(({ stepPerRowMs }) => stepPerRowMs === freeRows.perRowMs);
  const expensive = rows.filter(({ stepPerRowMs }) => stepPerRowMs === expensiveRows.perRowMs);
  const summary = {
    ...summariseModes(free),
    ...withoutGaps({
      ...idleEdgeRatios(free),
      streamOverArWorstExpensiveRows: worstOver(expensive, 'stream', 'ar'),
    }),
  };
  const { acceptances, roundTripsMs = usualRoundTripsMs } = options;
  const law = { draftMs, edgeDraftMs, headLevelMs, timeJitter: 0.2, freeRows, expensiveRows, longestWindow };
  const asked = { modes: virtualModes(options), acceptances, roundTripsMs, ...settingsOf(options) };
  return { rows, summary, params: { clock: 'virtual', ...asked, ...law }, seed: options.seed };
}

function settingsOf({ seed, seeds, tokens, maxAhead, minConfidence, full }: ModesOptions): VirtualSettings {
  return {
    firstSeed: seed,
    seedCount: seeds,
    tokens: tokens ?? 400,
    maxAhead,
    // The toy's confidence is its acceptance, so all chains of one length are equally good.
    minChainConfidence: minConfidence === 'auto' ? 0 : minConfidence,
    triesAllGammas: full,
  };
}

/** All cells; those with expensive rows come last. */
function cellsOf(options: ModesOptions): (VirtualCell | RivalCell)[] {
  const { acceptances, roundTripsMs = usualRoundTripsMs } = options;
  const modes = virtualModes(options);
  const cellsAt = (step: VirtualCell['step'], chosen: readonly VirtualMode[]): (VirtualCell | RivalCell)[] =>
    chosen.flatMap((mode) =>
      acceptances.flatMap((givenAcceptance) =>
        roundTripsMs.map((roundTripMs) => ({ mode, givenAcceptance, roundTripMs, step })),
      ),
    );
  const alsoExpensive = modes.filter((mode) => expensiveModes.has(mode));
  return [...cellsAt(freeRows, modes), ...cellsAt(expensiveRows, alsoExpensive)];
}

function keyOf({ mode, givenAcceptance, roundTripMs, step }: VirtualCell | RivalCell): string {
  return `${mode}, acceptance ${givenAcceptance}, ${roundTripMs} ms, ${step.perRowMs} ms a row`;
}

/** @throws OutriderError `bad-argument` for a mode that virtual time does not know */
function virtualModes(options: { readonly modes?: readonly RowMode[] | undefined }): VirtualMode[] {
  const { modes = [...sharedModes, ...emulatedRivals] } = options;
  const known = modes.filter((mode) => mode !== 'auto' && mode !== 'ar-native');
  if (known.length === modes.length) return known;
  throw badArgument('auto and ar-native are measured with real models only', 'add --clock wall, or leave them out');
}
