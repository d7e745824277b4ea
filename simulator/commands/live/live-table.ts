// The table of `outrider live`: drawn again in place on a terminal, and now and then elsewhere.

import { styleText } from 'node:util';
import { type BarStream, canRedraw } from '../../../src/cli/terminal/progress-bar.ts';
import { formatTable } from '../../../src/cli/terminal/terminal-table.ts';
import { foreignLine } from '../../../src/cli/terminal/terminal-text.ts';
import type { FleetAnswer, ReaderState } from '../../fleet/fleet-reader.ts';

const drawEveryMs = 500;
const plainEveryMs = 5000;
/** Around the table: what passes, what ends it, and the cursor. */
const otherLines = 3;
/** With less room a reason is not wrapped but cut. */
const leastWhyColumns = 20;

export type TableStream = BarStream & { readonly rows?: number | undefined };

export interface LiveTable {
  /** How often it is worth drawing, ms. */
  readonly everyMs: number;
  /** @param text lines; the last draw is replaced where the stream is a terminal */
  draw(text: string): void;
  /** A line that stays, above the table. */
  note(line: string): void;
  /** Leaves the table as it is. */
  end(): void;
}

/** @param stream usually standard error */
export function createLiveTable(stream: TableStream, environment: NodeJS.ProcessEnv = process.env): LiveTable {
  const isTerminal = canRedraw(stream, environment);
  let drawn = '';
  const erase = (): void => {
    const lines = drawn.split('\n').length - 1;
    if (lines > 0) stream.write(`\u001b[${lines}A\u001b[J`);
  };
  return {
    everyMs: isTerminal ? drawEveryMs : plainEveryMs,
    draw(text) {
      if (isTerminal) erase();
      // A line that the terminal wraps, or scrolls away, can't be erased.
      drawn = `${isTerminal ? fitted(text, stream.columns || 80, stream.rows || 24) : text}\n`;
      stream.write(isTerminal ? drawn : `${drawn}\n`);
    },
    note(line) {
      if (isTerminal) erase();
      stream.write(`${styleText('dim', foreignLine(line))}\n${isTerminal ? drawn : ''}`);
    },
    end() {
      drawn = '';
    },
  };
}

function fitted(text: string, columns: number, rows: number): string {
  const lines = text.split('\n').map((line) => (line.length < columns ? line : `${line.slice(0, columns - 2)}…`));
  const most = Math.max(4, rows - 1);
  if (lines.length <= most) return lines.join('\n');
  return [...lines.slice(0, most - 1), `… ${lines.length - most + 1} more`].join('\n');
}

/** The table of running devices. Where there is room for it, the reason continues in the next line. */
export function runningTable(readers: readonly ReaderState[], stream: Omit<TableStream, 'write'>): string {
  const rows = readers.map(({ name, edge, mode, msPerToken, handovers, why }) => ({
    device: name,
    edge,
    mode,
    'ms a token': rounded(msPerToken),
    handovers,
    why: why ?? (edge === null ? 'thinks' : null),
  }));
  const keys = ['device', 'edge', 'mode', 'ms a token', 'handovers', 'why'];
  const { columns, rows: most } = stream;
  const lines = formatTable(rows, keys).split('\n');
  if (stream.isTTY !== true || columns === undefined) return lines.join('\n');
  const whyAt = (lines[0] as string).lastIndexOf('why');
  const long = lines.flatMap((line) => wrapped(line, columns, whyAt));
  return (long.length + otherLines <= (most ?? 24) ? long : lines).join('\n');
}

/** Breaks the last cell at spaces, below where it begins. */
function wrapped(line: string, columns: number, indent: number): string[] {
  const room = columns - 1 - indent;
  if (line.length < columns || room < leastWhyColumns || /^[- ]+$/.test(line)) return [line];
  const parts: string[] = [];
  let rest = line.slice(indent);
  while (rest.length > room) {
    const space = rest.lastIndexOf(' ', room);
    const end = space > 0 ? space : room;
    parts.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return [...parts, rest].map((part, at) => (at === 0 ? line.slice(0, indent) : ' '.repeat(indent)) + part);
}

/** At the end: what each device has read, from where, and its longest pause. */
export function endTable(readers: readonly ReaderState[], answers: readonly FleetAnswer[]): string {
  const rows = readers.map(({ name, msPerToken, answers: count, handovers, pauseMs }, device) => ({
    device: name,
    'ms a token': rounded(msPerToken),
    answers: count,
    handovers,
    'longest pause': `${Math.round(pauseMs)} ms`,
    'read from': readFrom(answers.filter((answer) => answer.device === device)),
  }));
  return formatTable(rows, Object.keys(rows[0] ?? {}));
}

/** Edges by name, each with how often it took an answer. */
function readFrom(answers: readonly FleetAnswer[]): string {
  const times = new Map<string, number>();
  for (const { report } of answers) for (const { edge } of report.servedBy) times.set(edge, (times.get(edge) ?? 0) + 1);
  return [...times]
    .sort(([one], [other]) => one.localeCompare(other))
    .map(([edge, count]) => `${edge} (${count})`)
    .join(', ');
}

function rounded(ms: number | null): string | null {
  return ms === null ? null : ms.toFixed(1);
}
