// One line on a terminal that shows how far something is: share, bar, amount, rate, time left. On anything but a terminal it
// writes nothing, so that logs and pipes stay readable.

import { performance } from 'node:perf_hooks';
import { styleText } from 'node:util';

export interface ProgressBar {
  /** @param done bytes so far. @param total undefined where it is not known. @param label in place of the first one. */
  update(done: number, total: number | undefined, label?: string): void;
  /** Clears the line. The bar may be used again. */
  stop(): void;
}

export interface ProgressBarOptions {
  /** Stands in front of the bar. */
  readonly label: string;
  /** Milliseconds; for tests. */
  readonly nowMs?: () => number;
}

/** What a bar needs to know about where it writes. */
export type BarStream = Pick<NodeJS.WriteStream, 'write'> & Partial<Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>>;

const redrawIntervalMs = 100;
const barCells = 24;
/** A rate over less time than this is not shown. */
const rateAfterMs = 500;

/** Whether a line on `stream` can be drawn again and again. */
export function canRedraw(stream: BarStream, environment: NodeJS.ProcessEnv = process.env): boolean {
  return stream.isTTY === true && environment['TERM'] !== 'dumb';
}

/** 98362432 becomes "98.4 MB"; a megabyte is a million bytes. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1e3).toFixed(0)} kB`;
  if (bytes < 1_000_000_000) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

function formatRate(doneBytes: number, total: number | undefined, elapsedMs: number): string {
  if (elapsedMs < rateAfterMs || doneBytes <= 0) return '';
  const bytesPerSecond = (doneBytes / elapsedMs) * 1_000;
  const leftSeconds = total === undefined ? undefined : Math.ceil((total - doneBytes) / bytesPerSecond);
  return `  ${formatBytes(Math.round(bytesPerSecond))}/s${leftSeconds === undefined ? '' : `  ${leftSeconds} s`}`;
}

function formatLine(label: string, done: number, total: number | undefined, rate: string): string {
  if (total === undefined || total <= 0) return `${label}  ${formatBytes(done)}${rate}`;
  const share = Math.min(1, done / total);
  const filled = Math.round(share * barCells);
  const bar = `${'█'.repeat(filled)}${'░'.repeat(barCells - filled)}`;
  const percent = String(Math.floor(share * 100)).padStart(3);
  return `${label}  ${percent} % ${bar}  ${formatBytes(done)} of ${formatBytes(total)}${rate}`;
}

/** A bar on `stream`, usually standard error. */
export function createProgressBar(
  stream: BarStream,
  { label: firstLabel, nowMs = () => performance.now() }: ProgressBarOptions,
): ProgressBar {
  const enabled = canRedraw(stream);
  let firstMs: number | undefined;
  let firstDone = 0;
  let drawnMs = Number.NEGATIVE_INFINITY;
  return {
    update(done, total, label = firstLabel) {
      if (!enabled) return;
      const now = nowMs();
      if (firstMs === undefined) {
        // What an earlier attempt has brought does not count for the rate.
        firstMs = now;
        firstDone = done;
      }
      if (now - drawnMs < redrawIntervalMs && done !== total) return;
      drawnMs = now;
      const rate = formatRate(done - firstDone, total === undefined ? undefined : total - firstDone, now - firstMs);
      const line = formatLine(label, done, total, rate).slice(0, (stream.columns || 80) - 1);
      stream.write(`\r\u001b[K${styleText('dim', line)}`);
    },
    stop() {
      if (!enabled || firstMs === undefined) return;
      stream.write('\r\u001b[K');
      firstMs = undefined;
      drawnMs = Number.NEGATIVE_INFINITY;
    },
  };
}
