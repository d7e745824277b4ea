// Opens the record of a run in NATS, so that several machines share the run.

import { randomUUID } from 'node:crypto';
import { badArgument, type OutriderError } from '../../src/core/basics/errors.ts';
import { openNatsFleetStore, parseNatsAddress } from '../../src/files/nats-fleet-store.ts';
import { machineClock } from '../../src/network/transport/machine-clock.ts';
import type { OpenRecord } from './run-record.ts';
import { recordMark, SharedRecord } from './shared-record.ts';

/** The option of every command whose run can be shared. */
export const recordOption = {
  flag: '--record <store>',
  help: 'share the run with other machines that give the same command: nats://HOST:PORT/NAME',
} as const;

export interface NatsRecord extends AsyncDisposable {
  readonly open: OpenRecord;
}

/**
 * @param url nats://HOST:PORT[,HOST:PORT]/NAME, or tls:// @param onNote called when the store is lost, and when it is back
 * @throws OutriderError `bad-argument`
 */
export async function openNatsRecord(url: string, onNote: (text: string) => void): Promise<NatsRecord> {
  const address = parseNatsAddress(url);
  if (!/[^/]\/[\w-]+\/?$/.test(url)) throw badArgument(`${url} names no record`, 'add a name: nats://HOST:PORT/NAME');
  const onState = (error: OutriderError | null): void =>
    onNote(error === null ? `${url} answers` : `${error.message}; ${error.remedy}`);
  const store = await openNatsFleetStore({ ...address, mark: recordMark, onState });
  const settings = { store, clock: machineClock, place: url, me: randomUUID() };
  return {
    open: (experiment, asked) => SharedRecord.open(settings, experiment, asked),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
