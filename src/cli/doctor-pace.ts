// How quick each mode would be here: a few measurements of the models, and what the predictor makes of them.

import { median } from '../basics/statistics.ts';
import { type PacePrediction, predictPace } from '../decoding/predict-pace.ts';
import type { PaceFigures } from '../decoding/predict-pace-figures.ts';
import { fitStepTime, type StepTimeSample, stepMs } from '../decoding/step-time.ts';
import type { LanguageModel, ModelSequence } from '../models/model.ts';
import type { LatencyProfile } from '../models/profiles.ts';
import { sampleTokens } from '../models/sample-text.ts';

export interface Measured {
  readonly draftMs: number;
  /** Steps of the target, by rows. */
  readonly stepMs: Readonly<Record<1 | 2 | 4 | 8, number>>;
  /** Share of the target's greedy tokens that the draft would have written. */
  readonly acceptance: number;
  readonly comparedTokens: number;
}

const prompts = [
  'Why is the sky blue?',
  'Write a function that adds two numbers in Python.',
  'Name three animals that live in the sea, and say what they eat.',
];
const answerTokens = 40;
const contextTokens = 64;
const repeats = 7;

/** Takes a few seconds on real models. */
export async function measurePace(target: LanguageModel, draft: LanguageModel): Promise<Measured> {
  const rowCounts = [1, 2, 4, 8] as const;
  const samples = await timeSteps(target, rowCounts);
  const [drafts] = [await timeSteps(draft, [1])];
  const ofRows = (rows: number): number => median(samples.filter((one) => one.rows === rows).map(({ ms }) => ms));
  let [matched, compared] = [0, 0];
  for (const prompt of prompts) {
    const text = target.tokenizer.encodeChat([{ role: 'user', content: prompt }]);
    const answer = await writeGreedily(target, text);
    matched += await countAgreeing(draft, text, answer);
    compared += answer.length;
  }
  return {
    draftMs: Math.max(0.01, median(drafts.map(({ ms }) => ms))),
    stepMs: { 1: ofRows(1), 2: ofRows(2), 4: ofRows(4), 8: ofRows(8) },
    acceptance: matched / compared,
    comparedTokens: compared,
  };
}

async function timeSteps(model: LanguageModel, rowCounts: readonly number[]): Promise<StepTimeSample[]> {
  const text = sampleTokens(model.tokenizer, contextTokens + Math.max(...rowCounts));
  return withSequence(model, async (sequence) => {
    await append(model, sequence, text.slice(0, contextTokens), 0);
    const samples: StepTimeSample[] = [];
    // The first round is not counted: caches are cold.
    for (let repeat = 0; repeat <= repeats; repeat += 1) {
      for (const rows of rowCounts) {
        const startMs = performance.now();
        await append(model, sequence, text.slice(contextTokens, contextTokens + rows), rows);
        if (repeat > 0) samples.push({ rows, ms: performance.now() - startMs });
        await sequence.truncate(contextTokens);
      }
    }
    return samples;
  });
}

async function writeGreedily(model: LanguageModel, prompt: readonly number[]): Promise<number[]> {
  return withSequence(model, async (sequence) => {
    const answer: number[] = [];
    let best = await append(model, sequence, prompt, 1);
    while (answer.length < answerTokens) {
      const [id] = best;
      if (id === undefined || model.tokenizer.endIds.has(id)) break;
      answer.push(id);
      best = await append(model, sequence, [id], 1);
    }
    return answer;
  });
}

/** How many ids of the answer the model would have written itself, given all that come before. */
async function countAgreeing(model: LanguageModel, prompt: readonly number[], answer: readonly number[]) {
  return withSequence(model, async (sequence) => {
    const first = await append(model, sequence, prompt, 1);
    const later = await append(model, sequence, answer, answer.length);
    return answer.filter((id, at) => (at === 0 ? first[0] : later[at - 1]) === id).length;
  });
}

/** The best candidate after each of the last `rows` tokens; in calls that the model takes. */
async function append(model: LanguageModel, sequence: ModelSequence, tokens: readonly number[], rows: number) {
  const best: (number | undefined)[] = [];
  const most = model.limits.maxItemTokens;
  for (let at = 0; at < tokens.length; at += most) {
    const part = tokens.slice(at, at + most);
    const wanted = Math.max(0, Math.min(part.length, at + part.length - (tokens.length - rows)));
    const [found] = await model.evaluate([{ sequence, tokens: part, rows: wanted }]);
    best.push(...(found ?? []).map(({ ids }) => ids[0]));
  }
  return best;
}

async function withSequence<Value>(model: LanguageModel, work: (sequence: ModelSequence) => Promise<Value>) {
  const sequence = model.openSequence();
  try {
    return await work(sequence);
  } finally {
    await sequence.release();
  }
}

export interface Pace {
  readonly predictions: readonly PacePrediction[];
  readonly quickest: PacePrediction;
  /** Why, in a sentence. */
  readonly why: string;
}

/** Both models on this machine, nothing paced. */
export function paceHere(measured: Measured, roundTripMs: number): Pace {
  const samples = Object.entries(measured.stepMs).map(([rows, ms]) => ({ rows: Number(rows), ms: Math.max(0.01, ms) }));
  const fitted = fitStepTime(samples);
  return paceOf({ ...figuresOf(measured, roundTripMs), stepMs: (rows) => stepMs(fitted, rows) });
}

/** The target on the profile's hardware; device and draft as measured here. */
export function pacePaced(measured: Measured, roundTripMs: number, profile: LatencyProfile): Pace {
  return paceOf({
    ...figuresOf(measured, roundTripMs),
    stepMs: (rows) => profile.stepMs + profile.rowMs * rows,
    maxDrafts: Math.max(1, profile.rowCap - 1),
  });
}

function figuresOf({ draftMs, acceptance }: Measured, roundTripMs: number): Omit<PaceFigures, 'stepMs'> {
  return { draftMs, edgeDraftMs: draftMs, acceptance, roundTripMs };
}

function paceOf(figures: PaceFigures): Pace {
  const predictions = predictPace(figures);
  const [quickest] = predictions;
  if (quickest === undefined) throw new Error('no mode was predicted');
  return { predictions, quickest, why: explain(figures, predictions, quickest) };
}

function explain(figures: PaceFigures, predictions: readonly PacePrediction[], quickest: PacePrediction): string {
  const alone = predictions.find(({ mode }) => mode === 'ar')?.msPerToken ?? quickest.msPerToken;
  const percent = `${Math.round(figures.acceptance * 100)} % of the drafts hold`;
  const rows = `a step over 4 rows takes ${(figures.stepMs(4) / figures.stepMs(1)).toFixed(1)} times one over a single row`;
  if (quickest.mode === 'ar') return `${percent} and ${rows}, so drafts save less than they cost`;
  const ratio = `${(quickest.msPerToken / alone).toFixed(2)} of the edge alone`;
  const speed = `the target's step takes ${(figures.stepMs(1) / figures.draftMs).toFixed(1)} drafts`;
  return `${ratio}: ${percent}, ${speed}, ${rows}`;
}
