// `outrider bench context`: what a step costs the edge and the device beside the models, against the length of the text. Each case runs
// beside a plain way that works on the whole text each time, in one run. Then whole edges with long texts (long-texts.ts).

import type { Conclusion, Experiment, Run, Unit } from '../../../simulator/runner/experiment.ts';
import { columnTable } from '../../../simulator/runner/markdown.ts';
import type { OptionsOf } from '../../../src/cli/options/options.ts';
import { median } from '../../../src/core/basics/statistics.ts';
import type { Candidates } from '../../../src/core/decoding/candidates.ts';
import { chooseToken } from '../../../src/core/decoding/choose-token.ts';
import { LookUp } from '../../../src/core/decoding/look-up.ts';
import { neutralSampling } from '../../../src/core/decoding/sampling.ts';
import { RunningCounts } from '../../../src/core/decoding/token-counts.ts';
import { DraftedText } from '../../../src/core/decoding/token-list.ts';
import { TokenText } from '../../../src/core/decoding/token-text.ts';
import { type Document, modelLabel } from '../../../src/files/document.ts';
import { draftRequest, ModelDrafter } from '../../../src/models/port/drafter.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { type KvSequence, KvSequences } from '../../../src/processes/edge/kv-sequences.ts';
import { timed } from '../../measuring/cpu-time.ts';
import { heldBytes } from '../../measuring/held-memory.ts';
import { drawText, vocabularySize } from './draw-text.ts';
import { type LongPrompt, type PrefillRate, prefillRate, readLongPrompt, stepOverhead } from './long-texts.ts';
import { PlainNgramIndex } from './plain-ngram-index.ts';

interface ContextRow extends Found {
  readonly contextTokens: number;
  readonly measured: string;
  readonly plainOverValue: number;
}

const cases = {
  'a step with penalties': penaltiesCase,
  'look-up, first reading': lookUpReadCase,
  'look-up, each round': lookUpRoundCase,
  'a draft request': draftRequestCase,
  'look-up, memory': lookUpMemoryCase,
  'what to reuse': reuseCase,
} as const;

const defaultLengths = [1000, 8000, 32_000, 128_000];

const options = {
  tokens: {
    flag: '--tokens <count>',
    help: 'one length of the text instead of 1,000, 8,000, 32,000 and 128,000 tokens',
    whole: [100, 1_000_000],
  },
  repeats: { flag: '--repeats <count>', help: 'measured steps per case', whole: [3, 10_000], default: 50 },
  longTokens: {
    flag: '--long-tokens <count>',
    help: 'length of the text of a step at an edge',
    whole: [200, 131_072],
    default: 32_000,
  },
  promptTokens: {
    flag: '--prompt-tokens <count>',
    help: 'length of the prompt that is read beside other sessions',
    whole: [200, 131_072],
    default: 6000,
    full: 32_000,
  },
  target: {
    flag: '--target <name|path>',
    help: 'the target whose rate of reading a prompt of 8,192 tokens is measured; "none": no prompt is read with an engine',
    default: 'smollm2-135m',
  },
} as const;

interface Measured {
  readonly rows: readonly ContextRow[];
  readonly long: LongTexts;
}

interface LongTexts {
  readonly stepMs: number;
  readonly stepMsShort: number;
  /** Null: without an engine. */
  readonly prompt: LongPrompt | null;
  readonly prefill: PrefillRate | null;
}

/** Prompts from this length on have goals, tokens. */
const goalTokens = 16_000;
const prefillTokens = 8192;
const shortTokens = 1000;
const overheadAnswers = 5;

export const contextExperiment: Experiment<typeof options, Measured, Conclusion<ContextRow>> = {
  name: 'bench context',
  lasts: '3 minutes',
  fullLasts: '40',
  description: 'what long texts cost: a step beside the models, reading a prompt, and others meanwhile',
  options,
  async measure({ tokens, repeats, longTokens, promptTokens, target }, run) {
    const lengths = tokens === undefined ? defaultLengths : [tokens];
    const units = lengths.flatMap((contextTokens) =>
      Object.entries(cases).map(([measured, one]): Unit<ContextRow> => {
        const measure = async (): Promise<ContextRow> => {
          const found = await one(drawText(contextTokens), repeats);
          return { contextTokens, measured, ...found, plainOverValue: found.plain / found.value };
        };
        return { key: `${measured} ${contextTokens}`, measure };
      }),
    );
    const rows = await run.all('cases', units);
    return { rows, long: await measureLong(run, { longTokens, promptTokens, target }) };
  },
  conclude({ rows, long }, { repeats, longTokens, promptTokens, target }) {
    const of = (measured: string): readonly ContextRow[] => rows.filter((row) => row.measured === measured);
    const growth = (measured: string): number => (of(measured).at(-1)?.value ?? 0) / (of(measured)[0]?.value ?? 1);
    const summary = {
      penaltiesMs: of('a step with penalties').at(-1)?.value ?? null,
      penaltiesGrowth: growth('a step with penalties'),
      lookUpRoundMs: of('look-up, each round').at(-1)?.value ?? null,
      lookUpRoundGrowth: growth('look-up, each round'),
      lookUpLongestMs: Math.max(...of('look-up, first reading').map(({ longest }) => longest ?? 0)),
      lookUpBytesPerToken: Math.max(...of('look-up, memory').map(({ value }) => value)),
      draftRequestMs: of('a draft request').at(-1)?.value ?? null,
      draftRequestGrowth: growth('a draft request'),
      reuseMs: of('what to reuse').at(-1)?.value ?? null,
      ...longSummary(long),
    };
    return { rows, summary, params: { repeats, longTokens, promptTokens, target: modelLabel(target) } };
  },
  page: contextPage,
  goals(params) {
    const { promptTokens } = params as { readonly promptTokens?: number };
    // The first 1,024 tokens of a prompt are not held back: of a short one they are a large part.
    return (promptTokens ?? 0) < goalTokens ? {} : { othersSlowdown: 1.5, longPromptShareOfAlone: { atLeast: 0.25 } };
  },
};

type LongLengths = Pick<OptionsOf<typeof options>, 'longTokens' | 'promptTokens' | 'target'>;

async function measureLong(run: Run, { longTokens, promptTokens, target }: LongLengths): Promise<LongTexts> {
  const overhead = (length: number): Unit<number> => {
    return { key: `step ${length}`, measure: () => stepOverhead(length, overheadAnswers) };
  };
  const stepMsShort = await run.one(overhead(Math.min(shortTokens, longTokens)));
  const stepMs = await run.one(overhead(longTokens));
  if (target === 'none') return { stepMs, stepMsShort, prompt: null, prefill: null };
  run.note(`reading a prompt of ${promptTokens} tokens, alone and beside other sessions`);
  const prompt = await run.one({ key: `prompt ${promptTokens}`, measure: () => readLongPrompt(promptTokens) });
  run.note(`reading ${prefillTokens} tokens with ${modelLabel(target)}`);
  const prefill = await run.one({ key: `prefill ${target}`, measure: () => prefillRate(target, prefillTokens) });
  return { stepMs, stepMsShort, prompt, prefill };
}

/** The names are those of the default lengths. */
function longSummary({ stepMs, stepMsShort, prompt, prefill }: LongTexts) {
  return {
    stepOverheadMs32k: stepMs,
    stepOverheadGrowth: stepMs / stepMsShort,
    prefillTokensPerSecond8k: prefill?.tokensPerSecond ?? null,
    prefillRowsPerCall: prefill?.rowsPerCall ?? null,
    prefillContextTokens: prefill?.contextTokens ?? null,
    othersSlowdown: prompt === null ? null : prompt.othersBesideMs / prompt.othersAloneMs,
    longPromptShareOfAlone: prompt === null ? null : prompt.besideTokensPerSecond / prompt.aloneTokensPerSecond,
    longPromptTokensPerSecond: prompt?.aloneTokensPerSecond ?? null,
  };
}

/** A table for each case: its cost against the length of the text, beside the plain way. */
function contextPage({ rows }: Document<ContextRow>): string {
  return [...Map.groupBy(rows, ({ measured }) => measured)]
    .map(([measured, alike]) => {
      const unit = alike[0]?.unit ?? 'ms';
      const hasPieces = alike.some(({ longest }) => longest !== null);
      const table = columnTable(alike, {
        tokens: ({ contextTokens }) => contextTokens.toLocaleString('en'),
        [unit]: ({ value }) => short(value),
        ...(hasPieces ? { 'longest piece, ms': ({ longest }: ContextRow) => short(longest ?? 0) } : {}),
        [`plain way, ${unit}`]: ({ plain }) => short(plain),
        ratio: ({ plainOverValue }) => short(plainOverValue),
      });
      return `## ${measured[0]?.toUpperCase()}${measured.slice(1)}\n\n${table}`;
    })
    .join('\n\n');
}

/** Three digits. */
function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** Medians; of the first reading the least of several runs. */
export interface Found {
  readonly unit: 'ms' | 'bytes/token';
  readonly value: number;
  /** The longest piece without a pause for the event loop, ms; null: there is only one. */
  readonly longest: number | null;
  /** The same by the plain way. */
  readonly plain: number;
}

/** As on an edge. */
const readInARound = 1024;
const shortestMatch = 2;
const longestMatch = 8;
const tokensPerStep = 3;
const draftCount = 8;
const keptSequences = 64;

function plainIndex(ids: readonly number[]): PlainNgramIndex {
  const index = new PlainNgramIndex(shortestMatch, longestMatch);
  for (const id of ids) index.append(id);
  return index;
}

function inMs(own: readonly number[], plain: readonly number[]): Found {
  return { unit: 'ms', value: median(own), longest: null, plain: median(plain) };
}

/** The choice of one token, as verification makes it for each row. The whole text is answer. */
function penaltiesCase(ids: readonly number[], repeats: number): Found {
  const sampling = { ...neutralSampling, temperature: 1, presencePenalty: 0.1, repetitionPenalty: 1.1, seed: 1n };
  const row: Candidates = { ids: ids.slice(0, 64), logits: Array.from({ length: 64 }, (_, index) => 20 - 0.1 * index) };
  const own: number[] = [];
  const plain: number[] = [];
  let text = TokenText.of(ids);
  text.countsFrom(0).get(0);
  for (let step = 0; step < repeats; step += 1) {
    own.push(timed(() => chooseToken(row, sampling, text.countsFrom(0), text.length)).ms);
    plain.push(timed(() => chooseToken(row, sampling, new RunningCounts(text.slice(0)), text.length)).ms);
    text = text.append(ids.slice(step, step + tokensPerStep));
  }
  return inMs(own, plain);
}

/** Reading the text for look-up: in parts, as an edge does it, and at one go. */
function lookUpReadCase(ids: readonly number[], repeats: number): Found {
  const text = new DraftedText(TokenText.of(ids));
  // The least of several runs for each part: other work on the machine only adds to it.
  const parts: number[] = [];
  const plain: number[] = [];
  for (let step = 0; step < Math.min(repeats, 6); step += 1) {
    const lookUp = new LookUp();
    for (let part = 0; lookUp.length < ids.length; part += 1) {
      const { ms } = timed(() => lookUp.follow(text, ids.length, ids.length, readInARound));
      parts[part] = Math.min(parts[part] ?? ms, ms);
    }
  }
  for (let step = 0; step < 2; step += 1) {
    plain.push(timed(() => plainIndex(ids)).ms);
  }
  const value = parts.reduce((sum, ms) => sum + ms, 0);
  return { unit: 'ms', value, longest: Math.max(...parts), plain: Math.min(...plain) };
}

/** A round of a session: the commit is followed, and drafts are found by look-up. */
function lookUpRoundCase(ids: readonly number[], repeats: number): Found {
  let text = TokenText.of(ids);
  const lookUp = new LookUp();
  lookUp.follow(new DraftedText(text), 1, text.length);
  const index = plainIndex(ids);
  const own: number[] = [];
  const plain: number[] = [];
  for (let step = 0; step < repeats; step += 1) {
    text = text.append(ids.slice(step, step + tokensPerStep));
    own.push(
      timed(() => {
        lookUp.follow(new DraftedText(text), 1, text.length);
        lookUp.draft(draftCount, 0);
      }).ms,
    );
    plain.push(
      timed(() => {
        const copy = text.slice(0);
        for (let at = index.sharedPrefix(copy); at < copy.length; at += 1) index.append(copy[at] as number);
        for (let count = 0; count < draftCount; count += 1) index.append(index.match()?.id ?? 0);
        index.truncate(copy.length);
      }).ms,
    );
  }
  return inMs(own, plain);
}

/** A request to a draft model that costs nothing, after a commit of three tokens and with eight drafts. */
async function draftRequestCase(ids: readonly number[], repeats: number): Promise<Found> {
  const contextLength = ids.length + repeats * tokensPerStep + 100;
  const times: number[][] = [];
  for (const isPlain of [false, true]) {
    await using model = createToyModel({ seed: 1, role: 'draft', contextLength, sequences: 1 });
    await using drafter = new ModelDrafter(model);
    const settings = { promptLength: 1, sampling: neutralSampling };
    let text = TokenText.of(ids);
    await drafter.draft(draftRequest(new DraftedText(text), settings));
    const spent: number[] = [];
    for (let step = 0; step < repeats; step += 1) {
      text = text.append(ids.slice(step, step + tokensPerStep));
      const tail = ids.slice(0, draftCount);
      const startMs = performance.now();
      const request = isPlain
        ? { text: [...text.slice(0), ...tail], ...settings }
        : draftRequest(new DraftedText(text, tail), settings);
      await drafter.draft(request);
      spent.push(performance.now() - startMs);
    }
    times.push(spent);
  }
  return inMs(times[0] ?? [], times[1] ?? []);
}

/** What an opening is compared with: as many sequences as there may be, whose texts all differ from it in their last token only. */
function reuseCase(ids: readonly number[], repeats: number): Found {
  const model = createToyModel({ seed: 1, role: 'target', contextLength: ids.length, sequences: keptSequences });
  const sequences = new KvSequences(model);
  const asker = { owner: 'owner', conversation: '', promptLength: ids.length };
  const kept = Array.from({ length: keptSequences }, () => sequences.take(asker, TokenText.of(ids), 0) as KvSequence);
  for (const kv of kept) {
    for (const id of ids.slice(0, -1)) kv.tokens.push(id);
    kv.tokens.push(vocabularySize);
    kv.filledBy = asker.owner;
    sequences.leave(kv);
  }
  const text = TokenText.of(ids);
  const own: number[] = [];
  const plain: number[] = [];
  for (let step = 0; step < repeats; step += 1) {
    own.push(timed(() => sequences.saved(asker, text, ids.length)).ms);
    plain.push(timed(() => kept.map(({ tokens }) => text.sharedWith(tokens, ids.length))).ms);
  }
  return inMs(own, plain);
}

/** Memory of the index; the plain one is measured after a collection, the other one is the length of its arrays. */
function lookUpMemoryCase(ids: readonly number[]): Found {
  const lookUp = new LookUp();
  lookUp.follow(ids, ids.length, ids.length);
  const before = heldBytes();
  const index = plainIndex(ids);
  const plain = (heldBytes() - before) / index.length;
  const value = lookUp.bytes / ids.length;
  return { unit: 'bytes/token', value, longest: null, plain };
}
