// `outrider replay`: the events of a turn or session again, step by step, through the same machine. Exit status 1: the machine
// differed from the log.

import { styleText } from 'node:util';
import type { Command } from 'commander';
import { TextAssembler } from '../core/decoding/ending-text.ts';
import type { EventLog } from '../core/protocol/log/event-log.ts';
import { type ReplayedStep, replayLog } from '../core/protocol/log/event-log-replay.ts';
import { jsonText, packageVersion, printDocument, type Result } from '../files/document.ts';
import { readEventLog } from '../files/event-log-file.ts';
import { commandOf } from './options/option-flags.ts';
import type { OptionsOf } from './options/options.ts';
import { print } from './terminal/note.ts';
import { foreignLine } from './terminal/terminal-text.ts';

const options = {
  path: { argument: '<log>', help: 'file that --log wrote' },
  until: { flag: '--until <count>', help: 'stop after this many events', whole: [1, 1_000_000_000] },
  json: { flag: '--json', help: 'print one JSON document' },
} as const;

const notes = `Logs are written by --log of run, device and edge. Each event shows its time, what it was, the state after it
and what the machine did (docs/use/library.md, "Event logs").`;

export function replayCommand(): Command {
  const description = 'replay a log of events step by step, and compare what the machine does with what was recorded';
  return commandOf({ name: 'replay', description, options, notes }, (flags) => {
    process.exitCode = replay(flags);
  });
}

function replay({ path, until, json }: OptionsOf<typeof options>): number {
  const log = readEventLog(path);
  if (!json) introduce(log);
  const { differenceCount, ...result } = runReplay(log, until, json ? undefined : printStep);
  if (json) printDocument('replay', { ...result, params: { until: until ?? null } });
  else printEnd(log, result);
  return differenceCount === 0 ? 0 : 1;
}

/** Replays at most `until` events. Rows: one an event. */
export function runReplay(
  log: EventLog,
  until: number = Number.POSITIVE_INFINITY,
  onStep: (step: ReplayedStep) => void = () => {},
): Result & { readonly differenceCount: number } {
  const rows: object[] = [];
  let differenceCount = 0;
  let answer: readonly number[] = [];
  for (const step of replayLog(log)) {
    onStep(step);
    const { index, atMs, event, effects, state, differences } = step;
    rows.push({ index, atMs, event: event.kind, effects: effects.map(nameEffect), state, differences });
    differenceCount += differences.length;
    answer = step.answer;
    if (index >= until) break;
  }
  const summary = {
    side: log.header.side,
    events: rows.length,
    eventsInLog: log.lines.length,
    differences: differenceCount,
    isCut: log.isCut,
    answerTokens: answer.length,
    text: textOf(log, answer),
  };
  return { rows, summary, differenceCount };
}

function nameEffect(effect: ReplayedStep['effects'][number]): string {
  return effect.kind === 'send' ? `send ${effect.message.kind}` : effect.kind;
}

/** Readable text of the answer, as the device shows it. */
function textOf(log: EventLog, answer: readonly number[]): string {
  const rule = endRuleOf(log);
  if (rule === undefined) return '';
  const assembler = new TextAssembler(rule, log.tokenBytes);
  return assembler.push(answer) + assembler.flush();
}

type EndRule = ConstructorParameters<typeof TextAssembler>[0];

function endRuleOf({ header, lines }: EventLog): EndRule | undefined {
  if (header.side === 'device') return header.turn;
  const created = lines[0]?.event;
  if (created?.kind !== 'session-created') return undefined;
  const { stopStrings, maxAnswerTokens } = created.open;
  return { endIds: new Set(header.endIds), stopStrings, maxAnswerTokens };
}

function introduce({ header, lines }: EventLog): void {
  const whose = header.side === 'device' ? 'a turn on the device' : 'a session on the edge';
  print(foreignLine(`${whose}, ${lines.length} events, written ${header.date} by outrider ${header.outrider}`));
  if (header.outrider !== packageVersion()) print(`this is outrider ${packageVersion()}: its machine may differ`);
}

function printStep({ index, atMs, event, effects, state, differences }: ReplayedStep): void {
  print(
    `${String(index).padStart(5)}  ${atMs.toFixed(1).padStart(9)} ms  ${styleText('bold', event.kind)} ${details(event)}`,
  );
  const shown = Object.entries(state).filter(([, value]) => value !== null && value !== false);
  print(styleText('dim', `         ${shown.map(([key, value]) => `${key} ${value}`).join(', ')}`));
  for (const effect of effects) print(`         -> ${nameEffect(effect)} ${details(effect)}`);
  for (const difference of differences) print(styleText('red', `         ✗ ${difference}`));
}

const longestDetail = 160;

/** The rest of an event or effect on one line; what is long (rows of candidates, prompts) is counted instead. */
function details(value: { readonly kind: string }): string {
  const { kind: _kind, ...rest } = value as { kind: string; message?: { kind?: string } };
  const text = JSON.stringify(rest, (key, part: unknown) => {
    if (typeof part === 'bigint') return part.toString();
    if (key === 'rows' && Array.isArray(part)) return `${part.length} rows`;
    return Array.isArray(part) && part.length > 24 ? `${part.length} entries` : part;
  });
  if (text === '{}') return '';
  return foreignLine(text.length > longestDetail ? `${text.slice(0, longestDetail)}...` : text);
}

function printEnd(log: EventLog, { summary }: Result): void {
  print('');
  if (log.isCut) print('the log breaks off in the middle of a line, which was left out');
  print(`${summary['answerTokens']} tokens: ${jsonText(summary['text'])}`);
  const { differences } = summary;
  if (differences === 0) print(styleText('green', `${summary['events']} events, all as recorded`));
  else print(styleText('red', `${differences} differences between the log and this machine`));
}
