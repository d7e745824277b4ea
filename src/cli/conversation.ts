// `run` and `device` after the edge is reached: one answer with its table, or a chat.

import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import { styleText } from 'node:util';
import { OutriderError } from '../basics/errors.ts';
import type { TurnReport } from '../device/turn-report.ts';
import { printDocument } from '../files/document.ts';
import type { Message } from '../models/model.ts';
import { answer, type Show, showColoured } from './answer.ts';
import { type AnswerFlags, readPrompt, samplingOf } from './answer-flags.ts';
import { answerTable, explain, legend, type Measured, rowOf } from './answer-table.ts';
import { withInterrupt } from './interrupt.ts';
import type { CommandDevice } from './open-device.ts';

export interface ConversationOptions {
  readonly command: string;
  readonly device: CommandDevice;
  readonly flags: AnswerFlags;
  /** Printed with the table: the emulated hardware and network. */
  readonly setting: readonly string[];
  readonly credentials?: string | undefined;
  /** Called before the JSON document is printed; adds to its summary. */
  readonly closing?: () => Promise<Readonly<Record<string, number>>>;
}

function drawSeed(): bigint {
  return randomBytes(8).readBigUInt64LE();
}

export async function converse(options: ConversationOptions): Promise<number> {
  const { flags } = options;
  const isChat = flags.prompt === undefined && flags.json !== true && process.stdin.isTTY && process.stdout.isTTY;
  return isChat ? chat(options) : withInterrupt((signal) => answerOnce(options, signal));
}

async function answerOnce(options: ConversationOptions, signal: AbortSignal): Promise<number> {
  const { device, flags, credentials } = options;
  const text = await readPrompt(flags, process.stdin);
  const sampling = samplingOf(flags, drawSeed);
  const prompt = device.tokenizer.encodeChat(messagesOf(flags, [{ role: 'user', content: text }]));
  const show: Show = flags.json === true ? () => {} : showColoured;
  const shared = { device, flags, prompt, sampling, signal, ...(credentials === undefined ? {} : { credentials }) };
  const own = await answer({ ...shared, mode: flags.mode }, show);
  if (flags.json !== true) process.stdout.write('\n');
  const measured: Measured[] = [{ mode: flags.mode, report: own }];
  let alone: TurnReport | undefined;
  if (own.outcome.kind === 'ended' && flags.compare && flags.mode !== 'ar') {
    alone = await compare(shared, own.tokens.length);
    if (alone.outcome.kind === 'ended') measured.push({ mode: 'ar', report: alone });
  }
  const identical = alone === undefined || alone.outcome.kind !== 'ended' || sameIds(own.tokens, alone.tokens);
  const closing = (await options.closing?.()) ?? {};
  if (flags.json === true) printJson(options, measured, identical, closing);
  else if (own.outcome.kind !== 'failed') printSummary(options, measured, identical, closing);
  return statusOf(own, identical);
}

/** The edge alone on the same prompt, really run, over the same network. */
async function compare(shared: Omit<Parameters<typeof answer>[0], 'mode'>, tokenCount: number): Promise<TurnReport> {
  let count = 0;
  const isTerminal = process.stderr.isTTY === true;
  const report = await answer({ ...shared, mode: 'ar' }, () => {
    count += 1;
    if (isTerminal)
      process.stderr.write(`\r${styleText('dim', `the edge alone, to compare: ${count} of ${tokenCount} tokens`)}`);
  });
  if (isTerminal) process.stderr.write('\r\x1b[K');
  return report;
}

function sameIds(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((id, index) => id === right[index]);
}

function messagesOf(flags: AnswerFlags, turns: readonly Message[]): Message[] {
  return flags.system === undefined ? [...turns] : [{ role: 'system', content: flags.system }, ...turns];
}

function printJson(
  { command, flags, setting }: ConversationOptions,
  measured: readonly Measured[],
  identical: boolean,
  closing: Readonly<Record<string, number>>,
): void {
  const [own, alone] = measured;
  const ratio =
    own?.report.msPerToken !== undefined && alone?.report.msPerToken !== undefined
      ? { streamOverAr: own.report.msPerToken / alone.report.msPerToken }
      : {};
  const summary = { ...ratio, identical, text: own?.report.text ?? '', setting: setting.join('; '), ...closing };
  const seed = flags.seed === undefined ? undefined : Number(flags.seed);
  const params = { ...flags, seed: flags.seed?.toString() };
  printDocument(command, { rows: measured.map(rowOf), summary, params, ...(seed === undefined ? {} : { seed }) });
}

function printSummary(
  { setting, device }: ConversationOptions,
  measured: readonly Measured[],
  identical: boolean,
  closing: Readonly<Record<string, number>>,
): void {
  const [own, alone] = measured;
  if (own === undefined) return;
  const lines = ['', answerTable(measured), '', ...explain(own.report, alone?.report), ...setting];
  lines.push(`Draft: ${device.draftDescription}.`);
  const overrun = closing['pacedOverrunShare'] ?? 0;
  if (overrun > 0.01)
    lines.push(`${(overrun * 100).toFixed(0)} % of the paced steps overran on this machine: these times are too high.`);
  if (alone !== undefined)
    lines.push(
      identical ? 'Both texts are identical, token for token.' : styleText('red', 'THE TEXTS DIFFER: this is a bug.'),
    );
  lines.push(legend());
  process.stderr.write(`${lines.filter((line, index) => line !== '' || index < 3).join('\n')}\n`);
}

function statusOf({ outcome }: TurnReport, identical: boolean): number {
  if (outcome.kind === 'failed') throw new OutriderError(outcome.code, outcome.cause, outcome.remedy);
  if (outcome.kind === 'stopped') {
    throw new OutriderError('interrupted', 'stopped; the text above is what the target had written', 'run it again');
  }
  return identical ? 0 : 1;
}

async function chat(options: ConversationOptions): Promise<number> {
  const { device, flags, setting, credentials } = options;
  const conversation = randomBytes(16).toString('hex');
  const turns: Message[] = [];
  process.stderr.write(
    `${[...setting, legend(), 'Ask something. Ctrl-C stops an answer, Ctrl-D ends the chat.'].join('\n')}\n`,
  );
  for (;;) {
    const text = await ask();
    if (text === undefined) break;
    if (text.trim() === '') continue;
    turns.push({ role: 'user', content: text });
    const prompt = device.tokenizer.encodeChat(messagesOf(flags, turns));
    const sampling = samplingOf(flags, drawSeed);
    const known = credentials === undefined ? {} : { credentials };
    const question = { device, flags, prompt, sampling, mode: flags.mode, conversation, ...known };
    const report = await withInterrupt((signal) => answer({ ...question, signal }, showColoured));
    process.stdout.write('\n');
    process.stderr.write(`${styleText('dim', lineOf(report))}\n\n`);
    turns.push({ role: 'assistant', content: report.text });
    if (report.outcome.kind === 'failed') statusOf(report, true);
  }
  await options.closing?.();
  return 0;
}

async function ask(): Promise<string | undefined> {
  const reader = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const closed = new Promise<undefined>((resolve) => reader.once('close', () => resolve(undefined)));
    return await Promise.race([reader.question(styleText('bold', '> ')), closed]);
  } finally {
    reader.close();
  }
}

function lineOf(report: TurnReport): string {
  const parts = [`${report.tokens.length} tokens`];
  if (report.msPerToken !== undefined) parts.push(`${report.msPerToken.toFixed(1)} ms a token`);
  if (report.acceptance !== undefined) parts.push(`${(report.acceptance * 100).toFixed(0)} % of the drafts held`);
  if (report.payloadBytesPerToken !== undefined) parts.push(`${report.payloadBytesPerToken.toFixed(1)} bytes a token`);
  return parts.join(', ');
}
