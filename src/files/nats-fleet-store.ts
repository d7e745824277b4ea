// A fleet store on NATS: one key-value bucket of JetStream. A revision is the sequence number of the bucket's stream, which only grows. The
// packages are optional: one controller alone needs none.

import type { JetStreamApiError, jetstream } from '@nats-io/jetstream';
import type { KV, KvEntry, Kvm } from '@nats-io/kv';
import type { connect, credsAuthenticator, NatsConnection } from '@nats-io/transport-node';
import type { FleetRecord, FleetStore, Found, Written } from '../allocation/fleet/fleet-store.ts';
import { asOutriderError, badArgument, OutriderError } from '../core/basics/errors.ts';
import { withoutSecrets } from '../core/basics/secret.ts';

export interface NatsAddress {
  /** HOST:PORT, one or several of a cluster. */
  readonly servers: readonly string[];
  /** Name of the fleet: its bucket is made if there is none. */
  readonly bucket: string;
  readonly isTls: boolean;
}

export interface NatsFleetSettings extends NatsAddress {
  /** Text of a credentials file: what `nsc` writes, a line USER:PASSWORD, or a token. Default: none. */
  readonly credentials?: string | undefined;
  /** The authority that has signed the servers' certificates, PEM. Default: those that the system trusts. */
  readonly ca?: string | undefined;
  /** The key that shows that a bucket with records is of this kind. Default: that of a fleet. */
  readonly mark?: string | undefined;
  /** Called when the store is lost, with each new cause, and with null when it is back. */
  readonly onState: (error: OutriderError | null) => void;
}

/** What is used of its packages. */
interface Nats {
  readonly connect: typeof connect;
  readonly credsAuthenticator: typeof credsAuthenticator;
  readonly jetstream: typeof jetstream;
  readonly Kvm: typeof Kvm;
  readonly JetStreamApiError: typeof JetStreamApiError;
}

const perRecord = 1;
/** Size of one record, bytes: values and keys are short. */
const mostValueBytes = 16_384;
/** From a watch that ended to the next one, and from a connection that failed to the next attempt, ms. */
const againMs = 500;
/** A request without an answer, ms; a connection without one is given up after two of these. */
const answerWithinMs = 1500;
/** For so long after a write that failed, one that is read does not work, ms. */
const unwrittenMs = 5000;
const defaultBucket = 'outrider';
/** Error of JetStream: the record does not have the expected sequence number. */
const wrongSequence = 10_071;

/** @param url nats://HOST:PORT[,HOST:PORT][/NAME], or tls:// @throws OutriderError `bad-argument` */
export function parseNatsAddress(url: string): NatsAddress {
  const [, scheme, hosts = '', bucket = defaultBucket] =
    /^(nats|tls):\/\/([^\s/?#@]+)(?:\/([\w-]{1,64}))?\/?$/.exec(url) ?? [];
  const servers = hosts.split(',').filter((host) => host !== '');
  if (scheme === undefined || servers.length === 0)
    throw badArgument(
      `"${withoutSecrets(url).slice(0, 80)}" is no address of a store`,
      'give nats://HOST:PORT or tls://HOST:PORT, several with commas, and /NAME for a fleet or a run of that name; no user or password',
    );
  return { servers, bucket, isTls: scheme === 'tls' };
}

/** Returns before it is connected: requests fail until then. @throws OutriderError `bad-argument`: its packages are not installed */
export async function openNatsFleetStore(settings: NatsFleetSettings): Promise<NatsFleetStore> {
  return new NatsFleetStore(await loadNats(), settings);
}

async function loadNats(): Promise<Nats> {
  try {
    const transport = await import('@nats-io/transport-node');
    return { ...transport, ...(await import('@nats-io/jetstream')), ...(await import('@nats-io/kv')) };
  } catch (error) {
    const remedy = 'npm install @nats-io/transport-node@3.4.0 @nats-io/jetstream@3.4.0 @nats-io/kv@3.4.0';
    throw badArgument("the packages of NATS can't be loaded", remedy, { cause: error });
  }
}

export class NatsFleetStore implements FleetStore, AsyncDisposable {
  readonly #nats: Nats;
  readonly #settings: NatsFleetSettings;
  #connection: NatsConnection | null = null;
  #bucket: KV | null = null;
  /** Null: it works. */
  #failure: OutriderError | null;
  /** Causes since it has last worked. */
  readonly #said = new Set<string>();
  /** When a write has last failed. */
  #unwrittenAtMs = Number.NEGATIVE_INFINITY;
  /** The bucket was seen to be a fleet's. */
  #isOwn = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(nats: Nats, settings: NatsFleetSettings) {
    this.#nats = nats;
    this.#settings = settings;
    this.#failure = this.#lost('no connection yet');
    void this.#connect();
  }

  acquire(key: string, value: string, over: number, written: (answer: Written) => void): void {
    this.#write((bucket) => (over === 0 ? bucket.create(key, value) : bucket.update(key, value, over)), written);
  }

  renew(key: string, value: string, revision: number, written: (answer: Written) => void): void {
    this.#write((bucket) => bucket.update(key, value, revision), written);
  }

  release(key: string, revision: number, written: (answer: Written) => void): void {
    this.#write((bucket) => bucket.update(key, '', revision), written);
  }

  put(key: string, value: string, written: (answer: Written) => void): void {
    this.#write((bucket) => bucket.put(key, value), written);
  }

  get(key: string, found: (answer: Found) => void): void {
    void this.#ask((bucket) => bucket.get(key)).then(
      (entry) => {
        this.#worked('read');
        found({ kind: 'found', record: entry === null ? null : recordOf(entry) });
      },
      (error: unknown) => found({ kind: 'failed', error: this.#failed(error) }),
    );
  }

  watch(key: string, changed: (record: FleetRecord) => void): () => void {
    let isEnded = false;
    let end = (): void => {};
    const follow = async (): Promise<void> => {
      const entries = await this.#ask((bucket) => bucket.watch({ key }));
      end = () => entries.stop();
      if (isEnded) end();
      for await (const entry of entries) {
        const record = recordOf(entry);
        if (record !== null && !isEnded) changed(record);
      }
    };
    const keepOn = (): void => {
      if (!isEnded && !this.#isClosed) setTimeout(begin, againMs).unref();
    };
    const begin = (): void => void follow().then(keepOn, keepOn);
    begin();
    return () => {
      isEnded = true;
      end();
    };
  }

  /** Sends what was asked for, and ends the connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#connection?.drain().catch(() => {});
  }

  /** A connection that is lost is given up: the next one shows what is wrong now. */
  async #connect(): Promise<void> {
    let connection: NatsConnection | null = null;
    try {
      connection = await this.#nats.connect({ ...this.#access(), reconnect: false, timeout: answerWithinMs });
      this.#connection = connection;
      void connection.closed().then((error) => {
        if (connection === this.#connection) this.#again(error ?? 'its connection has ended');
      });
      const bucket = await this.#openBucket(connection);
      if (this.#isClosed) await connection.close();
      this.#bucket = bucket;
      this.#worked('write');
    } catch (error) {
      if (connection === null) this.#again(error);
      else {
        this.#failed(error);
        await connection.close();
      }
    }
  }

  #again(error: unknown): void {
    this.#connection = null;
    this.#bucket = null;
    if (this.#isClosed) return;
    if (error instanceof Error || this.#failure === null) this.#failed(error);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#connect(), againMs).unref();
  }

  #access() {
    const { servers, credentials = '', ca, isTls } = this.#settings;
    const text = credentials.trim();
    const [, user, pass = ''] = /^([^:]*):(.*)$/s.exec(text) ?? [];
    const isFile = text.includes('BEGIN NATS USER JWT');
    const byFile = { authenticator: this.#nats.credsAuthenticator(new TextEncoder().encode(credentials)) };
    const byText = user === undefined ? { token: text } : { user, pass };
    return {
      servers: [...servers],
      pingInterval: answerWithinMs,
      maxPingOut: 2,
      ...(text === '' ? {} : isFile ? byFile : byText),
      ...(isTls ? { tls: ca === undefined ? {} : { ca } } : {}),
    };
  }

  /** @throws OutriderError `version-mismatch`: it is somebody else's */
  async #openBucket(connection: NatsConnection): Promise<KV> {
    const { bucket: name, servers, mark = 'fleet' } = this.#settings;
    // A cluster keeps a copy on each server that is named, of an odd number.
    const replicas = servers.length < 3 ? 1 : servers.length < 5 ? 3 : 5;
    const kvm = new this.#nats.Kvm(this.#nats.jetstream(connection, { timeout: answerWithinMs }));
    const bucket = await kvm.create(name, { history: perRecord, replicas, maxValueSize: mostValueBytes });
    const { ttl, values } = await bucket.status();
    this.#isOwn ||= ttl === 0 && (values === 0 || (await bucket.get(mark)) !== null);
    if (this.#isOwn) return bucket;
    const cause = `the bucket "${name}" of ${servers.join(',')} has no "${mark}": its records are others', or expire`;
    throw new OutriderError('version-mismatch', cause, 'name another one: nats://HOST:PORT/NAME');
  }

  async #ask<Answer>(ask: (bucket: KV) => Promise<Answer>): Promise<Answer> {
    if (this.#bucket === null) throw this.#failure ?? this.#lost('no connection');
    return ask(this.#bucket);
  }

  #write(write: (bucket: KV) => Promise<number>, written: (answer: Written) => void): void {
    void this.#ask(write).then(
      (revision) => {
        this.#worked('write');
        written({ kind: 'done', revision });
      },
      (error: unknown) => {
        const isRefused = error instanceof this.#nats.JetStreamApiError && error.code === wrongSequence;
        if (!isRefused) this.#unwrittenAtMs = performance.now();
        written(isRefused ? { kind: 'refused' } : { kind: 'failed', error: this.#failed(error) });
      },
    );
  }

  /** A store that is full, or has no leader, can be read. */
  #worked(what: 'read' | 'write'): void {
    const isWriting = performance.now() - this.#unwrittenAtMs < unwrittenMs;
    if (this.#failure === null || (what === 'read' && isWriting)) return;
    this.#failure = null;
    this.#said.clear();
    this.#settings.onState(null);
  }

  #failed(error: unknown): OutriderError {
    const failure = this.#failureOf(error);
    if (failure === this.#failure) return failure;
    this.#failure = failure;
    if (!this.#isClosed && !this.#said.has(failure.message)) this.#settings.onState(failure);
    this.#said.add(failure.message);
    return failure;
  }

  #failureOf(error: unknown): OutriderError {
    if (error instanceof OutriderError) return error;
    const { message } = error instanceof Error ? error : asOutriderError(error);
    const where = `the store at ${this.#settings.servers.join(',')}`;
    if (/authoriz|authentic|permission/i.test(message)) {
      const cause = `${where} does not take these credentials: ${message}`;
      return new OutriderError(
        'unauthorized',
        cause,
        'give the file of a user who may use JetStream (--fleet-credentials; of a run --record-credentials)',
      );
    }
    if (error instanceof this.#nats.JetStreamApiError && /insufficient|no space|maximum|resource/i.test(message)) {
      const cause = `${where} has no room: ${message}`;
      return new OutriderError('disk-full', cause, 'free disk there, or raise max_file_store of its servers');
    }
    return this.#lost(message);
  }

  #lost(why: string): OutriderError {
    const cause = `the store at ${this.#settings.servers.join(',')} does not answer: ${why}`;
    return new OutriderError(
      'store-unreachable',
      cause,
      'check its servers, their disks, and JetStream (docs/operate/fleet.md)',
    );
  }
}

/** Null: it was deleted by somebody else. */
function recordOf(entry: KvEntry): FleetRecord | null {
  return entry.operation === 'PUT' ? { value: entry.string(), revision: entry.revision } : null;
}
