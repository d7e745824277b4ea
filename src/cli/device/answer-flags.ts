// The flags that `run` and `device` share: what is asked, how it is sampled, what drafts.

import { text as textOf } from 'node:stream/consumers';
import { badArgument } from '../../core/basics/errors.ts';
import { mostHedges } from '../../core/decoding/hedge-count.ts';
import { neutralSampling, type Sampling } from '../../core/decoding/sampling.ts';
import { grouped, type OptionsOf, parseSeed } from '../../core/options/options.ts';
import { limits } from '../../core/protocol/wire/limits.ts';
import { parseLink } from '../../core/protocol/wire/link-model-settings.ts';
import { type ModeName, modeNames } from '../../core/protocol/wire/mode.ts';
import { parseModelSpec } from '../../models/port/model-spec.ts';
import { gpuOption } from '../options/gpu-option.ts';
import { lookUpOption, type MinConfidence, parseMinConfidence } from '../options/look-up-place.ts';
import { pairOption } from '../options/pair-options.ts';
import { note } from '../terminal/note.ts';

/** `local`: the device alone, unverified; `auto`: chosen from what earlier answers measured. */
export type Mode = ModeName | 'local' | 'auto';

const askedOptions = {
  prompt: {
    flag: '--prompt <text>',
    help: 'one question; without it: a chat in a terminal, else the text from standard input',
  },
  system: { flag: '--system <text>', help: 'system prompt' },
  pair: pairOption as typeof pairOption,
  draft: {
    flag: '--draft <name|path>',
    help: "draft model instead of the pair's: a name, a GGUF file, ngram, toy:SEED, or none",
  },
  gpu: gpuOption as typeof gpuOption,
  mode: {
    flag: '--mode <name>',
    help: 'decoding mode. stream: device and edge never wait for each other; mix: as stream, and the edge drafts as well; ar: the edge alone; sd, psd, psd-lockstep: the device drafts in windows; edge-sd: only the edge drafts; local: the draft model alone, unverified; auto: device and edge each draft while their own drafts save time',
    choices: [...modeNames, 'local', 'auto'] as readonly Mode[],
    default: 'stream',
  },
  maxTokens: { flag: '--max-tokens <count>', help: 'most tokens of the answer', whole: [1, 100_000], default: 128 },
} as const;

const samplingOptions = {
  temperature: {
    flag: '--temperature <number>',
    help: '0: always the most likely token',
    number: [0, 10],
    default: 0,
  },
  topK: {
    flag: '--top-k <count>',
    help: 'sample from the k most likely tokens only; 0: from all 64 that the engine delivers',
    whole: [0, 64],
    default: 0,
  },
  topP: {
    flag: '--top-p <number>',
    help: 'sample from the most likely tokens that together have this probability',
    number: [0.000001, 1],
    default: 1,
  },
  minP: {
    flag: '--min-p <number>',
    help: 'sample only from tokens with this share of the highest probability or more',
    number: [0, 0.999999],
    default: 0,
  },
  seed: {
    flag: '--seed <number>',
    help: 'seed of the sampling noise; the same seed gives the same text (default: random)',
    parse: parseSeed as (text: string) => bigint,
  },
  stop: { flag: '--stop <text...>', help: 'end the answer before any of these texts; at most four', texts: true },
} as const;

const draftingOptions = {
  draftLength: {
    flag: '--draft-length <count>',
    alias: '--window <count>',
    help: 'drafted tokens of a window (gamma), in modes that draft in windows',
    whole: [1, 512],
    default: 4,
  },
  inFlight: {
    flag: '--in-flight <count>',
    help: 'windows that may wait for their verdicts, in mode psd',
    whole: [1, 512],
    default: 1,
  },
  maxAhead: {
    flag: '--max-ahead <count>',
    help: 'most drafted tokens beyond the committed text',
    whole: [1, 512],
    default: 24,
  },
  hedges: {
    flag: '--hedges <count>',
    help: 'most second choices that are drafted on beside a draft, where that pays, in modes stream and mix; 0: none',
    whole: [0, mostHedges as number],
    default: 1,
  },
  battery: {
    flag: '--battery <percent>',
    help: 'charge of the battery, for mode auto and for a controller: below 50 the device drafts less, below 5 not at all (default: on mains)',
    number: [0, 100],
  },
  lookUp: lookUpOption as typeof lookUpOption,
  minConfidence: {
    flag: '--min-confidence <number|auto>',
    help: 'pause drafting when the chain of drafts holds with less than this probability; 0: never; auto: when a draft is not worth its time',
    parse: parseMinConfidence as (text: string) => MinConfidence,
    default: 'auto',
  },
} as const;

const networkOptions = {
  rtt: {
    flag: '--rtt <ms>',
    help: 'round-trip time of the emulated network',
    number: [0, 10_000],
    default: 0,
  },
  link: {
    flag: '--link <law>',
    help: 'the whole emulated network: rtt=20,jitter=2,up=10M,down=50M,outage=60000/500',
  },
  padding: {
    flag: '--padding <bytes>',
    help: 'fill every frame, in both directions, to a multiple of so many bytes, so that lengths tell less (docs/operate/operations.md); 0: do not',
    whole: [0, 1024],
    default: 0,
  },
  firstToken: {
    flag: '--first-token <seconds>',
    help: 'connect again, then fail, when an edge that keeps its connection has sent no token for so long (default: 120, and 20 ms for each token of the prompt)',
    number: [1, 86_400],
  },
  loadedWithin: {
    flag: '--loaded-within <seconds>',
    help: 'how long to wait for an edge that says that it still loads its model',
    number: [0, 86_400],
    default: 120,
  },
  allowOtherTarget: {
    flag: '--allow-other-target',
    help: 'let an edge with another target, or other hardware, go on with an answer when its edge is gone; the result then names all that wrote',
  },
} as const;

const outputOptions = {
  json: { flag: '--json', help: 'print the result as one JSON document' },
} as const;

type AnswerOptions = typeof askedOptions &
  typeof samplingOptions &
  typeof draftingOptions &
  typeof networkOptions &
  typeof outputOptions;

export const answerOptions: AnswerOptions = {
  ...askedOptions,
  ...grouped('Sampling:', samplingOptions),
  ...grouped('Drafting:', draftingOptions),
  ...grouped('Network:', networkOptions),
  ...grouped('Output:', outputOptions),
};

/** As they were typed: the draft may be the pair's. */
export type TypedAnswerFlags = OptionsOf<typeof answerOptions>;
export type AnswerFlags = TypedAnswerFlags & {
  readonly draft: string;
  /** Whether the edge is asked alone as well, so that the two answers can be compared. */
  readonly compare: boolean;
};

/** @throws OutriderError `bad-argument` */
export function samplingOf(flags: AnswerFlags, drawSeed: () => bigint): Sampling {
  const { temperature, topK, topP, minP } = flags;
  const seed = flags.seed ?? (temperature === 0 ? 0n : drawSeed());
  return { ...neutralSampling, temperature, topK, topP, minP, seed };
}

/** What would fail only after models are opened. @throws OutriderError `bad-argument` */
export function checkAnswerFlags({ stop = [], link, draft, prompt }: AnswerFlags): void {
  if (stop.length > limits.stopStrings)
    throw badArgument(`--stop is given ${stop.length} times`, `give at most ${limits.stopStrings} texts`);
  for (const text of stop) {
    const bytes = new TextEncoder().encode(text).length;
    if (bytes > 0 && bytes <= limits.stopStringBytes) continue;
    throw badArgument(`a text of --stop has ${bytes} bytes`, `give texts of 1 to ${limits.stopStringBytes} bytes`);
  }
  if (link !== undefined) parseLink(link);
  parseModelSpec(draft);
  if (prompt !== undefined) demandText(prompt);
}

/** The settings in force, for the JSON document: what another flag replaces is null. */
export function paramsOf(flags: AnswerFlags & { readonly unpaced?: boolean }): object {
  const profile = flags.unpaced === true ? { profile: null } : {};
  const rtt = flags.link === undefined ? {} : { rtt: null };
  return { ...flags, compare: flags.compare === true, seed: flags.seed?.toString() ?? null, ...profile, ...rtt };
}

/** After so long without the end of a piped text it is said what is waited for. */
const pipeNoteAfterMs = 2000;

/**
 * The text of --prompt, or what is piped in, without its last line end: "echo question" asks the same as --prompt question.
 * @param sample the prompt where neither gives one; default: that is refused
 * @throws OutriderError `bad-argument` when there is nothing to answer
 */
export async function readPrompt(
  { prompt }: Pick<AnswerFlags, 'prompt'>,
  input: NodeJS.ReadStream,
  sample?: string,
): Promise<string> {
  const text = prompt ?? (input.isTTY && sample !== undefined ? '' : await readPiped(input));
  if (prompt !== undefined || text.trim() !== '' || sample === undefined) {
    demandText(text);
    return text;
  }
  note(`no question was given: asking "${sample}" (--prompt "..." asks another)`);
  return sample;
}

async function readPiped(input: NodeJS.ReadStream): Promise<string> {
  const say = () => note('reading the question from standard input, until it ends ...');
  const timer = setTimeout(say, input.isTTY ? 0 : pipeNoteAfterMs);
  try {
    return (await textOf(input)).replace(/\r?\n$/, '');
  } finally {
    clearTimeout(timer);
  }
}

function demandText(text: string): void {
  if (text.trim() === '') throw badArgument('the prompt is empty', 'pass --prompt "...", or pipe a text in');
}
