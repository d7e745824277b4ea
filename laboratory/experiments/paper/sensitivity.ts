// How each claim moves when a value that the paper leaves open is halved or doubled: Fig. 5's reductions, Fig. 6's changes, Fig. 2's window and
// uplink, with everything else as in preset `paper`. Fewer sizes and seeds than the figures.

import { hashTrace, readTrace } from '../../../simulator/files/trace-files.ts';
import type { Unit } from '../../../simulator/runner/experiment.ts';
import type { Trace } from '../../../simulator/traces/trace.ts';
import { baselines } from '../allocation/latency.ts';
import { seedsOf, slotsOf } from '../first-slots.ts';
import { fig2World, playAnswers, taskSources } from './fig2-sessions.ts';
import { bestWindow, type PlayedTask, rateThatSuffices } from './fig2-windows.ts';
import type { CellFound, MeasuredCell } from './fig5-reductions.ts';
import { casesOfFig6, measureFig6 } from './fig6.ts';
import { type Fig6Found, fig6Changes } from './fig6-changes.ts';
import { interpretations } from './interpretations.ts';
import { measureCell } from './measure-cell.ts';
import { type PaperExperiment, paperExperiment } from './paper-experiment.ts';
import { findPolicies } from './paper-policies.ts';
import { type PhysicsFound, physicsCases, physicsPage, physicsRows, physicsUnit } from './physics.ts';
import { type Moved, sensitivityConclusion, slotEstimates } from './sensitivity-page.ts';
import { type Variant, variants } from './sensitivity-values.ts';
import type { Size } from './sizes.ts';

const base: Variant = { value: 'as in the preset', becomes: '', kind: 'other', overrides: [], moves: 'both' };
const taken = interpretations.filter(({ lambdaUnit }) => lambdaUnit === 'per-ms');
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

export const sensitivity: PaperExperiment = paperExperiment({
  figure: 'sensitivity',
  description: 'How the claims move with what the paper leaves open',
  plan({ size, tracePath }) {
    const trace = tracePath === null ? null : readTrace(tracePath);
    const { cells, seedCount, answerCount, variantLimit, physics } = size.sensitivity;
    const tried = [base, ...variants.slice(0, variantLimit)];
    const cases = physicsCases(physics.caseLimit);
    const physicsUnits = cases.map((one) => physicsUnit(one, physics.seedCount, physics.slots));
    return {
      settings: { cells, seedCount, trace: trace && hashTrace(trace), answerCount, tried, physics, cases },
      units: [...variantUnits(), ...physicsUnits] as Unit<VariantFound | PhysicsFound>[],
      tried,
      cases,
    };

    function variantUnits(): Unit<VariantFound>[] {
      return tried.map(
        (variant): Unit<VariantFound> => ({
          key: `${variant.value}: ${variant.becomes}`,
          measure: async () => ({
            slots: variant.moves === 'sessions' ? null : await measureSlots(variant, size),
            sessions: variant.moves === 'slots' ? null : playSessions(variant, size, trace),
          }),
        }),
      );
    }
  },
  conclude(found, { tried, cases }, size) {
    const moved = tried.map((variant, index) => movedBy(variant, found[index] as VariantFound, size));
    const { rows, page, ...rest } = sensitivityConclusion(moved, size.sensitivity);
    const physics = found.slice(tried.length) as PhysicsFound[];
    return {
      ...rest,
      rows: [...rows, ...physicsRows(cases, physics)],
      page: `${page}\n\n${physicsPage(cases, physics, size.sensitivity.physics.slots)}`,
    };
  },
});

function movedBy(variant: Variant, { slots, sessions }: VariantFound, { sensitivity: asked }: Size): Moved {
  const estimatesOf = ({ cells, energy }: SlotsFound): Moved['slots'] => {
    const measured = cells.map((found, index): MeasuredCell => {
      const [deviceCount, serverCount] = asked.cells[index] as readonly [number, number];
      return { deviceCount, serverCount, against: 'devices', found };
    });
    return slotEstimates(measured, fig6Changes(energyCases, energy), asked.seedCount);
  };
  return { variant, slots: slots && estimatesOf(slots), sessions: sessions && sessionEstimates(sessions) };
}

const energyCases = casesOfFig6(['best'], weights, taken, ['band']);

async function measureSlots({ overrides }: Variant, { sensitivity: { cells, seedCount } }: Size): Promise<SlotsFound> {
  const seeds = seedsOf(seedCount);
  const { policies: found } = await findPolicies(policies, []);
  const sizes = cells.map(([deviceCount, serverCount]) => ({ deviceCount, serverCount, overrides }));
  const results: CellFound[] = [];
  for (const size of sizes) results.push(await measureCell(size, seeds, found, taken));
  const states = await slotsOf({ scenario: 'paper', ...(sizes[0] as (typeof sizes)[number]) }, seeds);
  return { cells: results, energy: states.map((state) => measureFig6(state, energyCases, found)) };
}

function playSessions({ overrides }: Variant, size: Size, trace: Trace | null): PlayedTask[] {
  const { hardware, roundTripMs, bytesPerDraft } = fig2World(overrides);
  const settings = { roundTripMs, bytesPerDraft: bytesPerDraft.q16, answerTokens: size.answerTokens };
  const unloaded = hardware.filter(({ name }) => name !== 'loaded edge');
  return unloaded.flatMap((one) =>
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
