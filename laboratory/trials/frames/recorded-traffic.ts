// Recorded traffic of an honest device and an honest edge, which the trial damages; and honest turns that run beside the attack.

import { createRandom, type Random } from '../../../src/core/basics/philox.ts';
import { neutralSampling, type Sampling } from '../../../src/core/decoding/sampling.ts';
import { DeviceCodec, EdgeCodec } from '../../../src/core/protocol/wire/codec.ts';
import { announcedStepMs } from '../../../src/core/protocol/wire/edge-timing.ts';
import { type DeviceMessage, type EdgeMessage, protocolVersion } from '../../../src/core/protocol/wire/messages.ts';
import { linearStepTime } from '../../../src/core/scheduling/step-time.ts';
import { ModelDrafter } from '../../../src/models/port/drafter.ts';
import type { ModelIdentity, Tokenizer } from '../../../src/models/port/model.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { writeToyText } from '../../../src/models/port/toy-text.ts';
import type { Connect } from '../../../src/network/transport/transport.ts';
import { connectWebSocket } from '../../../src/network/transport-node/websocket-client.ts';
import { startTurn } from '../../../src/processes/device/turn.ts';
import type { TurnOptions } from '../../../src/processes/device/turn-options.ts';
import type { TurnReport } from '../../../src/processes/device/turn-report.ts';
import type { Frames } from './mutations.ts';

/** One honest turn's frames. */
export interface Recording {
  readonly up: Frames;
  readonly down: Frames;
}

export const toySeed = 11;

export interface Case {
  readonly prompt: readonly number[];
  readonly sampling: Sampling;
  readonly maxAnswerTokens: number;
  readonly reference: readonly number[];
}

const promptLengths: readonly number[] = [1, 5, 40];
const answerTokens = 40;

export async function honestCases(): Promise<Case[]> {
  const cases: Case[] = [];
  for (const [index, length] of promptLengths.entries()) {
    const prompt = Array.from({ length }, (_, position) => 100 * (index + 1) + position);
    for (const temperature of [0, 0.8]) {
      const sampling = { ...neutralSampling, temperature, seed: 5n };
      const reference = await writeToyText(toySeed, prompt, sampling, answerTokens);
      cases.push({ prompt, sampling, maxAnswerTokens: answerTokens, reference });
    }
  }
  return cases;
}

/** Of honest devices at an edge that tells keys apart. Whoever has none is somebody else. */
export const honestKey = 'honest';

/** An honest answer, with alternatives. @param more overrides what is asked */
export async function writeHonestly(
  connect: Connect,
  asked: Omit<Case, 'reference'>,
  more: Partial<TurnOptions> = {},
): Promise<TurnReport> {
  await using model = createToyModel({ seed: toySeed, role: 'draft', agreement: 0.8, sequences: 2 });
  const { prompt, sampling, maxAnswerTokens } = asked;
  const drafter = new ModelDrafter(model);
  const asking = { connect, tokenizer: model.tokenizer, drafter, prompt, sampling, maxAnswerTokens };
  const turn = startTurn({ ...asking, credentials: honestKey, ...more });
  const report = await turn.report;
  await drafter[Symbol.asyncDispose]();
  return report;
}

/**
 * What device and edge say to each other when each waits for the other, so that a case can be repeated from its number alone.
 * The window is small: what an attacker leaves behind costs the edge little.
 */
export function compose(seed: number, cases: readonly Case[], tokenizer: Tokenizer, model: ModelIdentity): Recording[] {
  const kinds: readonly Drafting[] = [{ rate: 0.8 }, { rate: 0 }, { rate: 0.8, hedges: true }];
  return kinds.flatMap((drafting) =>
    cases.map((asked, index) => {
      const random = createRandom(seed, 2 ** 32 - 1 - index);
      return composeOne(random, drafting, asked, tokenizer, model);
    }),
  );
}

interface Drafting {
  /** Share of steps with drafts: without any, a real device takes every commit. */
  readonly rate: number;
  /** Whether a wrong draft has an alternative beside it, which the edge takes. */
  readonly hedges?: true;
}

/** Tokens of the target that the frames of a taken alternative carry. */
const hedgedTokens = 5;

/** What the two say of a draft that is wrong, and of the right tokens from there on, as an alternative. */
function hedge(
  say: (message: DeviceMessage) => void,
  answer: (message: EdgeMessage) => void,
  {
    base,
    newest,
    first,
    wrongAt,
    right,
  }: Readonly<Record<'base' | 'newest' | 'first' | 'wrongAt', number>> & {
    readonly right: readonly number[];
  },
): number {
  const branch = newest + 1;
  const at = first + wrongAt;
  say({ kind: 'alternative', branch, base, first: at, tokens: right.slice(0, 1) });
  say({ kind: 'alternative', branch, base, first: at + 1, tokens: right.slice(1, 2) });
  // Beside the first draft, which the target does not have there.
  const other = right.slice(0, 2).map((id) => id + 2);
  say({ kind: 'alternative', branch: branch + 1, base, first, tokens: other });
  say({ kind: 'alternative', branch, base, first: at + 2, tokens: right.slice(2, 3) });
  answer({ kind: 'commit', first, branch, accepted: wrongAt + 1, tokens: [] });
  say({ kind: 'draft', branch, first: at + 3, tokens: right.slice(3, 4) });
  answer({ kind: 'commit', first: at + 1, branch, accepted: 3, tokens: right.slice(4) });
  return branch + 1;
}

function composeOne(
  random: Random,
  { rate, hedges }: Drafting,
  asked: Case,
  tokenizer: Tokenizer,
  model: ModelIdentity,
): Recording {
  const { prompt, sampling, maxAnswerTokens, reference } = asked;
  const [device, edge] = [new DeviceCodec(), new EdgeCodec()];
  const recording: Recording = { up: [], down: [] };
  const say = (message: DeviceMessage): void => {
    const bytes = device.encode(message);
    edge.decode(bytes);
    recording.up.push(bytes);
  };
  const answer = (message: EdgeMessage): void => {
    const bytes = edge.encode(message);
    device.decode(bytes);
    recording.down.push(bytes);
  };
  const { hash: tokenizerHash, vocabularySize } = tokenizer;
  const version = protocolVersion;
  const { name, fingerprint } = model;
  const timing = { stepMs: announcedStepMs(linearStepTime(40, 0.4)), edgeDraftMs: 5 };
  const identity = { model: name, fingerprint, tokenizerHash, vocabularySize, contextLength: 4096 };
  answer({ kind: 'hello', version, ...identity, timing });
  const id = '00'.repeat(16);
  const ids = { session: id, conversation: id, attempt: 1, credentials: '', padding: 0, tokenizerHash };
  const rules = {
    mode: 'stream',
    sampling,
    stopStrings: [],
    maxAnswerTokens,
    flowControlWindow: 16,
    maxAhead: 24,
  } as const;
  say({ kind: 'open', version, ...ids, ...rules, prompt, answer: [] });
  say({ kind: 'ping', stamp: 1000 });
  let [steps, draftRows, acceptedRows, newest] = [0, 0, 0, 0];
  for (let written = 0; written < reference.length; steps += 1) {
    const first = prompt.length + written;
    const room = Math.min(6, reference.length - written - 1);
    const count = random.uniform() < rate ? random.integer(room + 1) : 0;
    const tokens = reference.slice(written, written + count).map((id) => (random.uniform() < 0.8 ? id : id + 1));
    if (count > 0) newest += 1;
    const branch = newest;
    for (const [index, id] of tokens.entries()) say({ kind: 'draft', branch, first: first + index, tokens: [id] });
    const wrongAt = tokens.findIndex((id, index) => id !== reference[written + index]);
    const accepted = wrongAt === -1 ? count : wrongAt;
    const right = reference.slice(written + accepted, written + accepted + hedgedTokens);
    if (hedges === true && wrongAt !== -1 && right.length === hedgedTokens) {
      newest = hedge(say, answer, { base: branch, newest, first, wrongAt, right });
      written += hedgedTokens - 1;
    } else answer({ kind: 'commit', first, branch: accepted > 0 ? branch : 0, accepted, tokens: right.slice(0, 1) });
    written += accepted + 1;
    draftRows += count;
    acceptedRows += accepted;
    if (steps % 4 === 3) say({ kind: 'ack', length: prompt.length + written });
    if (steps % 8 === 5) answer({ kind: 'ping', stamp: 2000 + steps });
  }
  answer({
    kind: 'end',
    reason: 'length',
    length: prompt.length + reference.length,
    account: { steps, draftRows, acceptedRows, edgeDraftRows: 0, acceptedEdgeDraftRows: 0 },
  });
  say({ kind: 'bye' });
  return recording;
}

export interface HonestCount {
  texts: number;
  wrong: number;
  /** Right as far as they go, and ended by a failure of the engine. */
  cut: number;
  /** What the first wrong ones were like. */
  readonly reports: string[];
}

/** Writes one text after the other until the signal, and compares each with the reference. */
export async function keepWriting(
  port: number,
  cases: readonly Case[],
  worker: number,
  count: HonestCount,
  until: AbortSignal,
): Promise<void> {
  const connect = connectWebSocket(`ws://127.0.0.1:${port}`);
  for (let number = worker; !until.aborted; number += 1) {
    const asked = cases[number % cases.length];
    if (asked === undefined) return;
    judge(await writeHonestly(connect, asked), asked, count);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Starts as many turns at once as the edge has places. @returns how many were refused */
export async function fillPlaces(
  port: number,
  cases: readonly Case[],
  places: number,
  count: HonestCount,
): Promise<number> {
  const connect = connectWebSocket(`ws://127.0.0.1:${port}`);
  const turns = Array.from({ length: places }, async (_, number) => {
    const asked = cases[number % cases.length];
    if (asked === undefined) return 0;
    const report = await writeHonestly(connect, asked);
    if (report.outcome.kind === 'failed' && report.outcome.code === 'edge-full') return 1;
    judge(report, asked, count);
    return 0;
  });
  return (await Promise.all(turns)).reduce<number>((sum, missing) => sum + missing, 0);
}

function judge(report: TurnReport, { reference }: Case, count: HonestCount): void {
  const { length } = report.tokens;
  const isCut = report.outcome.kind === 'failed' && report.outcome.cause === 'the engine failed';
  const isRight = report.outcome.kind === 'ended' && report.tokens.join() === reference.join();
  count.texts += 1;
  if (isCut && report.tokens.join() === reference.slice(0, length).join()) {
    count.cut += 1;
    return;
  }
  if (isRight) return;
  count.wrong += 1;
  const { outcome, tokens } = report;
  const at = tokens.findIndex((id, index) => id !== reference[index]);
  const end = outcome.kind === 'failed' ? `${outcome.code}, ${outcome.cause}` : outcome.kind;
  if (count.reports.length < 5) {
    count.reports.push(`an honest text of ${tokens.length} tokens is wrong from token ${at} on; it ended with ${end}`);
  }
}
