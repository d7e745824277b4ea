// The body of a request: taken up to its limits, scanned while it comes, and parsed only if that costs little. What is refused is not kept.

import type { IncomingMessage } from 'node:http';
import type { Sender } from '../../core/protocol/wire/rate-book.ts';
import { turnedAwayEvent } from '../../network/transport-node/connection-rooms.ts';
import { ApiError } from './api-error.ts';
import { scanBody, unscanned } from './body-scan.ts';
import { type RequestIntake, requestBytes, tooMany, valueBytes } from './request-intake.ts';
import type { BodyLimits } from './request-limits.ts';
import { demandWellFormed } from './well-formed.ts';

/** No honest request is nested as deep: schemas of tools come to about twenty. */
const mostDepth = 64;
/** Lingering close: what a client of a refused request has yet to send is read up to here, so that it comes to read the refusal. */
const mostDiscarded = 8 * 1_048_576;
/**
 * The connection stays open for so long, ms, while nothing of the rest comes, or no more of it may be read: to close while a client sends
 * takes the refusal from it.
 */
const lingerMs = 5000;
/** Room by which small chunks grow. */
const pieceBytes = 16_384;

export class RequestBody {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #announced: number | null;
  readonly #encoding: string;
  readonly #isFromPort: boolean;
  /** Rejects when the port has no room for its connection. */
  readonly #refusedBody: Promise<never>;
  /** Resolves when the connection has closed. */
  readonly #closed: Promise<void>;
  #isOver: boolean;

  /** @param incoming the request of a port of Node's; undefined: `request` has its own body */
  constructor(request: Request, incoming: IncomingMessage | undefined) {
    const length = request.headers.get('content-length');
    this.#announced = length === null ? null : Number(length);
    this.#encoding = request.headers.get('content-encoding')?.toLowerCase() || 'identity';
    this.#isFromPort = incoming !== undefined;
    this.#refusedBody = new Promise<never>((_, reject) => {
      incoming?.once(turnedAwayEvent, () => reject(tooMany('too many connections', 1)));
    });
    this.#refusedBody.catch(() => {});
    this.#closed = new Promise((resolve) => incoming?.once('close', resolve));
    this.#isOver =
      length === null ? !request.headers.has('transfer-encoding') && incoming !== undefined : length === '0';
    this.#chunks =
      // The connection has to last until its answer.
      incoming?.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]() ??
      (async function* () {
        yield* request.body ?? [];
      })();
  }

  /** Bytes that the client has announced; null: it has not. */
  get announced(): number | null {
    return this.#announced;
  }

  /** @throws ApiError 400, 413, 415, 429 */
  async json(sender: Sender, limits: BodyLimits, intake: RequestIntake): Promise<unknown> {
    if (this.#encoding !== 'identity') {
      const cause = `a body with Content-Encoding "${this.#encoding.slice(0, 100)}" is not decoded`;
      throw new ApiError(415, 'unsupported_encoding', `${cause}; send it as it is`);
    }
    const text = await this.#text(sender, limits, intake);
    const json = parsed(text);
    demandWellFormed(text, json);
    return json;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Reads what is left of it, and forgets it. */
  async discard(sender: Sender, intake: RequestIntake): Promise<void> {
    try {
      for (let left = mostDiscarded; left > 0; ) {
        const chunk = await within(lingerMs, this.#next());
        if (chunk === null) return;
        const bytes = chunk.length;
        if (this.#isFromPort && bytes >= pieceBytes) free(chunk);
        if (!intake.mayDiscard(sender, bytes)) break;
        left -= bytes;
      }
      await within(lingerMs, this.#closed);
    } catch {
      // The client has gone.
    }
  }

  async #text(sender: Sender, limits: BodyLimits, intake: RequestIntake): Promise<string> {
    const tooLarge = new ApiError(413, 'request_too_large', `the body has more than ${limits.bytes} bytes`);
    const announced = this.#announced ?? 0;
    if (announced > limits.bytes) throw tooLarge;
    using room = intake.open(sender);
    using pieces = new Pieces((bytes) => room.grow(bytes), this.#isFromPort);
    const wait = new Wait([room.ended, this.#refusedBody]);
    let scan = unscanned;
    let received = 0;
    for (;;) {
      const chunk = await wait.for(this.#next());
      if (chunk === null) break;
      received += chunk.length;
      if (received > limits.bytes) throw tooLarge;
      // What was announced has been paid for.
      if (received > announced) intake.spend(sender, Math.min(chunk.length, received - announced));
      scan = scanBody(scan, chunk);
      if (scan.deepest > mostDepth) throw tooDear(`is nested deeper than ${mostDepth}`);
      if (scan.values > limits.values) throw tooDear(`has more than ${limits.values} values`);
      pieces.add(chunk);
    }
    intake.spend(sender, scan.values * valueBytes);
    return pieces.text();
  }

  /** Null: it is over. @throws ApiError 400 */
  async #next(): Promise<Uint8Array | null> {
    if (this.#isOver) return null;
    try {
      const next = await this.#chunks.next();
      this.#isOver = next.done === true;
      return next.done === true ? null : next.value;
    } catch {
      this.#isOver = true;
      throw new ApiError(400, 'invalid_json', 'the body did not come whole');
    }
  }
}

/**
 * Waits for one value after the other, until something fails. A `Promise.race` for each would be kept by what may fail until it does:
 * a body in single bytes would take hundreds of times its size.
 */
class Wait {
  #failed = false;
  #error: unknown;
  #fail: (error: unknown) => void = () => {};

  constructor(ends: readonly Promise<never>[]) {
    for (const end of ends) {
      end.catch((error: unknown) => {
        [this.#failed, this.#error] = [true, error];
        this.#fail(error);
      });
    }
  }

  for<Value>(value: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      value.then(resolve, reject);
      if (this.#failed) reject(this.#error);
    });
  }
}

/** Null: it takes longer. */
async function within<Value>(ms: number, value: Promise<Value>): Promise<Value | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, ms, null);
  });
  return Promise.race([value, late]).finally(() => clearTimeout(timer));
}

/** What a request costs before its body is read; one that is not read at all costs no more than its head. */
export function announcedCost({ announced }: RequestBody, limits: BodyLimits): number {
  return requestBytes + (announced === null || announced > limits.bytes ? 0 : announced);
}

/** The bytes of one body. Large chunks are kept as they came, small ones together: a client may send one byte at a time. */
class Pieces implements Disposable {
  readonly #grow: (bytes: number) => void;
  readonly #ownsChunks: boolean;
  readonly #whole: Uint8Array[] = [];
  /** What is filled at present, and how far. */
  #open: Uint8Array | null = null;
  #used = 0;

  /** @param grow called before room is taken @param ownsChunks no one else reads a chunk */
  constructor(grow: (bytes: number) => void, ownsChunks: boolean) {
    this.#grow = grow;
    this.#ownsChunks = ownsChunks;
  }

  add(chunk: Uint8Array): void {
    if (this.#ownsChunks && chunk.length >= pieceBytes) {
      this.#grow(chunk.length);
      this.#close();
      this.#whole.push(chunk);
      return;
    }
    for (let rest = chunk; rest.length > 0; ) {
      if (this.#open === null) {
        this.#grow(pieceBytes);
        [this.#open, this.#used] = [new Uint8Array(pieceBytes), 0];
      }
      const part = rest.subarray(0, pieceBytes - this.#used);
      this.#open.set(part, this.#used);
      this.#used += part.length;
      rest = rest.subarray(part.length);
      if (this.#used === pieceBytes) this.#close();
    }
  }

  text(): string {
    this.#close();
    const all = Buffer.concat(this.#whole);
    this[Symbol.dispose]();
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(all);
    } catch {
      throw new ApiError(400, 'invalid_json', 'the body is no UTF-8; send JSON in UTF-8');
    } finally {
      free(all);
    }
  }

  [Symbol.dispose](): void {
    for (const piece of [...this.#whole.splice(0), ...(this.#open === null ? [] : [this.#open])]) free(piece);
    this.#open = null;
  }

  #close(): void {
    if (this.#open !== null) this.#whole.push(this.#open.subarray(0, this.#used));
    this.#open = null;
  }
}

/** Gives memory back at once: an endpoint that has nothing to do collects no garbage. */
function free({ buffer, byteOffset, byteLength }: Uint8Array): void {
  // Small buffers of Node's share their memory.
  const isWhole = byteOffset === 0 && (byteLength === buffer.byteLength || buffer.byteLength === pieceBytes);
  if (isWhole && buffer instanceof ArrayBuffer) buffer.transfer(0);
}

/** @throws ApiError 400 */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError(400, 'invalid_json', 'the body is no JSON');
  }
}

function tooDear(what: string): ApiError {
  return new ApiError(400, 'invalid_value', `the body ${what}`);
}
