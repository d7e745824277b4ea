// A collection of garbage in another Node process, by its inspector: it opens on SIGUSR1 and says where on standard error.

import { once } from 'node:events';

/** A process of Node, started with {@link inspectorOptions}. */
export interface Inspected {
  readonly processId: number;
  /** The first address of its inspector that it has said, once it has said one. */
  readonly inspector: Promise<string>;
}

/** The inspector takes a free port. */
export const inspectorOptions: readonly string[] = ['--inspect-port=0'];

/** @returns the inspector's address in a line of standard error; undefined: there is none */
export function inspectorIn(line: string): string | undefined {
  return /^Debugger listening on (ws:\/\/\S+)/.exec(line)?.[1];
}

/** Resolves when the garbage of its main thread is collected. */
export async function collectGarbage({ processId, inspector }: Inspected): Promise<void> {
  process.kill(processId, 'SIGUSR1');
  const socket = new WebSocket(await inspector);
  await once(socket, 'open');
  const answered = once(socket, 'message');
  socket.send(JSON.stringify({ id: 1, method: 'HeapProfiler.collectGarbage' }));
  await answered;
  socket.close();
}
