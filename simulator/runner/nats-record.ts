// Opens the record of a run in NATS, so that several machines share the run.

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { badArgument, type OutriderError } from '../../src/core/basics/errors.ts';
import { openNatsFleetStore, parseNatsAddress } from '../../src/files/nats-fleet-store.ts';
import { readNamed } from '../../src/files/tls-files.ts';
import { machineClock } from '../../src/network/transport/machine-clock.ts';
import type { OpenRecord } from './run-record.ts';
import { recordMark, SharedRecord } from './shared-record.ts';

/** The option of every command whose run can be shared. */
export const recordOptions = {
  record: {
    flag: '--record <store>',
    help: 'share the run with other machines that give the same command: nats://HOST:PORT/NAME, or tls://',
  },
  recordCredentials: {
    flag: '--record-credentials <file>',
    help: 'credentials for that store, as --fleet-credentials',
  },
  recordCa: { flag: '--record-ca <file>', help: "certificate, PEM, that has signed that store's" },
} as const;

export interface RecordFlags {
  readonly record?: string | undefined;
  readonly recordCredentials?: string | undefined;
  readonly recordCa?: string | undefined;
}

/** Until a store that does not answer yet is worth a line, ms. What else is wrong with it at the start ends the run: no time mends it. */
const connectMs = 3000;

export interface NatsRecord extends AsyncDisposable {
  readonly open: OpenRecord;
  /** A store that does not answer is not waited for any more. */
  giveUp(): void;
}

/**
 * @param flags nats://HOST:PORT[,HOST:PORT]/NAME, or tls:// @param onNote called when the store is lost, and when it is back
 * @returns null: no flag names a store
 * @throws OutriderError `bad-argument`; `unauthorized`, `version-mismatch`, `disk-full`: what the store answers
 */
export async function openNatsRecord(flags: RecordFlags, onNote: (text: string) => void): Promise<NatsRecord | null> {
  const { record: url, recordCredentials, recordCa } = flags;
  if (url === undefined) return null;
  const address = parseNatsAddress(url);
  if (!/[^/]\/[\w-]+\/?$/.test(url)) throw badArgument(`${url} names no record`, 'add a name: nats://HOST:PORT/NAME');
  const say = (error: OutriderError | null): void =>
    onNote(error === null ? `${url} answers` : `${error.message}; ${error.remedy}`);
  const connected = Promise.withResolvers<void>();
  let last: OutriderError | null = null;
  let isOpening = true;
  const onState = (error: OutriderError | null): void => {
    last = error;
    if (error === null) connected.resolve();
    else if (error.code !== 'store-unreachable') connected.reject(error);
    if (!isOpening) say(error);
  };
  const files = [recordCredentials, recordCa].map((path) => (path === undefined ? undefined : readNamed(path)));
  const [credentials, ca] = await Promise.all(files);
  const store = await openNatsFleetStore({ ...address, credentials, ca, mark: recordMark, onState });
  const waiting = new AbortController();
  const late = sleep(connectMs, undefined, { signal: waiting.signal }).catch(() => {});
  try {
    await Promise.race([connected.promise, late]);
  } catch (error) {
    await store[Symbol.asyncDispose]();
    throw error;
  } finally {
    waiting.abort();
  }
  isOpening = false;
  if (last !== null) say(last);
  const ending = new AbortController();
  const settings = { store, clock: machineClock, place: url, me: randomUUID(), signal: ending.signal };
  return {
    open: (experiment, asked) => SharedRecord.open(settings, experiment, asked),
    giveUp: () => ending.abort(),
    async [Symbol.asyncDispose]() {
      ending.abort();
      await store[Symbol.asyncDispose]();
    },
  };
}
