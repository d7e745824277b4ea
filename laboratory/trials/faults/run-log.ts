// The lines of `--verbose`: what edges and devices do.

import { InvariantWatch } from './invariants.ts';

/** The watch of a run, which also tells what it sees of edges. */
export function logging(watch: InvariantWatch, log: (line: string) => void): InvariantWatch {
  const { edgeSends, edgeCloses, placeChanged } = InvariantWatch.prototype;
  watch.edgeSends = (edge, link, message, isWritable) => {
    log(`${edge.settings.name} sends ${describe(message)}`);
    edgeSends.call(watch, edge, link, message, isWritable);
  };
  watch.placeChanged = (edge, session, change, waitedMs) => {
    log(`${edge.settings.name}: place of session ${session.number}, ${session.key.id}: ${change}`);
    placeChanged.call(watch, edge, session, change, waitedMs);
  };
  watch.edgeCloses = (edge, link, code, detail) => {
    log(`${edge.settings.name} closes: ${code}, ${detail}`);
    edgeCloses.call(watch, edge, link, code, detail);
  };
  return watch;
}

/** JSON without prompts and sampling, with counts in place of long lists. */
export function describe(value: object): string {
  return JSON.stringify(value, (key, part: unknown) => {
    if (typeof part === 'bigint') return String(part);
    if (key === 'sampling' || key === 'prompt') return undefined;
    return Array.isArray(part) && part.length > 24 ? `${part.length} ids` : part;
  });
}
