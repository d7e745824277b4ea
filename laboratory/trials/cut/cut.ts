// `outrider trial cut`: the server that writes an answer is killed at its 20th token. What an app gets behind LiteLLM's mid-stream fallback, and
// behind `outrider serve` with two edges.

import type { Conclusion, Experiment, Run } from '../../../simulator/runner/experiment.ts';
import { markdownTable } from '../../../simulator/runner/markdown.ts';
import { type EdgeProcess, startEdgeProcess } from '../../../src/cli/children/edge-process.ts';
import type { OptionsOf } from '../../../src/cli/options/options.ts';
import { type ModelNames, namesOf, pairOption } from '../../../src/cli/options/pair-options.ts';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { defaultEdgeProfile } from '../../../src/models/port/profiles.ts';
import { startServeProcess } from '../../measuring/serve-process.ts';
import { alike, type Compared, type CutStream, compare, type Part } from './compare.ts';
import { type CutAsk, openLitellm, plainStream, type Stream, type Way } from './streams.ts';

const options = {
  full: { flag: '--full', help: 'real models, those of --pair, in place of toys' },
  pair: pairOption as typeof pairOption,
} as const;

const notes = `It starts two edges, asks the second for a text, and then asks for the same text by each way, and kills the first edge (SIGKILL) as
soon as the app has 20 tokens. Ways: litellm's Router with the second edge as fallback of the first, as it is by default; the same with
enable_mid_stream_fallback_continuation, which asks the second edge to continue the text that was sent; and "outrider serve --edge A --edge B".
The exit status is 1 if the text behind outrider serve is another one.

Examples:
  outrider trial cut --json
  outrider trial cut --full --json      the default pair`;

const toy = 'toy:1';
const killAt = 20;
/** Toys wait for most of the time. */
const toysAtOnce = 3;
const question = 'Why is the sky blue? Answer in three sentences.';
const temperatures = [0, 0.8] as const;
const ownWay = 'outrider serve, two edges';

export interface CutRow extends Compared {
  readonly way: string;
  readonly temperature: number;
  /** Tokens of the text without a fault. */
  readonly tokens: number;
  /** How it ended for the app. */
  readonly end: string;
}

interface Found {
  readonly rows: readonly CutRow[];
  readonly skipped: readonly string[];
  readonly models: ModelNames;
}

export const cutTrial: Experiment<typeof options, Found, Conclusion<CutRow>> = {
  name: 'trial cut',
  lasts: '1 minute',
  fullLasts: '3 minutes',
  description:
    'kill the server of an answer at its 20th token: what an app gets behind LiteLLM, and behind outrider serve',
  notes,
  options,
  measure,
  conclude,
  page: ({ rows }) => cutTable(rows),
};

async function measure({ full, pair }: OptionsOf<typeof options>, run: Run): Promise<Found> {
  const models = full ? namesOf({ pair }) : { target: toy, draft: toy };
  const profile = full ? defaultEdgeProfile.name : 'edge-8b-rtx4090';
  const flags = ['--model', models.target, '--profile', profile, '--context', '1024'];
  const references = new Map<number, Promise<readonly string[]>>();
  await using opened = new CloseStack();
  const litellm = openLitellm();
  if (!('missing' in litellm)) opened.use(litellm);
  const second = await startEdgeProcess(flags, () => {});
  opened.defer(async () => void (await second.close()));
  const others: readonly Way[] =
    'missing' in litellm
      ? []
      : [
          { name: 'LiteLLM, fallback', stream: litellm.streamOf(false) },
          { name: 'LiteLLM, fallback that continues', stream: litellm.streamOf(true) },
        ];
  const ways = [...others, { name: ownWay, stream: plainStream }];
  const units = temperatures.flatMap((temperature) =>
    ways.map(({ name, stream }) => ({
      key: `${name}, ${temperature}`,
      measure: () => cutOnce({ name, stream, flags, models, second, references }, temperature),
    })),
  );
  const skipped = 'missing' in litellm ? [`LiteLLM: ${litellm.missing}`] : [];
  return { rows: await run.all('streams', units, full ? 1 : toysAtOnce), skipped, models };
}

interface Cut {
  readonly name: string;
  readonly stream: Stream;
  readonly flags: readonly string[];
  readonly models: ModelNames;
  readonly second: EdgeProcess;
  /** The tokens of the text without a fault, by temperature. */
  readonly references: Map<number, Promise<readonly string[]>>;
}

async function referenceOf(ask: CutAsk, base: string): Promise<readonly string[]> {
  const tokens: string[] = [];
  await plainStream(ask, [base], (text) => tokens.push(text));
  return tokens;
}

async function cutOnce({ name, stream, flags, models, second, references }: Cut, temperature: number): Promise<CutRow> {
  const messages = [{ role: 'user', content: question }] as const;
  const fields = { messages, temperature, seed: 7, max_tokens: 96 };
  const model = models.target;
  const known = references.get(temperature) ?? referenceOf({ model, fields }, baseOf(second));
  references.set(temperature, known);
  const reference = await known;
  await using opened = new CloseStack();
  const first = await startEdgeProcess(flags, () => {});
  opened.defer(async () => void (await first.close().catch(() => {})));
  const bases = [baseOf(first), baseOf(second)];
  if (name === ownWay) {
    const edges = [first, second].flatMap(({ url }) => ['--edge', url]);
    const serve = await startServeProcess([...edges, '--target', model, '--draft', models.draft]);
    opened.use(serve);
    bases.unshift(serve.baseUrl);
  }
  const cut = await killedAt(stream, { model, fields }, { bases, first, reference });
  return { way: name, temperature, tokens: reference.length, ...compare(cut, reference), end: cut.end };
}

async function killedAt(
  stream: Stream,
  ask: CutAsk,
  about: { readonly bases: readonly string[]; readonly first: EdgeProcess; readonly reference: readonly string[] },
): Promise<CutStream> {
  const { bases, first, reference } = about;
  const parts: Part[] = [];
  let text = '';
  let killedMs: number | null = null;
  const end = await stream(ask, bases, (part) => {
    parts.push({ text: part, atMs: performance.now() });
    text += part;
    if (killedMs !== null || alike(text, reference) < killAt) return;
    process.kill(first.processId, 'SIGKILL');
    killedMs = performance.now();
  });
  return { parts, killedMs, endMs: performance.now(), end };
}

function baseOf({ url }: EdgeProcess): string {
  return `${url.replace(/^ws/, 'http')}/v1`;
}

function conclude({ rows, skipped, models }: Found): Conclusion<CutRow> {
  const own = rows.filter(({ way }) => way === ownWay);
  const others = rows.filter(({ way }) => way !== ownWay);
  const summary = {
    identical: own.filter(({ identical }) => identical).length,
    texts: own.length,
    litellmIdentical: others.filter(({ identical }) => identical).length,
    litellmTexts: others.length,
    pauseMsWorst: Math.max(0, ...own.map(({ pauseMs }) => Math.round(pauseMs))),
  };
  const wasCut = own.every(({ before, tokens }) => before >= killAt && before < tokens);
  const passed = wasCut && summary.identical === summary.texts;
  return {
    rows: rows.map((row) => ({ ...row, pauseMs: Math.round(row.pauseMs) })),
    summary,
    passed,
    params: models,
    remarks: skipped,
  };
}

function cutTable(rows: readonly CutRow[]): string {
  const heads = [
    'the app asks',
    'temperature',
    'tokens before the cut',
    'repeated',
    'lost',
    'text',
    'pause, ms',
    'end',
  ];
  const lines = rows.map(({ way, temperature, tokens, before, repeated, lost, identical, pauseMs, end }) => {
    const counts = [`${before} of ${tokens}`, `${repeated}`, `${lost}`];
    return [way, `${temperature}`, ...counts, identical ? 'equal' : 'another', `${pauseMs}`, end.replaceAll('|', '/')];
  });
  return markdownTable(heads, lines);
}
