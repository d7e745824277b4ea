// The flags that `run` and `device` share: what is asked, how it is sampled, what drafts.

import { type Command, Option } from 'commander';
import { OutriderError } from '../basics/errors.ts';
import { neutralSampling, type Sampling } from '../decoding/sampling.ts';
import type { LookUpPlace, MinConfidence } from '../experiments/look-up-place.ts';
import { type ModeName, modeNames } from '../protocol/mode.ts';
import { lookUpOption, minConfidenceOption } from './draft-flags.ts';
import { numberBetween, seedFlag, wholeBetween } from './flag-parsers.ts';
import { pairOption } from './pair-flags.ts';

/** Mode policies; `local`: the device alone, unverified; `auto`: by what earlier answers have measured. */
export type Mode = ModeName | 'local' | 'auto';

export interface AnswerFlags {
  readonly prompt?: string;
  readonly system?: string;
  readonly pair: string;
  readonly draft: string;
  readonly mode: Mode;
  readonly window: number;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly seed?: bigint;
  readonly stop?: readonly string[];
  readonly maxAhead: number;
  readonly minConfidence: MinConfidence;
  readonly lookUp: LookUpPlace;
  readonly rtt: number;
  readonly link?: string;
  readonly compare: boolean;
  readonly log?: string;
  readonly json?: boolean;
}

/** The same as they were typed: the draft may be the pair's. */
export type TypedAnswerFlags = Omit<AnswerFlags, 'draft'> & { readonly draft?: string };

export function addAnswerFlags(command: Command): Command {
  return command
    .option('--prompt <text>', 'one question; without it, a chat where there is a terminal, else standard input')
    .option('--system <text>', 'system prompt')
    .addOption(pairOption())
    .option('--draft <name|path>', "draft instead of the pair's: a name, a GGUF file, ngram, toy:SEED, or none")
    .addOption(
      new Option(
        '--mode <name>',
        'stream: nobody waits; mix: the edge drafts as well; ar: the edge alone; sd, psd: in windows; local: unverified; auto: by what earlier answers measured',
      )
        .choices([...modeNames, 'local', 'auto'])
        .default('stream'),
    )
    .option('--max-tokens <count>', 'tokens of the answer at most', wholeBetween(1, 100_000), 128)
    .option('--temperature <number>', '0: always the likeliest token', numberBetween(0, 10), 0)
    .option('--top-k <count>', 'only the k likeliest; 0: the 64 that an engine delivers', wholeBetween(0, 64), 0)
    .option(
      '--top-p <number>',
      'only the likeliest that hold this much probability together',
      numberBetween(0.000001, 1),
      1,
    )
    .option(
      '--min-p <number>',
      'only those at least this likely, as a share of the likeliest',
      numberBetween(0, 0.999999),
      0,
    )
    .option('--seed <number>', 'seed of the noise; the same seed gives the same text (default: random)', seedFlag)
    .option('--stop <text...>', 'end the answer before this text; at most four')
    .option('--window <count>', 'drafts of a window (gamma), in the modes that have windows', wholeBetween(1, 512), 4)
    .option('--max-ahead <count>', 'drafts beyond the final text at most', wholeBetween(1, 512), 24)
    .addOption(lookUpOption())
    .addOption(
      minConfidenceOption(
        'pause drafting below this chance of the chain; 0: never; auto: where a draft is not worth its time',
      ),
    )
    .option('--rtt <ms>', 'round-trip time of the emulated network', numberBetween(0, 10_000), 0)
    .option('--link <law>', 'the whole emulated network: rtt=20,jitter=2,up=10M,down=50M,outage=60000/500')
    .option('--no-compare', 'do not run the edge alone on the same prompt as well')
    .option('--log <file>', 'write each turn\'s events for "outrider replay"; later turns go to FILE-2, FILE-3, ...')
    .option('--json', 'print the result as one JSON document');
}

/** @throws OutriderError `bad-argument` */
export function samplingOf(flags: AnswerFlags, drawSeed: () => bigint): Sampling {
  const { temperature, topK, topP, minP } = flags;
  const seed = flags.seed ?? (temperature === 0 ? 0n : drawSeed());
  return { ...neutralSampling, temperature, topK, topP, minP, seed };
}

/** @throws OutriderError `bad-argument` when there is nothing to answer */
export async function readPrompt(flags: AnswerFlags, input: NodeJS.ReadStream): Promise<string> {
  const text = flags.prompt ?? (await readAll(input));
  if (text.trim() !== '') return text;
  throw new OutriderError('bad-argument', 'the prompt is empty', 'pass --prompt "...", or pipe a text in');
}

async function readAll(input: NodeJS.ReadStream): Promise<string> {
  let text = '';
  for await (const part of input.setEncoding('utf8')) text += part;
  return text;
}
