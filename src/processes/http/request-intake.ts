// The limits of requests by their sender, before anything is answered: bytes and values per time, bytes of incomplete bodies, and
// concurrent answers. It counts and refuses; it reads nothing.

import type { Sender } from '../../core/protocol/wire/rate-book.ts';
import { SharedBytes } from '../../core/protocol/wire/shared-bytes.ts';
import { ApiError } from './api-error.ts';

/** Bounds of one endpoint. */
export interface IntakeSettings {
  /** Takes bytes from the rate of their sender. @returns ms until so many may be taken; 0: they are taken. Default: any number may be */
  readonly spend?: (sender: Sender, bytes: number) => number;
  /** Bytes of bodies that are not whole, of all senders together. Default: {@link unfinishedBytes}. */
  readonly unfinishedBytes?: number;
}

export const unfinishedBytes: number = 16 * 1_048_576;
/** A request costs as much as so many bytes, whatever its body: about as much work. */
export const requestBytes = 65_536;
/** To parse and check a value costs about as much work as so many bytes. */
export const valueBytes = 16;

export interface UnfinishedBody extends Disposable {
  /** It takes so much more room. */
  grow(bytes: number): void;
  /** Rejects when it has to make room. */
  readonly ended: Promise<never>;
}

/** The bounds of one endpoint, and what counts for them now. */
export class RequestIntake {
  readonly #settings: IntakeSettings;
  readonly #bodies = new SharedBytes();
  readonly #end = new Map<number, () => void>();
  #lastId = 0;
  readonly #answers = new Map<string, number>();

  constructor(settings: IntakeSettings = {}) {
    this.#settings = settings;
  }

  get unfinishedBytes(): number {
    return this.#bodies.bytes;
  }

  /** @throws ApiError 429 */
  spend(sender: Sender, bytes: number): void {
    const waitMs = this.#settings.spend?.(sender, bytes) ?? 0;
    if (waitMs > 0) throw tooMany('this key, or this address, sends more than its share', Math.ceil(waitMs / 1000));
  }

  /** @returns whether so many bytes that are not needed may still be read */
  mayDiscard(sender: Sender, bytes: number): boolean {
    return (this.#settings.spend?.({ ...sender, keyId: null }, bytes) ?? 0) === 0;
  }

  open(sender: Sender): UnfinishedBody {
    this.#lastId += 1;
    const id = this.#lastId;
    const ended = new Promise<never>((_, reject) => {
      this.#end.set(id, () => reject(tooMany('too many unfinished bodies', 1)));
    });
    ended.catch(() => {});
    this.#bodies.add(id, nameOf(sender));
    return {
      ended,
      grow: (bytes) => {
        this.#bodies.received(id, bytes);
        this.#makeRoom();
      },
      [Symbol.dispose]: () => this.#close(id),
    };
  }

  /**
   * Room for the answers to one request, before anything is done for them.
   * @param most answers of this sender that may run or wait at the same time
   * @returns what is called at the end of each
   * @throws ApiError 429
   */
  reserve(sender: Sender, count: number, most: number): () => void {
    const name = nameOf(sender);
    const running = this.#answers.get(name) ?? 0;
    if (running + count > most) {
      const cause = `${count} answers, and ${running} run or wait already; at most ${most} may`;
      throw tooMany(cause, 2);
    }
    this.#answers.set(name, running + count);
    return () => {
      const left = (this.#answers.get(name) ?? 0) - 1;
      if (left > 0) this.#answers.set(name, left);
      else this.#answers.delete(name);
    };
  }

  #makeRoom(): void {
    const { unfinishedBytes: most = unfinishedBytes } = this.#settings;
    while (this.#bodies.bytes > most) {
      const id = this.#bodies.largest();
      if (id === undefined) return;
      this.#end.get(id)?.();
      this.#close(id);
    }
  }

  #close(id: number): void {
    this.#bodies.remove(id);
    this.#end.delete(id);
  }
}

function nameOf({ keyId, address }: Sender): string {
  return keyId === null ? `address ${address}` : `key ${keyId}`;
}

/** Too much of something at present. */
export function tooMany(cause: string, retryAfterSeconds: number): ApiError {
  return new ApiError(429, 'rate_limit_exceeded', `${cause}; try again later`, { retryAfterSeconds });
}
