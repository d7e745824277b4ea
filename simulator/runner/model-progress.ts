// Shows in the progress of an experiment how the models that it opens are fetched and prepared.

import { modelLabel } from '../../src/files/document.ts';
import type { AcquireProgress } from '../../src/models/files/acquire.ts';
import type { Run } from './experiment.ts';

interface ModelProgress {
  readonly signal: AbortSignal;
  onProgress(progress: AcquireProgress): void;
  onLawProgress(law: string, done: number, total: number): void;
}

/** For `acquireModel` and `openModel`. @param spec what is opened, as it was asked for */
export function modelProgress({ onProgress, note, signal }: Run, spec: string): ModelProgress {
  const search = `finding the shape law of ${modelLabel(spec)} on this machine`;
  return {
    signal,
    onProgress({ model, stage, from, doneBytes, totalBytes = doneBytes }) {
      const where = from === undefined ? '' : ` (${from})`;
      if (stage === 'discarding') note(`${model}: deleted, because it was damaged${where}`);
      else if (stage === 'passing-over') note(`${model}: the model of that name is taken, not the file${where}`);
      else onProgress(`${model}: ${stage}${where}, MB`, Math.round(doneBytes / 1e6), Math.round(totalBytes / 1e6));
    },
    onLawProgress: (law, done, total) =>
      onProgress(`${search}: trying "${law}"`, Math.round((100 * done) / total), 100),
  };
}
