// The acceptance trace that Fig. 2 is replayed from, with its hash.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readTrace } from '../../files/trace-files.ts';
import type { Trace } from '../../traces/trace.ts';

export function traceOf(path: string | null): { readonly trace: Trace | null; readonly sha256: string | null } {
  if (path === null) return { trace: null, sha256: null };
  return { trace: readTrace(path), sha256: createHash('sha256').update(readFileSync(path)).digest('hex') };
}
