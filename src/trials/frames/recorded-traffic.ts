// Recorded traffic of an honest device and an honest edge, which the trial damages; and honest turns that run beside the attack.

import { createRandom, type Random } from '../../basics/philox.ts';
import { neutralSampling, type Sampling } from '../../decoding/sampling.ts';
import { startTurn } from '../../device/turn.ts';
import type { TurnOptions } from '../../device/turn-options.ts';
import type { TurnReport } from '../../device/turn-report.ts';
import { ModelDrafter } from '../../models/drafter.ts';
import type { ModelIdentity, Tokenizer } from '../../models/model.ts';
import { createToyModel } from '../../models/toy.ts';
import { writeToyText } from '../../models/toy-text.ts';
import { DeviceCodec, EdgeCodec } from '../../protocol/codec.ts';
import { announcedStepMs } from '../../protocol/edge-timing.ts';
import { type DeviceMessage, type EdgeMessage, protocolVersion } from '../../protocol/messages.ts';
import { linearStepTime } from '../../scheduling/step-time.ts';
import type { Connect } from '../../transport/transport.ts';
import { connectWebSocket } from '../../transport-node/websocket-client.ts';
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

/** An honest answer. @param more overrides what is asked */
export async function writeHonestly(
  connect: Connect,
  asked: Omit<Case, 'reference'>,
  more: Partial<TurnOptions> = {},
): Promise<TurnReport> {
  await using model = createToyModel({ seed: toySeed, role: 'draft', agreement: 0.8, sequences: 1 });
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
  return [0.8, 0].flatMap((draftRate) =>
    cases.map((asked, index) => {
      const random = createRandom(seed, 2 ** 32 - 1 - index);
      return composeOne(random, draftRate, asked, tokenizer, model);
    }),
  );
}

/** @param draftRate share of steps with drafts: without any, a real device takes every commit */
function composeOne(
  random: Random,
  draftRate: number,
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
  let [steps, draftRows, acceptedRows, branch] = [0, 0, 0, 0];
  for (let written = 0; written < reference.length; steps += 1) {
    const first = prompt.length + written;
    const room = Math.min(6, reference.length - written - 1);
    const count = random.uniform() < draftRate ? random.integer(room + 1) : 0;
    const tokens = reference.slice(written, written + count).map((id) => (random.uniform() < 0.8 ? id : id + 1));
    if (count > 0) branch += 1;
    for (const [index, id] of tokens.entries()) say({ kind: 'draft', branch, first: first + index, tokens: [id] });
    const wrongAt = tokens.findIndex((id, index) => id !== reference[written + index]);
    const accepted = wrongAt === -1 ? count : wrongAt;
    const own = reference.slice(written + accepted, written + accepted + 1);
    answer({ kind: 'commit', first, branch: accepted > 0 ? branch : 0, accepted, tokens: own });
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
