// `run` and `device` after the edge is reached: one answer with its table, or a chat.

import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual, styleText } from 'node:util';
import { defined } from '../../core/basics/defined.ts';
import { asOutriderError, OutriderError } from '../../core/basics/errors.ts';
import { printDocument } from '../../files/document.ts';
import type { Message } from '../../models/port/model.ts';
import type { TurnReport } from '../../processes/device/turn-report.ts';
import { withInterrupt } from '../terminal/interrupt.ts';
import { note } from '../terminal/note.ts';
import { answer, createScreen } from './answer.ts';
import { type AnswerFlags, checkAnswerFlags, paramsOf, readPrompt, samplingOf } from './answer-flags.ts';
import { answerTable, cutNote, explain, legend, type Measured, rowOf } from './answer-table.ts';
import { type ChatPort, chat } from './chat.ts';
import { createChatPrompt } from './chat-prompt.ts';
import type { CommandDevice } from './open-device.ts';

/** What is asked: a chat in a terminal, or one question, read before any model is opened. */
export type Asked = { readonly kind: 'chat' } | { readonly kind: 'once'; readonly text: string };

export interface ConversationOptions {
  readonly asked: Asked;
  readonly command: string;
  readonly device: CommandDevice;
  readonly flags: AnswerFlags;
  /** Printed with the table: the emulated hardware and network. */
  readonly setting: readonly string[];
  readonly credentials?: string | undefined;
  /** Called before the JSON document is printed; adds to its summary. */
  readonly closing?: () => Promise<Readonly<Record<string, number>>>;
  /** Aborted with an OutriderError when the edge can't come back: nothing more is asked. */
  readonly lost?: AbortSignal;
}

const drawSeed = (): bigint => randomBytes(8).readBigUInt64LE();
/** A signal that is never aborted. */
const never = new AbortController().signal;

/**
 * @param sample asked where there is no terminal for a chat, and no text
 * @throws OutriderError `bad-argument` when there is nothing to answer, or for a flag that no answer could take
 */
export async function readAsked(flags: AnswerFlags, sample?: string): Promise<Asked> {
  checkAnswerFlags(flags);
  const isChat = flags.prompt === undefined && flags.json !== true && process.stdin.isTTY && process.stdout.isTTY;
  return isChat ? { kind: 'chat' } : { kind: 'once', text: await readPrompt(flags, process.stdin, sample) };
}

export async function converse(options: ConversationOptions): Promise<number> {
  const { asked } = options;
  if (asked.kind === 'chat') return startChat(options);
  return withInterrupt((signal) => answerOnce(options, asked.text, signal));
}

async function answerOnce(options: ConversationOptions, text: string, signal: AbortSignal): Promise<number> {
  const { device, flags, credentials, lost = never } = options;
  const sampling = samplingOf(flags, drawSeed);
  const prompt = device.tokenizer.encodeChat(messagesOf(flags, [{ role: 'user', content: text }]));
  const screen = createScreen();
  const shared = { device, flags, prompt, sampling, signal: AbortSignal.any([signal, lost]), credentials };
  const own = await answer(
    { ...shared, mode: flags.mode },
    flags.json === true ? { ...screen, show: () => {} } : screen,
  );
  if (flags.json !== true && own.text !== '') process.stdout.write('\n');
  const measured: Measured[] = [{ mode: flags.mode, report: own }];
  let alone: TurnReport | undefined;
  if (own.outcome.kind === 'ended' && flags.compare && flags.mode !== 'ar') {
    alone = await compare(shared, own.tokens.length);
    if (alone.outcome.kind === 'ended') measured.push({ mode: 'ar', report: alone });
  }
  const identical = alone?.outcome.kind === 'ended' ? isDeepStrictEqual(own.tokens, alone.tokens) : null;
  const closing = (await options.closing?.()) ?? {};
  const failure = failureOf(own, lost);
  const found = { measured, identical, closing };
  if (flags.json === true) printJson(options, found, failure);
  else if (own.outcome.kind !== 'failed') printSummary(options, found);
  if (failure !== null) throw failure;
  return identical === false ? 1 : 0;
}

/** The edge alone on the same prompt, really run, over the same network. */
async function compare(shared: Omit<Parameters<typeof answer>[0], 'mode'>, tokenCount: number): Promise<TurnReport> {
  let count = 0;
  const isTerminal = process.stderr.isTTY === true;
  const report = await answer(
    { ...shared, mode: 'ar' },
    {
      ...createScreen(),
      show: () => {
        count += 1;
        if (isTerminal)
          process.stderr.write(`\r${styleText('dim', `the edge alone, to compare: ${count} of ${tokenCount} tokens`)}`);
      },
    },
  );
  if (isTerminal) process.stderr.write('\r\x1b[K');
  return report;
}

function messagesOf(flags: AnswerFlags, turns: readonly Message[]): Message[] {
  return flags.system === undefined ? [...turns] : [{ role: 'system', content: flags.system }, ...turns];
}

interface Found {
  readonly measured: readonly Measured[];
  /** Null: the edge alone was not run, or has failed. */
  readonly identical: boolean | null;
  readonly closing: Readonly<Record<string, number>>;
}

function printJson(
  { command, flags, setting }: ConversationOptions,
  { measured, identical, closing }: Found,
  failure: OutriderError | null,
): void {
  const [own, alone] = measured;
  const ratio =
    own?.report.msPerToken !== undefined && alone?.report.msPerToken !== undefined
      ? { streamOverAr: own.report.msPerToken / alone.report.msPerToken }
      : {};
  const summary = { ...ratio, identical, text: own?.report.text ?? '', setting: setting.join(' '), ...closing };
  const seed = flags.seed === undefined ? undefined : Number(flags.seed);
  const params = paramsOf(flags);
  const result = { rows: measured.map(rowOf), summary, params, ...defined({ seed }) };
  printDocument(command, result, failure ?? undefined);
}

function printSummary({ setting, device, flags }: ConversationOptions, { measured, identical, closing }: Found): void {
  const [own, alone] = measured;
  if (own === undefined) return;
  const lines = ['', answerTable(measured), '', ...explain(own.report, alone?.report), ...setting];
  lines.push(`Draft: ${device.draftDescription}.`);
  const cut = cutNote(own.report, flags.maxTokens, false);
  if (cut !== null) lines.push(cut);
  const overrun = closing['pacedOverrunShare'] ?? 0;
  if (overrun > 0.01)
    lines.push(`${(overrun * 100).toFixed(0)} % of the paced steps overran on this machine: these times are too high.`);
  if (alone !== undefined && identical !== null)
    lines.push(
      identical ? 'Both texts are identical, token for token.' : styleText('red', 'THE TEXTS DIFFER: this is a bug.'),
    );
  lines.push(legend());
  process.stderr.write(`${lines.filter((line, index) => line !== '' || index < 3).join('\n')}\n`);
}

/** Null: the answer is there, whole or cut at a limit. */
function failureOf({ outcome }: TurnReport, lost: AbortSignal): OutriderError | null {
  if (lost.aborted) return asOutriderError(lost.reason);
  if (outcome.kind === 'failed') return new OutriderError(outcome.code, outcome.cause, outcome.remedy);
  if (outcome.kind !== 'stopped') return null;
  return new OutriderError('interrupted', 'stopped; the text above is what the target had written', 'run it again');
}

async function startChat(options: ConversationOptions): Promise<number> {
  const { device, flags, setting, credentials, lost = never } = options;
  const newId = (): string => randomBytes(16).toString('hex');
  let conversation = newId();
  const introduction = 'Ask something. /help lists the commands, Ctrl-C stops an answer, Ctrl-D ends the chat.';
  process.stderr.write(`${[...setting, legend(), introduction].filter((line) => line !== '').join('\n')}\n`);
  const port: ChatPort = {
    ask: createChatPrompt(process.stdin, process.stdout, lost),
    say: note,
    forget: () => {
      conversation = newId();
    },
    async answer(turns) {
      lost.throwIfAborted();
      const prompt = device.tokenizer.encodeChat(messagesOf(flags, turns));
      const sampling = samplingOf(flags, drawSeed);
      const question = { device, flags, prompt, sampling, mode: flags.mode, conversation, credentials };
      const report = await withInterrupt((signal) =>
        answer({ ...question, signal: AbortSignal.any([signal, lost]) }, createScreen()),
      );
      process.stdout.write('\n');
      lost.throwIfAborted();
      return report;
    },
  };
  await chat(port, flags.maxTokens);
  await options.closing?.();
  return 0;
}
