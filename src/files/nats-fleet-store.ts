// A fleet store on NATS: one key-value bucket of JetStream. A revision is the sequence number of the bucket's stream, which only grows.

import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import { type KV, type KvEntry, Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import type { FleetRecord, FleetStore, Found, Written } from '../allocation/fleet/fleet-store.ts';
import { asOutriderError, OutriderError } from '../core/basics/errors.ts';

export interface NatsFleetSettings {
  /** Name of the fleet: its bucket is made if there is none. */
  readonly bucket: string;
  /** Servers that keep a copy: 1, 3 or 5. */
  readonly replicas: number;
}

const perRecord = 1;
/** Of one record, bytes: values and keys are short. */
const mostValueBytes = 16_384;
/** From a watch that ended to the next one, ms. */
const watchAgainMs = 500;

/** @param connection is not closed by the store @throws OutriderError `edge-unreachable`: no JetStream answers */
export async function openNatsFleetStore(
  connection: NatsConnection,
  { bucket, replicas }: NatsFleetSettings,
): Promise<FleetStore> {
  try {
    const options = { history: perRecord, replicas, maxValueSize: mostValueBytes };
    return new NatsFleetStore(await new Kvm(connection).create(bucket, options));
  } catch (error) {
    throw failureOf(error);
  }
}

class NatsFleetStore implements FleetStore {
  readonly #bucket: KV;

  constructor(bucket: KV) {
    this.#bucket = bucket;
  }

  acquire(key: string, value: string, over: number, written: (answer: Written) => void): void {
    answer(over === 0 ? this.#bucket.create(key, value) : this.#bucket.update(key, value, over), written);
  }

  renew(key: string, value: string, revision: number, written: (answer: Written) => void): void {
    answer(this.#bucket.update(key, value, revision), written);
  }

  release(key: string, revision: number, written: (answer: Written) => void): void {
    answer(this.#bucket.update(key, '', revision), written);
  }

  get(key: string, found: (answer: Found) => void): void {
    this.#bucket.get(key).then(
      (entry) => found({ kind: 'found', record: entry === null ? null : recordOf(entry) }),
      (error: unknown) => found({ kind: 'failed', error: failureOf(error) }),
    );
  }

  put(key: string, value: string, written: (answer: Written) => void): void {
    answer(this.#bucket.put(key, value), written);
  }

  watch(key: string, changed: (record: FleetRecord) => void): () => void {
    let isEnded = false;
    let end = (): void => {
      isEnded = true;
    };
    const follow = async (): Promise<void> => {
      const entries = await this.#bucket.watch({ key });
      if (isEnded) entries.stop();
      end = () => {
        isEnded = true;
        entries.stop();
      };
      for await (const entry of entries) {
        const record = recordOf(entry);
        if (record !== null && !isEnded) changed(record);
      }
    };
    const keepOn = (): void => {
      if (!isEnded) setTimeout(begin, watchAgainMs).unref();
    };
    const begin = (): void => void follow().then(keepOn, keepOn);
    begin();
    return () => end();
  }
}

function answer(write: Promise<number>, written: (answer: Written) => void): void {
  write.then(
    (revision) => written({ kind: 'done', revision }),
    (error: unknown) => {
      const isRefused = error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamWrongLastSequence;
      written(isRefused ? { kind: 'refused' } : { kind: 'failed', error: failureOf(error) });
    },
  );
}

/** Null: it was deleted by somebody else. */
function recordOf(entry: KvEntry): FleetRecord | null {
  return entry.operation === 'PUT' ? { value: entry.string(), revision: entry.revision } : null;
}

function failureOf(error: unknown): OutriderError {
  const { message } = asOutriderError(error);
  return new OutriderError('edge-unreachable', `the fleet's store does not answer: ${message}`, 'look at its servers');
}
