// `outrider trial accuracy`: lm-eval, unchanged, on one model file run in three ways: llama.cpp alone, an edge, and a device before this edge that
// drafts. What is written must be the same, and so the scores.

import type { Conclusion, Experiment, Run } from '../../../simulator/runner/experiment.ts';
import { markdownTable } from '../../../simulator/runner/markdown.ts';
import { modelProgress } from '../../../simulator/runner/model-progress.ts';
import { startEdgeProcess } from '../../../src/cli/children/edge-process.ts';
import { type ModelNames, namesOf, pairOption } from '../../../src/cli/options/pair-options.ts';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { OutriderError } from '../../../src/core/basics/errors.ts';
import { describeLaw, freeLaw, type ShapeLaw } from '../../../src/core/decoding/shape-law.ts';
import type { OptionsOf } from '../../../src/core/options/options.ts';
import { openModel } from '../../../src/models/engines/open-model.ts';
import { acquireModel } from '../../../src/models/files/acquire.ts';
import { shippedPath } from '../../../src/models/files/shipped-path.ts';
import type { Exactness } from '../../../src/models/port/model.ts';
import { defaultEdgeProfile } from '../../../src/models/port/profiles.ts';
import { pythonEnvironment } from '../../measuring/python-environment.ts';
import { startServeProcess } from '../../measuring/serve-process.ts';
import { type AccuracyRow, compareWays } from './compare.ts';
import { type AskedWay, type FoundWay, runLmEval } from './lm-eval.ts';
import { startPlainServer } from './plain-server.ts';

const contextLength = 2048;
/** The edge's steps take as long as those of a large model, so that drafts pay; what they compute is the same. */
const profile = defaultEdgeProfile.name;
/** Sessions of the edge, and requests of lm-eval at the same time. */
const places = 4;

/** Most tokens of a call of llama.cpp where nothing is set. */
const usualCall = 512;
/** Printed beside the others, and not compared: {@link usualCall} tokens in a call are no shape of the law. */
const aside = 'plain-512';

/** Tasks whose text is written, and tasks whose text is read. */
const written = ['gsm_step', 'code_line'];
const read = ['gsm_result', 'gsm_ending', 'gsm_perplexity'];

const options = {
  pair: pairOption as typeof pairOption,
  samples: { flag: '--samples <n>', help: 'documents of each task', whole: [1, 40], default: 12, full: 40 },
} as const;

type Options = OptionsOf<typeof options>;

const notes = `Examples:
  outrider trial accuracy --json            the default pair
  outrider trial accuracy --full --json     all documents of each task

It needs the environment of python/lm-eval/setup.py. Tasks with an answer to write (${written.join(', ')}) are run by llama.cpp alone, by the
edge and by "outrider serve" with drafts, at temperature 0, and each answer is compared. Tasks with log-likelihoods (${read.join(', ')})
are run by the edge and by "outrider serve", and each value is compared to its last bit. The edge and "outrider serve" must agree on all.
llama.cpp alone (plain) computes in calls of at most as many tokens as the law of the file allows. It must agree with the others where this law
is "any shape"; where it is another one, other calls round otherwise, and the law is the reason for a difference. Calls of its usual
size (${aside}) are printed beside them and not judged.`;

interface Found {
  readonly ways: readonly FoundWay[];
  readonly lmEval: string;
  readonly plainEngine: string;
  readonly law: ShapeLaw;
  /** Weights as llama.cpp lays them out by itself, or as they are in the file. */
  readonly weights: Exactness['weights'];
  /** Drafts that the device has sent for answers of `serve`, and those that are in them. */
  readonly drafts: { readonly sent: number; readonly accepted: number };
  readonly models: ModelNames;
}

export interface AccuracySummary extends Readonly<Record<string, string | number | boolean>> {
  readonly samples: number;
  readonly equalOutputs: number;
  readonly scores: string;
  readonly equalScores: boolean;
  readonly edgeAgainstServe: number;
  readonly sentDrafts: number;
  readonly acceptedDrafts: number;
  /** Outputs of llama.cpp alone that its calls of the usual size change. */
  readonly usualCallsDiffering: number;
}

export const accuracyTrial: Experiment<typeof options, Found, Conclusion<AccuracyRow, AccuracySummary>> = {
  name: 'trial accuracy',
  lasts: '3 minutes',
  fullLasts: '9',
  description: 'scores by lm-eval: the model alone, by an edge, and with the drafts of a device',
  notes,
  options,
  measure,
  conclude,
  page: ({ rows }) => scoreTable(rows),
  goals: () => ({ edgeAgainstServe: 0, sentDrafts: { atLeast: 1 } }),
};

async function measure({ pair, samples: limit }: Options, run: Run): Promise<Found> {
  const python = pythonEnvironment('lm-eval', '800 MB');
  if ('missing' in python) throw new OutriderError('python-missing', `lm-eval: ${python.missing}`, 'run that first');
  const models = namesOf({ pair });
  const { path } = await acquireModel(models.target, modelProgress(run, models.target));
  await using opened = new CloseStack();
  const edge = await startEdgeProcess(
    ['--model', models.target, '--context', `${contextLength}`, '--sessions', `${places}`, '--profile', profile],
    () => {},
  );
  opened.defer(async () => void (await edge.close()));
  const { law, weights } = await exactnessOf(models.target);
  const serve = opened.use(
    await startServeProcess([
      ...['--edge', edge.url, '--target', models.target, '--draft', models.draft, '--log-level', 'warn'],
      // Mode auto drafts where that saves time, which depends on what else the machine does.
      ...['--mode', 'stream'],
    ]),
  );
  const plain = opened.use(await startPlainServer(path, contextLength, law.most));
  const usual = opened.use(await startPlainServer(path, contextLength, usualCall));
  const model = await modelAt(serve.baseUrl);
  const common = { key: 'none', model, limit, tokenized: true, concurrent: places, tasks: [...written, ...read] };
  const url = (base: string): string => `${base.replace(/^ws/, 'http')}/completions`;
  const alone = { ...common, tasks: written, tokenized: false, concurrent: 1 };
  const ways: readonly AskedWay[] = [
    { ...alone, name: 'plain', url: url(`${plain.url}/v1`) },
    { ...alone, name: aside, url: url(`${usual.url}/v1`) },
    { ...common, name: 'edge', url: url(`${edge.url}/v1`) },
    // The answers of one device share its draft model: one at a time, so that drafts come before the steps that they are for.
    { ...common, name: 'serve', url: url(serve.baseUrl), concurrent: 1 },
  ];
  const job = { folder: shippedPath('laboratory/trials/accuracy/tasks'), tokenizer: plain.url, ways };
  const onWay = (done: number): void => run.onProgress('ways', done, ways.length);
  const { version, ways: found } = await runLmEval(python, job, { signal: run.signal, onWay });
  const drafts = await draftsAt(serve.baseUrl);
  return { ways: found, lmEval: version, plainEngine: plain.engine, law, weights, drafts, models };
}

/** The law by which the edge computes: it has searched it, and keeps it where this process finds it. */
async function exactnessOf(target: string): Promise<Pick<Found, 'law' | 'weights'>> {
  await using model = await openModel(target, { role: 'target', sequences: places, contextLength, exact: true });
  return { law: model.limits.law, weights: model.exactness?.weights ?? 'repacked' };
}

async function modelAt(baseUrl: string): Promise<string> {
  const { data } = (await (await fetch(`${baseUrl}/models`)).json()) as { readonly data: readonly { id: string }[] };
  return data[0]?.id ?? '';
}

async function draftsAt(baseUrl: string): Promise<Found['drafts']> {
  const text = await (await fetch(new URL('/metrics', baseUrl))).text();
  const counted = (what: string): number =>
    Number(new RegExp(`^\\S*spec_decode_num_${what}_tokens_total(?:\\{\\S*\\})? (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
  return { sent: counted('draft'), accepted: counted('accepted') };
}

function conclude({ ways, lmEval, plainEngine, law: found, weights, drafts, models }: Found) {
  const law = `${describeLaw(found)}${weights === 'plain' ? ', weights not repacked' : ''}`;
  const isFree = law === describeLaw(freeLaw);
  const { rows: judged, ...compared } = compareWays(ways.filter(({ way }) => way !== aside));
  const usual = compareWays(ways.filter(({ way }) => way === 'plain' || way === aside));
  const rows = [...judged, ...usual.rows.filter(({ way }) => way === aside)];
  const { samples, equalOutputs, equalScores, edgeAgainstServe, tellingTasks } = compared;
  const isAllEqual = equalOutputs === samples && equalScores;
  const scores = judged.filter(({ way }) => way === 'serve').map(({ task, score }) => `${task} ${shown(score)}`);
  const passed =
    samples > 0 && edgeAgainstServe === 0 && (isAllEqual || !isFree) && tellingTasks > 0 && drafts.sent > 0;
  return {
    rows,
    summary: {
      samples,
      equalOutputs,
      scores: scores.join(', '),
      equalScores,
      edgeAgainstServe,
      sentDrafts: drafts.sent,
      acceptedDrafts: drafts.accepted,
      law,
      usualCallsDiffering: usual.samples - usual.equalOutputs,
    },
    params: { ...models, contextLength, concurrent: places, profile, lmEval, plainEngine },
    remarks: [verdict({ isAllEqual, isFree, law, edgeAgainstServe, other: samples - equalOutputs })],
    passed,
  };
}

function verdict(about: {
  readonly isAllEqual: boolean;
  readonly isFree: boolean;
  readonly law: string;
  readonly edgeAgainstServe: number;
  readonly other: number;
}): string {
  const { isAllEqual, isFree, law, edgeAgainstServe, other } = about;
  if (isAllEqual) return 'every output and every score is the same in all ways';
  if (edgeAgainstServe > 0) return `drafts have changed ${edgeAgainstServe} outputs`;
  const which = `${other} outputs of llama.cpp alone differ from those of the edge`;
  return isFree
    ? `${which}, though the law of the file is "${law}"`
    : `${which}: the law of the file is "${law}", so other calls, or other layouts of weights, round otherwise`;
}

function shown(score: number): string {
  return score.toFixed(3);
}

/** A line for each task, a column for each way. */
function scoreTable(rows: readonly AccuracyRow[]): string {
  const names = [...new Set(rows.map(({ way }) => way))];
  const lines = [...Map.groupBy(rows, ({ task }) => task)].map(([task, own]) => {
    const of = (name: string): AccuracyRow | undefined => own.find(({ way }) => way === name);
    const cells = names.map((name) => {
      const row = of(name);
      return row === undefined ? '-' : `${shown(row.score)} (${row.equalOutputs} of ${row.samples} equal)`;
    });
    return [task, `${own[0]?.samples ?? 0}`, ...cells];
  });
  return markdownTable(['task', 'samples', ...names], lines);
}
