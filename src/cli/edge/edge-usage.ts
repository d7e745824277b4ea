// Where an edge keeps the usage of its keys.

import { join } from 'node:path';
import { asOutriderError, type OutriderError } from '../../core/basics/errors.ts';
import type { OptionsOf } from '../../core/options/options.ts';
import { makePrivateDirectory, stateDirectory } from '../../files/make-directory.ts';
import { UsageFile } from '../../files/usage-file.ts';
import { machineClock } from '../../network/transport/machine-clock.ts';
import type { Listener } from '../../network/transport/transport.ts';
import { ticketPrefix } from '../../processes/controller/ticket-book.ts';
import type { EdgeLog } from './edge-log.ts';

export const usageOptions = {
  usage: {
    flag: '--usage <file>',
    help: 'keeps what keys have used, so that their quotas go on after a restart (default: usage-PORT.json in OUTRIDER_STATE, with a file of keys and a port that is not 0)',
  },
} as const;

/** @param hasKeys there is a file of keys @throws OutriderError `bad-argument`: a file that was named can't be used */
export async function openEdgeUsage(
  { usage, port }: OptionsOf<typeof usageOptions> & { readonly port: number },
  hasKeys: boolean,
  log: Pick<EdgeLog, 'note'>,
): Promise<UsageFile | null> {
  const path = usage ?? (hasKeys && port !== 0 ? join(stateDirectory(), `usage-${port}.json`) : null);
  if (path === null) return null;
  const onState = (error: OutriderError | null): void => {
    if (error === null) log.note('info', `the usage of keys is kept again in ${path}`);
    else log.note('error', `the usage of keys: ${error.message} (${error.remedy}) [${error.code}]`);
  };
  const isCounted = (id: string): boolean => id !== '' && !id.startsWith(ticketPrefix);
  try {
    if (usage === undefined) makePrivateDirectory(stateDirectory());
    return await UsageFile.open(path, { clock: machineClock, isCounted, onState });
  } catch (error) {
    if (usage !== undefined) throw error;
    onState(asOutriderError(error));
    return null;
  }
}

/** A listener that closes when the usage is written: the next edge at its port has the same file. */
export function closedAfter(usage: AsyncDisposable | null, listener: Pick<Listener, 'close'>): Pick<Listener, 'close'> {
  return {
    async close() {
      await usage?.[Symbol.asyncDispose]();
      await listener.close();
    },
  };
}
