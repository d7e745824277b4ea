// Gives up answers that no client reads: what waits for such a client would stay in memory, and its place on an edge be taken.

import type { ServerResponse } from 'node:http';

/** A client that takes nothing of what waits for it for this long has stopped reading, ms. */
const unreadMs = 60_000;

/** Ends the connection of an answer that is not read. @param afterMs for tests; default: a minute */
export function giveUpUnread(response: ServerResponse, afterMs: number = unreadMs): void {
  let taken = -1;
  let sinceMs = 0;
  const timer = setInterval(() => {
    const { socket, writableLength } = response;
    // What has left the buffers: a client that reads slowly is waited for.
    const now = (socket?.bytesWritten ?? 0) - writableLength;
    if (writableLength > 0 && now === taken) {
      if (performance.now() - sinceMs >= afterMs) response.destroy();
      return;
    }
    [taken, sinceMs] = [writableLength > 0 ? now : -1, performance.now()];
  }, afterMs / 8);
  timer.unref();
  response.once('close', () => clearInterval(timer));
}
