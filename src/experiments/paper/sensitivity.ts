// How each claim moves when a value that the paper leaves open is halved or doubled: Fig. 5's reductions, Fig. 6's changes, Fig. 2's window and
// uplink, with everything else as in preset `paper`. Fewer sizes and seeds than the figures.

import type { Trace } from '../../traces/trace.ts';
import { baselines } from '../allocation/latency.ts';
import type { Part, WorkUnit } from '../experiment.ts';
import { slotsOf } from '../first-slots.ts';
import { fig2World, playAnswers, taskSources } from './fig2-sessions.ts';
import { bestWindow, type PlayedTask, rateThatSuffices } from './fig2-windows.ts';
import type { CellFound, MeasuredCell } from './fig5-reductions.ts';
import { casesOfFig6, measureFig6 } from './fig6.ts';
import { type Fig6Found, fig6Changes } from './fig6-changes.ts';
import { findPolicies, type Interpretation, interpretationName, measurePolicies } from './interpretations.ts';
import { type Moved, sensitivityConclusion, slotEstimates } from './sensitivity-page.ts';
import { type Variant, variants } from './sensitivity-values.ts';
import type { Size } from './sizes.ts';

const base: Variant = { value: 'as in the preset', becomes: '', kind: 'other', overrides: [], moves: 'both' };
const interpretations: readonly Interpretation[] = [
  { payloadLaw: 'q16', lambdaUnit: 'per-ms' },
  { payloadLaw: 'ids', lambdaUnit: 'per-ms' },
];
const policies = [...baselines.map((name) => `${name}+equal`), 'tma+equal', 'best'];
const gammas = [1, 2, 3, 4, 6, 8, 10, 15, 20, 25];
const weights = [20, 100];

interface SlotsFound {
  readonly cells: readonly CellFound[];
  readonly energy: readonly Fig6Found[];
}

interface VariantFound {
  readonly slots: SlotsFound | null;
  readonly sessions: readonly PlayedTask[] | null;
}

export function sensitivityPart(size: Size, trace: Trace | null, traceHash: string | null): Part<VariantFound> {
  const { cells, seedCount, answerCount, variantLimit } = size.sensitivity;
  const tried = [base, ...variants.slice(0, variantLimit)];
  const places = cells.map(([deviceCount, serverCount]) => ({ deviceCount, serverCount, against: 'devices' as const }));
  return {
    name: 'sensitivity',
    title: 'How the claims move with what the paper leaves open',
    settings: { figure: 'sensitivity', cells, seedCount, trace: traceHash, answerCount, tried },
    units: tried.map(
      (variant): WorkUnit<VariantFound> => ({
        key: `${variant.value}: ${variant.becomes}`,
        measure: async () => ({
          slots: variant.moves === 'sessions' ? null : await measureSlots(variant, size),
          sessions: variant.moves === 'slots' ? null : playSessions(variant, size, trace),
        }),
      }),
    ),
    conclude(found) {
      const moved = tried.map((variant, index): Moved => {
        const { slots, sessions } = found[index] as VariantFound;
        const measured = slots?.cells.map((one, cell): MeasuredCell => {
          return { ...(places[cell] as (typeof places)[number]), found: one };
        });
        return {
          variant,
          slots:
            slots === null || measured === undefined
              ? null
              : slotEstimates(measured, fig6Changes(energyCases, slots.energy), seedCount),
          sessions: sessions === null ? null : sessionEstimates(sessions),
        };
      });
      return sensitivityConclusion(moved, { seedCount, cells });
    },
  };
}

const energyCases = casesOfFig6(['best'], weights, interpretations, ['band']);

async function measureSlots({ overrides }: Variant, { sensitivity }: Size): Promise<SlotsFound> {
  const { cells, seedCount } = sensitivity;
  const seeds = Array.from({ length: seedCount }, (_, index) => index + 1);
  const { policies: found } = await findPolicies(policies, []);
  const results: CellFound[] = [];
  let energy: readonly Fig6Found[] = [];
  for (const [index, [deviceCount, serverCount]] of cells.entries()) {
    const states = await slotsOf({ scenario: 'paper', deviceCount, serverCount, overrides }, seeds);
    results.push(
      Object.fromEntries(
        interpretations.map((interpretation) => [
          interpretationName(interpretation),
          measurePolicies(states, found, interpretation),
        ]),
      ),
    );
    if (index === 0) energy = states.map((state) => measureFig6(state, energyCases, found));
  }
  return { cells: results, energy };
}

function playSessions({ overrides }: Variant, size: Size, trace: Trace | null): PlayedTask[] {
  const { hardware, roundTripMs, bytesPerDraft } = fig2World(overrides);
  const settings = { roundTripMs, bytesPerDraft: bytesPerDraft.q16, answerTokens: size.answerTokens };
  return hardware.flatMap((one) =>
    taskSources(trace, size.sensitivity.answerCount).map((source): PlayedTask => {
      const cases = size.uplinksMbps
        .filter((uplinkMbps) => uplinkMbps >= 20)
        .flatMap((uplinkMbps) => gammas.map((window) => ({ mode: 'psd' as const, window, uplinkMbps })));
      return {
        kind: source.kind,
        description: source.description,
        hardware: one.name,
        law: 'q16',
        cases: cases.map((played) => ({ ...played, ...playAnswers(source, played, one, settings) })),
      };
    }),
  );
}

function sessionEstimates(tasks: readonly PlayedTask[]): NonNullable<Moved['sessions']> {
  const of = (hardware: PlayedTask['hardware']) => {
    const own = tasks.filter((task) => task.hardware === hardware);
    const top = Math.max(...own.flatMap(({ cases }) => cases.map(({ uplinkMbps }) => uplinkMbps)));
    const [code, summaries] = (['code', 'summarisation'] as const).map((kind) =>
      bestWindow(own.find((task) => task.kind === kind) as PlayedTask, top),
    );
    return { hardware, code, summaries, uplink: rateThatSuffices(own) };
  };
  return [of('preset'), of('one machine')] as NonNullable<Moved['sessions']>;
}
