// `outrider serve` as a child process.

import { type ChildService, type ChildSettings, startChild } from '../../src/cli/children/child-service.ts';

export interface ServeProcess extends AsyncDisposable, Pick<ChildService, 'processId' | 'ended' | 'send'> {
  /** Base URL for OpenAI's clients: "http://127.0.0.1:PORT/v1". */
  readonly baseUrl: string;
  /** Ends it in order. */
  close(): Promise<void>;
}

/**
 * @param flags of `outrider serve`; it listens on a free port @param settings.environment for keys, which are no flags of a process
 * @throws OutriderError as {@link startChild}, `internal` without an error of its own
 */
export async function startServeProcess(flags: readonly string[], settings: ChildSettings = {}): Promise<ServeProcess> {
  const environment = { OUTRIDER_KEY: undefined, OUTRIDER_CLIENT_KEY: undefined, ...settings.environment };
  const words = ['serve', '--port', '0', ...flags];
  const child = await startChild(words, 'internal', { ...settings, environment });
  const close = async (): Promise<void> => void (await child.close());
  return { ...child, baseUrl: child.url, close, [Symbol.asyncDispose]: close };
}
