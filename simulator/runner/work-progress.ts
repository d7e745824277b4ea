// Progress of long work on standard error: a line that is drawn again on a terminal, a line per stage elsewhere.

import { type BarStream, canRedraw } from '../../src/cli/terminal/progress-bar.ts';

export interface WorkProgress {
  update(label: string, done: number, total: number): void;
  stop(): void;
}

export function createWorkProgress(stream: BarStream = process.stderr): WorkProgress {
  const redraws = canRedraw(stream);
  let label = '';
  let startMs = 0;
  return {
    update(stage, done, total) {
      const isNew = stage !== label;
      if (isNew) {
        label = stage;
        startMs = performance.now();
      }
      if (redraws) stream.write(`\r\x1b[K${stage}: ${done} of ${total}${timeLeft(startMs, done, total)}`);
      else if (isNew) stream.write(`${stage}: ${total}\n`);
    },
    stop() {
      if (redraws && label !== '') stream.write('\r\x1b[K');
    },
  };
}

function timeLeft(startMs: number, done: number, total: number): string {
  const elapsedMs = performance.now() - startMs;
  if (done === 0 || elapsedMs < 2000) return '';
  const seconds = Math.ceil((elapsedMs / done) * (total - done) * 1e-3);
  return seconds >= 90 ? `, ${Math.ceil(seconds / 60)} minutes left` : `, ${seconds} s left`;
}
