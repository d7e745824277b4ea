// Shows on standard error how models are fetched, and how their shape laws are searched: a line that is drawn again on a terminal, elsewhere
// one line for each stage or law, and one every five seconds. Every command that needs a model uses it.

import { modelLabel } from '../../files/document.ts';
import type { AcquireProgress, AcquireStage } from '../../models/files/acquire.ts';
import { withInterrupt } from '../terminal/interrupt.ts';
import {
  type BarStream,
  canRedraw,
  createProgressBar,
  formatBytes,
  type ProgressBar,
} from '../terminal/progress-bar.ts';
import { hideWaiting, isWaiting, showWaiting, yieldToBar } from '../terminal/waiting-line.ts';

export interface AcquireReport {
  /** For `acquireModel`. */
  readonly onProgress: (progress: AcquireProgress) => void;
  /** Clears the bar; call it when the models are there or have failed. */
  stop(): void;
}

const verbs: Record<AcquireStage, string> = {
  downloading: 'downloading from',
  shortening: 'leaving layers out of',
  coarsening: 'making coarser weights for',
  verifying: 'verifying SHA-256',
  'passing-over': 'the model of that name is taken, not the file',
  discarding: 'deleted, because it was damaged:',
};

function describe({ model, stage, from = '' }: AcquireProgress): string {
  return `${model}: ${verbs[stage]} ${from}`.trimEnd();
}

/** Whether it is about something that was done, and nothing moves. */
function isNotice({ stage }: AcquireProgress): boolean {
  return stage === 'discarding' || stage === 'passing-over';
}

/** @param stream usually `process.stderr`. */
export function createAcquireReport(stream: BarStream = process.stderr): AcquireReport {
  const redraws = canRedraw(stream);
  let shown = '';
  let bar: ProgressBar | undefined;
  const hides = !isWaiting();
  return {
    onProgress(progress) {
      const label = describe(progress);
      if (label !== shown) {
        shown = label;
        bar?.stop();
        bar = createProgressBar(stream, { label });
        if (isNotice(progress)) stream.write(`${label}\n`);
        else if (!redraws) stream.write(`${label} (${formatBytes(progress.totalBytes ?? progress.doneBytes)})\n`);
      }
      if (isNotice(progress)) return;
      const { model, part, doneBytes, totalBytes } = progress;
      if (redraws) yieldToBar();
      // Short, so that the bar has room.
      const partLabel = part === undefined ? undefined : `${model}: part ${part.number} of ${part.count}`;
      bar?.update(doneBytes, totalBytes, partLabel);
      if (doneBytes === totalBytes) showWaiting(`opening ${model} ...`, { stream });
      else showWaiting(label, { stream, share: totalBytes === undefined ? undefined : doneBytes / totalBytes });
    },
    stop() {
      bar?.stop();
      if (hides) hideWaiting();
    },
  };
}

/** What `acquireModel` takes of a command: a way to stop it, and a report. */
export interface Acquiring extends Pick<AcquireReport, 'onProgress'> {
  readonly signal: AbortSignal;
}

/** Runs `work` with a report of its own. Ctrl-C ends it in order. */
export async function withAcquireReport<Outcome>(work: (options: Acquiring) => Promise<Outcome>): Promise<Outcome> {
  const { onProgress, stop } = createAcquireReport();
  try {
    return await withInterrupt((signal) => work({ signal, onProgress }));
  } finally {
    stop();
  }
}

export interface LawReport {
  /** For `openModel`. A machine searches once per model, for seconds to minutes. */
  readonly onLawProgress: (law: string, done: number, total: number) => void;
  /** Clears the line. The report may be used again. */
  stop(): void;
}

/** Until it is stopped, a terminal shows that the model is being opened. @param model its name or path. @param stream usually `process.stderr`. */
export function createLawReport(model: string, stream: BarStream = process.stderr): LawReport {
  const redraws = canRedraw(stream);
  let tried = '';
  showWaiting(`opening ${modelLabel(model)} ...`, { stream });
  return {
    onLawProgress(law, done, total) {
      const line = `finding the shape law of ${modelLabel(model)} on this machine: trying "${law}"`;
      if (!redraws && law !== tried) stream.write(`${line}\n`);
      showWaiting(line, { stream, share: done / total });
      tried = law;
    },
    stop() {
      hideWaiting();
      tried = '';
    },
  };
}
