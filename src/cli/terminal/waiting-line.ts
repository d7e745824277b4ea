// One line on a terminal that says what a command waits for, and for how many seconds. It is drawn again each second. What is written
// meanwhile stands above it. Where a line can't be drawn again, there is none.

import { styleText } from 'node:util';
import { type BarStream, canRedraw } from './progress-bar.ts';

const redrawMs = 1000;
/** So long after a progress bar has drawn the line is the bar's. */
const yieldMs = 1500;
const eraseLine = '\r\u001b[K';

interface Waiting {
  readonly stream: BarStream;
  readonly startedMs: number;
  readonly timer: NodeJS.Timeout;
  label: string;
}

/** A terminal has one last line. */
let current: Waiting | null = null;
let barUntilMs = 0;

/** @param label what is waited for; another one takes the place of the former, and the seconds continue */
export function showWaiting(label: string, stream: BarStream = process.stderr): void {
  if (!canRedraw(stream)) return;
  if (current === null) {
    const timer = setInterval(draw, redrawMs).unref();
    barUntilMs = 0;
    current = { stream, startedMs: performance.now(), timer, label };
  }
  current.label = label;
  draw();
}

export function hideWaiting(): void {
  if (current === null) return;
  clearInterval(current.timer);
  current.stream.write(eraseLine);
  current = null;
}

/** Writes whole lines, and the waiting line below them again. */
export function writeAboveWaiting(text: string, stream: Pick<BarStream, 'write'> = process.stderr): void {
  current?.stream.write(eraseLine);
  stream.write(text);
  draw();
}

/** A progress bar is drawing in the same line. */
export function yieldToBar(): void {
  barUntilMs = performance.now() + yieldMs;
}

function draw(): void {
  if (current === null || performance.now() < barUntilMs) return;
  const { stream, startedMs, label } = current;
  const seconds = Math.floor((performance.now() - startedMs) / 1000);
  const line = `${label}${seconds > 0 ? `  ${seconds} s` : ''}`.slice(0, (stream.columns || 80) - 1);
  stream.write(`${eraseLine}${styleText('dim', line)}`);
}
