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

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly sessionId?: string };
}

/** A thread may be busy for long: its collection is waited for no longer, ms. */
const threadMs = 2000;

/** Resolves when the garbage of its main thread is collected, and that of its other threads, where they are not busy. */
export async function collectGarbage({ processId, inspector }: Inspected): Promise<void> {
  process.kill(processId, 'SIGUSR1');
  const socket = new WebSocket(await inspector);
  await once(socket, 'open');
  const collect = JSON.stringify({ id: 1, method: 'HeapProfiler.collectGarbage' });
  const threads: Promise<void>[] = [];
  const { promise: collected, resolve } = Promise.withResolvers<void>();
  const ends = new Map<string, () => void>();
  socket.addEventListener('message', ({ data }) => {
    const { id, method, params = {} } = JSON.parse(String(data)) as Message;
    if (id === 1) resolve();
    if (method === 'NodeWorker.receivedMessageFromWorker') ends.get(params.sessionId ?? '')?.();
    if (method !== 'NodeWorker.attachedToWorker') return;
    const { sessionId } = params;
    threads.push(
      new Promise((end) => {
        ends.set(sessionId ?? '', end);
        setTimeout(end, threadMs);
      }),
    );
    const toThread = { id: 3, method: 'NodeWorker.sendMessageToWorker', params: { sessionId, message: collect } };
    socket.send(JSON.stringify(toThread));
  });
  // Threads are named before this is answered.
  socket.send(JSON.stringify({ id: 2, method: 'NodeWorker.enable', params: { waitForDebuggerOnStart: false } }));
  socket.send(collect);
  await collected;
  await Promise.all(threads);
  socket.close();
}
