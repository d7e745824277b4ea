// `outrider bench prediction`: an edit of a file, with the file as `prediction` of the request and without, through the endpoint of
// a device over HTTP. The target is scripted: it writes the edited file, as a model would that can edit.

import type { Conclusion, Experiment, Run, Unit } from '../../../simulator/runner/experiment.ts';
import { startServeProcess } from '../../../src/cli/children/serve-process.ts';
import { namesOf, pairOption } from '../../../src/cli/options/pair-options.ts';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { median } from '../../../src/core/basics/statistics.ts';
import { openLlamaTokenizer } from '../../../src/models/engines/llama-tokenizer.ts';
import { acquireModel } from '../../../src/models/files/acquire.ts';
import type { Tokenizer } from '../../../src/models/port/model.ts';
import { findProfile } from '../../../src/models/port/profiles.ts';
import { defaultMaxRows } from '../../../src/processes/edge/edge-options.ts';
import { streamChat } from '../../measuring/chat-stream.ts';
import { type Edit, makeEdit } from './edit.ts';
import { type EditCase, type PredictionRow, predictionPage, type WrittenEdit } from './page.ts';
import { type Script, startScriptedEdge, unpaced } from './scripted-edge.ts';

/** Of the cases that would take minutes with the whole file: without lookup and prediction, and at this machine's own pace. */
const fewLines = 100;

const defaultProfiles = ['edge-70b-a6000', 'edge-70b-a100x2', 'edge-8b-rtx4090'];

/** @throws OutriderError `bad-argument` */
function profileList(text: string): readonly string[] {
  return text.split(',').map((name) => findProfile(name).name);
}

const options = {
  pair: pairOption as typeof pairOption,
  profiles: {
    flag: '--profiles <name,...>',
    help: 'hardware that the edge is paced to; the first one is that of the summary',
    parse: profileList as (text: string) => readonly string[],
    default: defaultProfiles as readonly string[],
  },
  rtt: { flag: '--rtt <ms>', help: 'round trip between device and edge', number: [0, 10_000], default: 10 },
  repeats: {
    flag: '--repeats <count>',
    help: 'edits of each case, with a prediction and without',
    whole: [1, 100],
    default: 2,
    full: 3,
  },
  maxRows: {
    flag: '--max-rows <count>',
    help: 'most tokens in a step of the edge; default: that of "outrider edge"',
    whole: [1, 63],
    default: defaultMaxRows as number,
  },
  lines: { flag: '--lines <count>', help: 'lines of the file', whole: [20, 300], default: 60, full: 300 },
  pacedOnly: { flag: '--paced-only', help: 'leave out the case without latency emulation, which needs the target' },
} as const;

type Options = Parameters<typeof predictionExperiment.conclude>[1];

interface Found extends EditCase {
  readonly withoutPrediction: readonly WrittenEdit[];
  readonly withPrediction: readonly WrittenEdit[];
}

export const predictionExperiment: Experiment<typeof options, readonly Found[], Conclusion<PredictionRow>> = {
  name: 'bench prediction',
  lasts: '4 minutes',
  fullLasts: '20',
  description: 'an edit of a file of 300 lines, with the file as prediction of the request and without',
  options,
  isResumable: true,
  async measure(chosen, run) {
    await run.begin({ ...chosen });
    const { target } = namesOf(chosen);
    const { lines } = chosen;
    const { path } = await acquireModel(target, { signal: run.signal });
    await using tokenizer = await openLlamaTokenizer(path);
    const cases: EditCase[] = [
      ...chosen.profiles.map((edge) => ({ edge, lines, fileInPrompt: true })),
      ...chosen.profiles.slice(0, 1).map((edge) => ({ edge, lines: Math.min(lines, fewLines), fileInPrompt: false })),
      ...(chosen.pacedOnly === true ? [] : [{ edge: unpaced, lines: Math.min(lines, fewLines), fileInPrompt: true }]),
    ];
    const found: Found[] = [];
    for (const one of cases) found.push(await measureCase(one, chosen, tokenizer, run));
    return found;
  },
  conclude(found, { pair, profiles, rtt, repeats, maxRows, lines }) {
    const rows = found.map(rowOf);
    const [first] = rows;
    const summary = {
      withOverWithout: first?.withOverWithout ?? null,
      acceptedPredictionTokens: first?.acceptedWith ?? null,
      fileNotInPrompt: rows.find(({ fileInPrompt }) => !fileInPrompt)?.withOverWithout ?? null,
      unpaced: rows.find(({ edge }) => edge === unpaced)?.withOverWithout ?? null,
      textsWrong: rows.reduce((sum, { textsWrong }) => sum + textsWrong, 0),
    };
    return {
      rows,
      summary,
      params: { pair, profiles, rtt, repeats, maxRows, lines, target: 'scripted' },
      passed: summary.textsWrong === 0,
    };
  },
  page: predictionPage,
  goals: () => ({ withOverWithout: 0.6, textsWrong: 0 }),
};

async function measureCase(one: EditCase, chosen: Options, tokenizer: Tokenizer, run: Run): Promise<Found> {
  const edit = makeEdit(tokenizer, one.fileInPrompt, one.lines);
  const keyOf = (repeat: number, predicts: boolean): string =>
    `${one.edge} ${one.fileInPrompt ? 'file in the prompt' : 'file elsewhere'} ${predicts ? 'with' : 'without'} ${repeat}`;
  const pairs = Array.from({ length: chosen.repeats }, (_, repeat) =>
    [false, true].map((predicts) => ({ predicts, key: keyOf(repeat, predicts) })),
  ).flat();
  const names = namesOf(chosen);
  await using opened = new CloseStack();
  const isKnown = pairs.every(({ key }) => run.has(key));
  const url = isKnown ? '' : await openBench(one.edge, edit, { ...chosen, ...names, tokenizer }, opened);
  const units = pairs.map(
    ({ predicts, key }): Unit<WrittenEdit> => ({
      key,
      measure: () => writeEdit(url, names.target, edit, predicts),
    }),
  );
  const written = await run.all(`${one.edge}, ${one.fileInPrompt ? 'file in the prompt' : 'file elsewhere'}`, units);
  return {
    ...one,
    withoutPrediction: written.filter((_, index) => index % 2 === 0),
    withPrediction: written.filter((_, index) => index % 2 === 1),
  };
}

interface BenchParts {
  readonly target: string;
  readonly draft: string;
  readonly rtt: number;
  readonly maxRows: number;
  readonly tokenizer: Tokenizer;
}

/** @returns where the endpoint is reached */
async function openBench(
  hardware: string,
  { promptIds, answerIds }: Edit,
  { target, draft, rtt, maxRows, tokenizer }: BenchParts,
  opened: CloseStack,
): Promise<string> {
  const script: Script = { promptLength: promptIds.length, answer: answerIds };
  const edge = opened.use(await startScriptedEdge(hardware, script, { tokenizer, target, maxRows }));
  const flags = ['--edge', edge.url, '--target', target, '--draft', draft, '--rtt', String(rtt)];
  return opened.use(await startServeProcess(flags)).baseUrl;
}

async function writeEdit(baseUrl: string, model: string, edit: Edit, predicts: boolean): Promise<WrittenEdit> {
  const prediction = predicts ? { prediction: { type: 'content', content: edit.prediction } } : {};
  const body = { model, messages: edit.messages, temperature: 0, ...prediction };
  const { text, completionTokens: tokens, ...measured } = await streamChat({ baseUrl, body });
  return { isIdentical: text === edit.answer, tokens, ...measured };
}

function rowOf({ edge, lines, fileInPrompt, withoutPrediction, withPrediction }: Found): PredictionRow {
  const of = (runs: readonly WrittenEdit[], key: Exclude<keyof WrittenEdit, 'isIdentical'>): number =>
    median(runs.map((one) => one[key]));
  const ratios = withPrediction.map(({ ms }, index) => ms / (withoutPrediction[index]?.ms ?? Number.NaN));
  const withoutMs = of(withoutPrediction, 'ms');
  const withMs = of(withPrediction, 'ms');
  return {
    edge,
    lines,
    fileInPrompt,
    runs: withPrediction.length,
    tokens: of(withPrediction, 'tokens'),
    withoutMs,
    withMs,
    withOverWithout: withMs / withoutMs,
    ratioLow: Math.min(...ratios),
    ratioHigh: Math.max(...ratios),
    withoutFirstTextMs: of(withoutPrediction, 'firstTextMs'),
    withFirstTextMs: of(withPrediction, 'firstTextMs'),
    acceptedWithout: of(withoutPrediction, 'acceptedTokens'),
    acceptedWith: of(withPrediction, 'acceptedTokens'),
    rejectedWithout: of(withoutPrediction, 'rejectedTokens'),
    rejectedWith: of(withPrediction, 'rejectedTokens'),
    textsWrong: [...withoutPrediction, ...withPrediction].filter(({ isIdentical }) => !isIdentical).length,
  };
}
