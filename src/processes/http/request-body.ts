// The body of a request: taken up to its limits, scanned while it comes, and parsed only if that costs little. What is refused is not kept.

import type { IncomingMessage } from 'node:http';
import type { Sender } from '../../core/protocol/wire/rate-book.ts';
import { ApiError } from './api-error.ts';
import { scanBody, unscanned } from './body-scan.ts';
import { type RequestIntake, requestBytes, valueBytes } from './request-intake.ts';
import type { BodyLimits } from './request-limits.ts';

/** Nobody nests a request as deep: schemas of tools come to about twenty. */
const mostDepth = 64;
/** What a client of a refused request has yet to send is read up to here, so that it comes to read the refusal. */
const mostDiscarded = 1_048_576;
/** How long it is waited for the next of it, ms. */
const discardMs = 1000;
/** Most bytes by which the room of a body grows at once, and least. */
const [mostPiece, leastPiece] = [262_144, 4096];

/** One body, as it comes. */
export class RequestBody {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #announced: number | null;
  #isOver: boolean;

  /** @param incoming the request of a port of Node's; undefined: `request` has its own body */
  constructor(request: Request, incoming: IncomingMessage | undefined) {
    const length = request.headers.get('content-length');
    this.#announced = length === null ? null : Number(length);
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

  /** @throws ApiError 400, 413, 429 */
  async json(sender: Sender, limits: BodyLimits, intake: RequestIntake): Promise<unknown> {
    const text = await this.#text(sender, limits, intake);
    try {
      return JSON.parse(text);
    } catch {
      throw new ApiError(400, 'invalid_json', 'the body is no JSON');
    }
  }

  /** Reads what is left of it, and forgets it. @returns whether all of it has come */
  async discard(sender: Sender, intake: RequestIntake): Promise<boolean> {
    if ((this.#announced ?? 0) > mostDiscarded) return this.#isOver;
    try {
      for (let left = mostDiscarded; !this.#isOver && left > 0; ) {
        const bytes = (await within(discardMs, this.#next()))?.length ?? 0;
        if (bytes === 0 || !intake.mayDiscard(sender, bytes)) break;
        left -= bytes;
      }
    } catch {
      // The client has gone.
    }
    return this.#isOver;
  }

  async #text(sender: Sender, limits: BodyLimits, intake: RequestIntake): Promise<string> {
    const tooLarge = new ApiError(413, 'request_too_large', `the body has more than ${limits.bytes} bytes`);
    const announced = this.#announced ?? 0;
    if (announced > limits.bytes) throw tooLarge;
    using room = intake.open(sender);
    const pieces = new Pieces((bytes) => room.grow(bytes));
    let [scan, received] = [unscanned, 0];
    for (;;) {
      const chunk = await Promise.race([this.#next(), room.ended]);
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

/** Null: it takes longer. */
async function within<Value>(ms: number, value: Promise<Value>): Promise<Value | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, ms, null);
  });
  return Promise.race([value, late]).finally(() => clearTimeout(timer));
}

/** What a request costs before its body is read. */
export function announcedCost({ announced }: RequestBody, limits: BodyLimits): number {
  return requestBytes + Math.min(announced ?? 0, limits.bytes);
}

/** Bytes in few pieces: a client may send one at a time. */
class Pieces {
  readonly #grow: (bytes: number) => void;
  readonly #pieces: Buffer[] = [];
  #size = 0;
  #used = 0;

  /** @param grow told of room before it is taken */
  constructor(grow: (bytes: number) => void) {
    this.#grow = grow;
  }

  add(chunk: Uint8Array): void {
    let rest = chunk;
    const last = this.#pieces.at(-1);
    if (last !== undefined) {
      const fits = Math.min(rest.length, last.length - this.#used);
      last.set(rest.subarray(0, fits), this.#used);
      this.#used += fits;
      rest = rest.subarray(fits);
    }
    if (rest.length === 0) return;
    const size = Math.max(rest.length, leastPiece, Math.min(this.#size, mostPiece));
    this.#grow(size);
    const piece = Buffer.allocUnsafeSlow(size);
    piece.set(rest);
    this.#pieces.push(piece);
    [this.#size, this.#used] = [this.#size + size, rest.length];
  }

  text(): string {
    const last = this.#pieces.pop();
    if (last === undefined) return '';
    return new TextDecoder().decode(Buffer.concat([...this.#pieces, last.subarray(0, this.#used)]));
  }
}

function tooDear(what: string): ApiError {
  return new ApiError(400, 'invalid_value', `the body ${what}`);
}
