// One piece of a file from the edge: asked for by a range, again after a lost connection, later where the edge says so.

import { bearer } from '../parts/key-keeper.ts';
import { LoadFailure } from './load-weights.ts';

export interface AskPorts {
  readonly fetch: (url: string, init: { readonly headers: Readonly<Record<string, string>> }) => Promise<Response>;
  readonly sleep: (ms: number) => Promise<unknown>;
}

/** Failed attempts at one piece before the file counts as cut. */
const mostFailures = 6;
/** The edge may say later so often. */
const mostWaits = 100;
const longestPauseMs = 8000;
const longestWaitSeconds = 120;

/** @throws LoadFailure `cut`, or `refused`: the edge gives the file to others only, or has it no more */
export async function askPiece(
  url: string,
  from: number,
  to: number,
  key: string | undefined,
  { fetch, sleep }: AskPorts,
): Promise<Uint8Array> {
  const headers = { range: `bytes=${from}-${to - 1}`, ...bearer(key) };
  let [failures, waits] = [0, 0];
  for (;;) {
    const answer = await fetch(url, { headers }).catch(() => null);
    const { status = 0 } = answer ?? {};
    if ([401, 403, 404].includes(status)) throw new LoadFailure('refused');
    if (status === 206) {
      const bytes = await answer?.arrayBuffer().then(
        (buffer) => new Uint8Array(buffer),
        () => null,
      );
      if (bytes?.length === to - from) return bytes;
    } else await answer?.body?.cancel().catch(() => {});
    const laterSeconds = [429, 503].includes(status)
      ? Number(answer?.headers.get('retry-after') ?? Number.NaN)
      : Number.NaN;
    if (laterSeconds > 0 && waits < mostWaits) {
      waits += 1;
      await sleep(1000 * Math.min(longestWaitSeconds, laterSeconds));
      continue;
    }
    failures += 1;
    if (failures === mostFailures) throw new LoadFailure('cut');
    await sleep(Math.min(longestPauseMs, 250 * 2 ** failures));
  }
}
