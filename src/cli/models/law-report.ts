// Shows on standard error how the shape law of a model is searched: a line that is drawn again on a terminal, elsewhere one line for
// each law that is tried. A machine searches once per model, for seconds to minutes.

import { modelLabel } from '../../files/document.ts';
import { type BarStream, canRedraw } from '../terminal/progress-bar.ts';

export interface LawReport {
  /** For `openModel`. */
  readonly onLawProgress: (law: string, done: number, total: number) => void;
  /** Clears the line. The report may be used again. */
  stop(): void;
}

/** @param model its name or path. @param stream usually `process.stderr`. */
export function createLawReport(model: string, stream: BarStream = process.stderr): LawReport {
  const redraws = canRedraw(stream);
  let tried = '';
  return {
    onLawProgress(law, done, total) {
      const line = `finding the shape law of ${modelLabel(model)} on this machine: trying "${law}"`;
      if (redraws) stream.write(`\r\x1b[K${line}, ${Math.floor((100 * done) / total)} %`);
      else if (law !== tried) stream.write(`${line}\n`);
      tried = law;
    },
    stop() {
      if (redraws && tried !== '') stream.write('\r\x1b[K');
      tried = '';
    },
  };
}
