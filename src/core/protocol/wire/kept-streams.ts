// Streams that are kept for a while, so that a reader that has lost its connection can read on: events in their order, of which the oldest
// are given up where there are too many. It only decides; times come with the calls.

import { KeptEvents } from './kept-events.ts';

/**
 * Whose a stream is: names, from whoever shares the bounds of one owner to who may read, such as an address, and what a request from there
 * shows. Where one has to go, each name in its turn gives it up that has the most.
 */
export type StreamOwner = readonly [account: string, ...parts: string[]];

export interface KeptLimits {
  /** Bytes of one stream. */
  readonly streamBytes: number;
  /** Bytes and streams of one account. */
  readonly ownerBytes: number;
  readonly ownerStreams: number;
  /** Bytes and streams of all owners together. */
  readonly bytes: number;
  readonly streams: number;
  /** A stream without readers continues for so long, and one that has ended is kept for so long, ms. */
  readonly keptMs: number;
}

export const defaultKeptLimits: KeptLimits = {
  streamBytes: 4 * 1_048_576,
  ownerBytes: 16 * 1_048_576,
  ownerStreams: 128,
  bytes: 64 * 1_048_576,
  streams: 1024,
  keptMs: 300_000,
};

/** What an event takes beside its bytes, spare room included, and a stream beside its events. */
export const overheadBytes = 64;

/** A place in a stream: an event, and how many of its bytes are known already. */
export interface StreamPlace {
  readonly sequence: number;
  readonly skip: number;
}

/** One stream of an owner. */
export class KeptStream {
  readonly owner: StreamOwner;
  readonly id: string;
  /** Kept with the events, and never given up before the stream is. */
  readonly head: Uint8Array;
  /** Null: it runs. */
  endedMs: number | null = null;
  /** When the last reader has left, or it has begun. */
  leftMs: number;
  readers = 0;
  readonly #events = new KeptEvents();
  #firstSequence = 0;

  constructor(owner: StreamOwner, id: string, nowMs: number, head: Uint8Array) {
    [this.owner, this.id, this.leftMs, this.head] = [owner, id, nowMs, head];
  }

  /** Bytes of all its events, also of those that were given up. */
  get totalBytes(): number {
    return this.#events.endByte;
  }

  get nextSequence(): number {
    return this.#firstSequence + this.#events.count;
  }

  get last(): Uint8Array | undefined {
    return this.#events.at(this.#events.count - 1);
  }

  /** What it takes. */
  get cost(): number {
    const { count, firstByte, endByte } = this.#events;
    return this.head.length + (endByte - firstByte) + (count + 1) * overheadBytes;
  }

  /** Whether some of its events can be given up. */
  get isLong(): boolean {
    return this.#events.count > 1;
  }

  /** `lost`: it was given up. Undefined: it is not there yet. */
  event(sequence: number): Uint8Array | 'lost' | undefined {
    return sequence < this.#firstSequence ? 'lost' : this.#events.at(sequence - this.#firstSequence);
  }

  /** @param byte of all events together, from 0 */
  placeOf(byte: number): StreamPlace | 'lost' | 'beyond' {
    if (byte < this.#events.firstByte) return 'lost';
    if (byte > this.#events.endByte) return 'beyond';
    const { index, skip } = this.#events.find(byte);
    return { sequence: this.#firstSequence + index, skip };
  }

  /** @param sequence of the last event that is known */
  placeAfter(sequence: number): StreamPlace | 'lost' | 'beyond' {
    if (sequence + 1 < this.#firstSequence) return 'lost';
    return sequence >= this.nextSequence ? 'beyond' : { sequence: sequence + 1, skip: 0 };
  }

  /** Bytes that reading on from a place sends, with what each event takes. @param place of this stream */
  costFrom({ sequence, skip }: StreamPlace): number {
    const index = sequence - this.#firstSequence;
    const from = this.#events.startOf(index) + skip;
    return Math.max(0, this.totalBytes - from + (this.#events.count - index) * overheadBytes);
  }

  /** Bytes of the answer as a whole, as far as there is one. */
  get wholeBytes(): number {
    const { count, endByte } = this.#events;
    const lastBytes = count === 0 ? 0 : endByte - this.#events.startOf(count - 1);
    return this.head.length + (this.endedMs === null ? 0 : lastBytes);
  }

  add(event: Uint8Array): void {
    this.#events.add(event);
  }

  /** Gives up its oldest events. */
  drop(count: number): void {
    this.#events.drop(count);
    this.#firstSequence += count;
  }

  /** Gives up all of them. */
  clear(): void {
    this.drop(this.#events.count);
  }
}

/** What an account has. */
interface Holdings {
  /** By {@link nameOf}. */
  readonly streams: Map<string, KeptStream>;
  cost: number;
}

/** The streams of all owners. */
export class KeptStreams {
  readonly #limits: KeptLimits;
  readonly #accounts = new Map<string, Holdings>();
  #count = 0;
  #cost = 0;

  constructor(limits: KeptLimits = defaultKeptLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#count;
  }

  /** A larger event would be more than a whole stream. */
  get mostEventBytes(): number {
    return this.#limits.streamBytes - 2 * overheadBytes;
  }

  /** What they take together, in bytes. */
  get bytes(): number {
    return this.#cost;
  }

  /** Another owner's is as unknown as one that there is not. */
  find(owner: StreamOwner, id: string): KeptStream | undefined {
    return this.#accounts.get(owner[0])?.streams.get(nameOf(owner, id));
  }

  of(owner: StreamOwner): readonly KeptStream[] {
    return this.#ofAccount(owner).filter((stream) => nameOf(stream.owner, '') === nameOf(owner, ''));
  }

  /** @param id no stream of the owner has it @returns null: there are too many that run */
  begin(owner: StreamOwner, id: string, nowMs: number, head: Uint8Array): KeptStream | null {
    const own = this.#ofAccount(owner);
    if (own.length >= this.#limits.ownerStreams && !this.#removeEnded(own)) return null;
    if (this.#count >= this.#limits.streams && !this.#removeEnded(this.#all())) return null;
    const stream = new KeptStream(owner, id, nowMs, head);
    const [account] = owner;
    const holdings = this.#accounts.get(account) ?? { streams: new Map<string, KeptStream>(), cost: 0 };
    holdings.streams.set(nameOf(owner, id), stream);
    this.#accounts.set(account, holdings);
    this.#count += 1;
    this.#grow(stream, stream.cost);
    this.#makeRoom(stream);
    return stream;
  }

  /** No effect for a stream that has ended, or was removed. */
  append(stream: KeptStream, event: Uint8Array): void {
    if (stream.endedMs !== null || this.find(stream.owner, stream.id) !== stream) return;
    this.#changing(stream, () => stream.add(event));
    this.#makeRoom(stream);
  }

  remove(stream: KeptStream): void {
    const { owner, id } = stream;
    const holdings = this.#accounts.get(owner[0]);
    if (holdings?.streams.get(nameOf(owner, id)) !== stream) return;
    this.#grow(stream, -stream.cost);
    stream.clear();
    holdings.streams.delete(nameOf(owner, id));
    if (holdings.streams.size === 0) this.#accounts.delete(owner[0]);
    this.#count -= 1;
  }

  /** Removes streams that were without readers for too long. @returns those that still run: their writers have to stop */
  expire(nowMs: number): readonly KeptStream[] {
    const { keptMs } = this.#limits;
    const over = this.#all().filter(
      ({ readers, endedMs, leftMs }) => readers === 0 && nowMs - (endedMs ?? leftMs) >= keptMs,
    );
    for (const stream of over) this.remove(stream);
    return over.filter(({ endedMs }) => endedMs === null);
  }

  #all(): readonly KeptStream[] {
    return [...this.#accounts.values()].flatMap(({ streams }) => [...streams.values()]);
  }

  #ofAccount([account]: StreamOwner): readonly KeptStream[] {
    return [...(this.#accounts.get(account)?.streams.values() ?? [])];
  }

  #grow({ owner }: KeptStream, cost: number): void {
    const holdings = this.#accounts.get(owner[0]);
    if (holdings === undefined) return;
    holdings.cost += cost;
    this.#cost += cost;
  }

  #changing(stream: KeptStream, change: () => void): void {
    const before = stream.cost;
    change();
    this.#grow(stream, stream.cost - before);
  }

  #makeRoom(grown: KeptStream): void {
    const { streamBytes, ownerBytes, bytes } = this.#limits;
    while (grown.cost > streamBytes && grown.isLong) this.#changing(grown, () => grown.drop(1));
    const own = this.#accounts.get(grown.owner[0]);
    while (own !== undefined && own.cost > ownerBytes && this.#giveUp([...own.streams.values()]));
    while (this.#cost > bytes) {
      const worstFirst = [...this.#accounts.values()].sort((one, other) => other.cost - one.cost);
      if (!worstFirst.some(({ streams }) => this.#giveUp([...streams.values()]))) return;
    }
  }

  /** An ended stream, or else the oldest event of the largest. @returns false: there is nothing to give up */
  #giveUp(streams: readonly KeptStream[]): boolean {
    if (this.#removeEnded(streams)) return true;
    const long = streams.filter(({ isLong }) => isLong);
    const [first] = long;
    if (first === undefined) return false;
    const largest = long.reduce((most, one) => (one.cost > most.cost ? one : most), first);
    this.#changing(largest, () => largest.drop(1));
    return true;
  }

  /** One without readers before those that are read: of whoever has the most, the one that ended first. */
  #removeEnded(streams: readonly KeptStream[]): boolean {
    const ended = streams.filter(({ endedMs }) => endedMs !== null);
    const unread = ended.filter(({ readers }) => readers === 0);
    const [first] = ofBusiest(unread.length > 0 ? unread : ended).sort(
      (one, other) => (one.endedMs ?? 0) - (other.endedMs ?? 0),
    );
    if (first === undefined) return false;
    this.remove(first);
    return true;
  }
}

/** A stream's name in its account. */
function nameOf([, ...parts]: StreamOwner, id: string): string {
  return JSON.stringify([...parts, id]);
}

/** Those of the owner that is found by its names, one after the other that with the most streams. */
function ofBusiest(streams: readonly KeptStream[]): KeptStream[] {
  const names = Math.max(0, ...streams.map(({ owner }) => owner.length));
  let found = [...streams];
  for (let index = 0; index < names; index += 1) {
    const groups = [...Map.groupBy(found, ({ owner }) => owner[index]).values()];
    found = groups.reduce((most, one) => (one.length > most.length ? one : most), []);
  }
  return found;
}
