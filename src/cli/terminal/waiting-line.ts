// What a command waits for, in one line: on a terminal it is drawn again each second, and what is written meanwhile stands above it;
// elsewhere it is written every five seconds. Where the share that is done is known, the line says how long the rest takes.

import { styleText } from 'node:util';
import { type BarStream, canRedraw } from './progress-bar.ts';

const redrawMs = 1000;
/** Between two lines where none can be drawn again. */
const lineMs = 5000;
/** So long after a progress bar has drawn the line is the bar's. */
const yieldMs = 1500;
const eraseLine = '\r\u001b[K';

/** A share that was done at a time. */
interface Mark {
  readonly atMs: number;
  readonly share: number;
}

interface Waiting {
  readonly stream: BarStream;
  readonly redraws: boolean;
  readonly startedMs: number;
  readonly timer: NodeJS.Timeout;
  label: string;
  /** Where the present stage was first and last seen; null: it names no share. */
  stage: { readonly from: Mark; readonly to: Mark } | null;
}

export interface WaitingOptions {
  /** The share of what is waited for that is done, 0 to 1. Default: not known. */
  readonly share?: number | undefined;
  readonly stream?: BarStream;
}

/** A process has one last line. */
let current: Waiting | null = null;
let barUntilMs = 0;

/** @param label what is waited for; another one takes the place of the former, and the seconds continue */
export function showWaiting(label: string, { share, stream = process.stderr }: WaitingOptions = {}): void {
  if (current === null) {
    const redraws = canRedraw(stream);
    const timer = setInterval(redraws ? draw : writeLine, redraws ? redrawMs : lineMs).unref();
    barUntilMs = 0;
    current = { stream, redraws, startedMs: performance.now(), timer, label, stage: null };
  }
  current.label = label;
  const { stage } = current;
  const to = share === undefined ? null : { atMs: performance.now(), share };
  // A share that falls begins another stage.
  if (to === null) current.stage = null;
  else current.stage = { from: stage === null || to.share < stage.to.share ? to : stage.from, to };
  draw();
}

export function hideWaiting(): void {
  if (current === null) return;
  clearInterval(current.timer);
  if (current.redraws) current.stream.write(eraseLine);
  current = null;
}

export function isWaiting(): boolean {
  return current !== null;
}

/** About how many seconds the present stage still takes; null: not known. */
export function secondsLeft(): number | null {
  const { from, to } = current?.stage ?? {};
  if (from === undefined || to === undefined || to.share <= from.share) return null;
  const perShareMs = (to.atMs - from.atMs) / (to.share - from.share);
  return Math.max(1, Math.ceil((perShareMs * (1 - to.share) - (performance.now() - to.atMs)) / 1000));
}

/** Writes whole lines, and the waiting line below them again. */
export function writeAboveWaiting(text: string, stream: Pick<BarStream, 'write'> = process.stderr): void {
  if (current?.redraws === true) current.stream.write(eraseLine);
  stream.write(text);
  draw();
}

/** A progress bar is drawing in the same line. */
export function yieldToBar(): void {
  barUntilMs = performance.now() + yieldMs;
}

function draw(): void {
  if (current?.redraws !== true || performance.now() < barUntilMs) return;
  const { stream } = current;
  stream.write(`${eraseLine}${styleText('dim', lineOf(current).slice(0, (stream.columns || 80) - 1))}`);
}

function writeLine(): void {
  if (current !== null) current.stream.write(`${lineOf(current)}\n`);
}

function lineOf({ label, stage, startedMs }: Waiting): string {
  const done = stage === null ? '' : `, ${Math.floor(100 * stage.to.share)} %`;
  const left = secondsLeft();
  const seconds = Math.floor((performance.now() - startedMs) / 1000);
  const time = left === null ? '' : `, about ${left} s more`;
  return `${label}${done}${time || (seconds > 0 ? `  ${seconds} s` : '')}`;
}
