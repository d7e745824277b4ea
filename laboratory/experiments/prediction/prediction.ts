// `outrider bench prediction`: an edit of a file, with the file as `prediction` of the request and without, through the endpoint of
// a device over HTTP. The target is scripted: it writes the edited file, as a model would that can edit.

import type { Experiment, Run, Unit } from '../../../simulator/runner/experiment.ts';
import { columnTable, fixed } from '../../../simulator/runner/markdown.ts';
import type { OptionsOf } from '../../../src/cli/options/options.ts';
import { namesOf, pairOption } from '../../../src/cli/options/pair-options.ts';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { median } from '../../../src/core/basics/statistics.ts';
import type { Document } from '../../../src/files/document.ts';
import { openLlamaTokenizer } from '../../../src/models/engines/llama-tokenizer.ts';
import { acquireModel } from '../../../src/models/files/acquire.ts';
import type { Tokenizer } from '../../../src/models/port/model.ts';
import { findProfile } from '../../../src/models/port/profiles.ts';
import { defaultMaxRows } from '../../../src/processes/edge/edge-options.ts';
import { type StreamedAnswer, strangersKey, streamChat } from '../../measuring/chat-stream.ts';
import { startServeProcess } from '../../measuring/serve-process.ts';
import { combinations } from '../combinations.ts';
import { type Edit, makeEdit } from './edit.ts';
import { startScriptedEdge, unpaced } from './scripted-edge.ts';

/** Lines in the cases that would take minutes with the whole file: without lookup and prediction, and at this machine's own pace. */
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

type Options = OptionsOf<typeof options>;

/** One answer. */
interface WrittenEdit extends Omit<StreamedAnswer, 'text' | 'completionTokens'> {
  readonly isIdentical: boolean;
  readonly tokens: number;
}

/** Hardware of the edge, and whether the file stands in the prompt. */
interface EditCase {
  readonly edge: string;
  readonly lines: number;
  readonly fileInPrompt: boolean;
}

interface Found extends EditCase {
  readonly withoutPrediction: readonly WrittenEdit[];
  readonly withPrediction: readonly WrittenEdit[];
}

export const predictionExperiment: Experiment<typeof options, readonly Found[]> = {
  name: 'bench prediction',
  lasts: '4 minutes',
  fullLasts: '20',
  description: 'an edit of a file of 300 lines, with the file as prediction of the request and without',
  options,
  isResumable: true,
  isTimed: () => true,
  async measure(chosen, run) {
    await run.begin({ ...chosen });
    const { target } = namesOf(chosen);
    const { lines, profiles } = chosen;
    const fewer = Math.min(lines, fewLines);
    const { path } = await acquireModel(target, { signal: run.signal });
    await using tokenizer = await openLlamaTokenizer(path);
    const cases: EditCase[] = [
      ...profiles.map((edge) => ({ edge, lines, fileInPrompt: true })),
      ...profiles.slice(0, 1).map((edge) => ({ edge, lines: fewer, fileInPrompt: false })),
      ...(chosen.pacedOnly ? [] : [{ edge: unpaced, lines: fewer, fileInPrompt: true }]),
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
    const params = { pair, profiles, rtt, repeats, maxRows, lines, target: 'scripted' };
    return { rows, summary, params, passed: summary.textsWrong === 0 };
  },
  page: predictionPage,
  goals: () => ({ withOverWithout: 0.6, textsWrong: 0 }),
};

async function measureCase(one: EditCase, chosen: Options, tokenizer: Tokenizer, run: Run): Promise<Found> {
  const edit = makeEdit(tokenizer, one.fileInPrompt, one.lines);
  const { target, draft } = namesOf(chosen);
  const place = one.fileInPrompt ? 'file in the prompt' : 'file elsewhere';
  let url = '';
  const repeat = Array.from({ length: chosen.repeats }, (_, index) => index);
  const units = combinations({ repeat, predicts: [false, true] }).map(
    (answer): Unit<WrittenEdit> => ({
      key: `${one.edge} ${place} ${answer.predicts ? 'with' : 'without'} ${answer.repeat}`,
      measure: () => writeEdit(url, target, edit, answer.predicts),
    }),
  );
  await using opened = new CloseStack();
  if (!units.every(({ key }) => run.has(key))) {
    const script = { promptLength: edit.promptIds.length, answer: edit.answerIds };
    const { maxRows, rtt } = chosen;
    const edge = opened.use(await startScriptedEdge(one.edge, script, { tokenizer, target, maxRows }));
    const flags = ['--edge', edge.url, '--target', target, '--draft', draft, '--rtt', String(rtt)];
    url = opened.use(await startServeProcess(flags)).baseUrl;
  }
  const written = await run.all(`${one.edge}, ${place}`, units);
  return {
    ...one,
    withoutPrediction: written.filter((_, index) => index % 2 === 0),
    withPrediction: written.filter((_, index) => index % 2 === 1),
  };
}

async function writeEdit(baseUrl: string, model: string, edit: Edit, predicts: boolean): Promise<WrittenEdit> {
  const prediction = predicts ? { prediction: { type: 'content', content: edit.prediction } } : {};
  const body = { model, messages: edit.messages, temperature: 0, ...prediction };
  const { text, completionTokens: tokens, ...measured } = await streamChat({ baseUrl, key: strangersKey(), body });
  return { isIdentical: text === edit.answer, tokens, ...measured };
}

type PredictionRow = ReturnType<typeof rowOf>;

/** Medians of the runs of a case; the ratio is one of medians, and its ends are those of a pair of runs. */
function rowOf({ withoutPrediction, withPrediction, ...edit }: Found) {
  type Figure = Exclude<keyof WrittenEdit, 'isIdentical'>;
  const without = (key: Figure): number => median(withoutPrediction.map((one) => one[key]));
  const predicted = (key: Figure): number => median(withPrediction.map((one) => one[key]));
  const ratios = withPrediction.map(({ ms }, index) => ms / (withoutPrediction[index]?.ms ?? Number.NaN));
  return {
    ...edit,
    runs: withPrediction.length,
    tokens: predicted('tokens'),
    withoutMs: without('ms'),
    withMs: predicted('ms'),
    withOverWithout: predicted('ms') / without('ms'),
    ratioLow: Math.min(...ratios),
    ratioHigh: Math.max(...ratios),
    withoutFirstTextMs: without('firstTextMs'),
    withFirstTextMs: predicted('firstTextMs'),
    acceptedWithout: without('acceptedTokens'),
    acceptedWith: predicted('acceptedTokens'),
    rejectedWithout: without('rejectedTokens'),
    rejectedWith: predicted('rejectedTokens'),
    textsWrong: [...withoutPrediction, ...withPrediction].filter(({ isIdentical }) => !isIdentical).length,
  };
}

function predictionPage({ rows, params }: Document<PredictionRow>): string {
  const { rtt, lines } = params as { readonly rtt: number; readonly lines: number };
  const seconds = (ms: number): string => fixed(ms / 1000, 1);
  const placeOf = ({ fileInPrompt }: EditCase): string => (fileInPrompt ? 'in the prompt' : 'only predicted');
  const ways = combinations({ row: rows, way: ['Without', 'With'] });
  return `## A file of ${lines} lines, one name changed; round trip ${rtt} ms

${columnTable(rows, {
  edge: ({ edge }) => edge,
  lines: ({ lines: count }) => `${count}`,
  file: placeOf,
  runs: ({ runs }) => `${runs}`,
  tokens: ({ tokens }) => `${tokens}`,
  'without, s': ({ withoutMs }) => seconds(withoutMs),
  'with, s': ({ withMs }) => seconds(withMs),
  ratio: ({ withOverWithout }) => fixed(withOverWithout, 3),
  lowest: ({ ratioLow }) => fixed(ratioLow, 3),
  highest: ({ ratioHigh }) => fixed(ratioHigh, 3),
})}

## Drafts of the device, and the first text

${columnTable(ways, {
  edge: ({ row }) => row.edge,
  file: ({ row }) => placeOf(row),
  '': ({ way }) => way.toLowerCase(),
  accepted: ({ row, way }) => `${row[`accepted${way}`]}`,
  rejected: ({ row, way }) => `${row[`rejected${way}`]}`,
  'first text, s': ({ row, way }) => seconds(row[way === 'With' ? 'withFirstTextMs' : 'withoutFirstTextMs']),
})}`;
}
