// `stream` against plain decoding by each engine that is measured, for code and for prose apart, each with the bound that the engine's step
// times set. Pure.

import { addCounts, tpotMs } from '../../../simulator/runner/session-metrics.ts';
import { mean, median } from '../../../src/core/basics/statistics.ts';
import { type BenchMode, type PlainMode, withoutGaps } from './metrics.ts';
import { boundOverNative, isVoid, type StepFigures, type WallRun, type WallText } from './wall-runs.ts';

const roundTripMs = 10;
/** Plain decoding by the bench's engine and by llama.cpp: with the threads of `stream`, and with all cores. */
const plain: readonly PlainMode[] = ['ar-native', 'ar-llama'];
const plainWithCores: readonly PlainMode[] = ['ar-native-cores', 'ar-llama-cores'];

export const kinds = ['Code', 'Prose'] as const;
type Kind = (typeof kinds)[number];

export function kindOf(prompt: string): Kind {
  return prompt.startsWith('humaneval/') ? 'Code' : 'Prose';
}

/** Empty where llama.cpp was not measured beside another engine. */
export function plainRatios(runs: readonly WallRun[], steps: StepFigures | null): Record<string, number> {
  if (!runs.some(({ mode }) => mode === 'ar-llama')) return {};
  return Object.assign({}, ...kinds.map((kind) => withoutGaps(ratiosOf(kind, runs, steps))));
}

function ratiosOf(kind: Kind, runs: readonly WallRun[], steps: StepFigures | null): Record<string, number> {
  const counted = runs.filter((run) => run.roundTripMs === roundTripMs && !isVoid(run));
  const textsOf = (run: WallRun): WallText[] => run.texts.filter(({ prompt }) => kindOf(prompt) === kind);
  const tpotOf = (mode: BenchMode): number => {
    const ofMode = counted.filter((run) => run.mode === mode && textsOf(run).length > 0);
    return ofMode.length === 0 ? Number.NaN : median(ofMode.map((run) => tpotMs(addCounts(textsOf(run)))));
  };
  const quickest = (modes: readonly PlainMode[]): number => Math.min(...modes.map(tpotOf));
  const drafted = counted.filter(({ mode }) => mode === 'stream').flatMap(textsOf);
  const acceptance = mean(drafted.map((text) => text.acceptance).filter((value) => value !== null));
  const boundOver = (modes: readonly PlainMode[]): number => {
    const nativeMs = Math.min(...modes.map((mode) => steps?.plainMs?.[mode] ?? Number.NaN));
    return steps === null ? Number.NaN : boundOverNative({ ...steps, nativeMs }, acceptance);
  };
  return {
    [`streamOverBestNativeRtt10${kind}`]: tpotOf('stream') / quickest(plain),
    [`boundOverBestNative${kind}`]: boundOver(plain),
    [`streamOverLlamaNativeRtt10${kind}`]: tpotOf('stream') / tpotOf('ar-llama'),
    [`boundOverLlamaNative${kind}`]: boundOver(['ar-llama']),
    [`streamOverBestNativeCoresRtt10${kind}`]: tpotOf('stream') / quickest(plainWithCores),
    [`streamAcceptance${kind}`]: acceptance,
  };
}
