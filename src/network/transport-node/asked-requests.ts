// The requests of one connection that are not answered yet. Node reads several at once and sends their answers in order; here they are also
// answered one after the other, so a connection takes no more than one place, and a request sees what the one before it has done.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestTurns } from './request-turns.ts';

/** Most of them; clients that send several at once send a few. */
const mostAsked = 8;

interface Asked {
  /** Null: what is done after the answers. */
  readonly request: IncomingMessage | null;
  readonly response: ServerResponse | null;
  /** Called in its turn. */
  readonly begin: () => void;
  hasBegun: boolean;
}

export class AskedRequests {
  readonly #list: Asked[] = [];
  readonly #address: string;
  readonly #turns: RequestTurns;
  readonly #isGone: () => boolean;
  #hasAsked = false;

  /** @param isGone whether the connection is closed */
  constructor(address: string, turns: RequestTurns, isGone: () => boolean) {
    [this.#address, this.#turns, this.#isGone] = [address, turns, isGone];
  }

  get first(): Readonly<Asked> | undefined {
    return this.#list[0];
  }

  get isFull(): boolean {
    return this.#list.length >= mostAsked;
  }

  /** What comes later is not answered. */
  get isEnding(): boolean {
    return this.#list.at(-1)?.request === null;
  }

  /** All that it has asked is answered. */
  get isKept(): boolean {
    return this.#hasAsked && this.#list.length === 0;
  }

  add(request: IncomingMessage, response: ServerResponse, begin: () => void): void {
    response.once('close', () => {
      const { first } = this;
      if (first?.response !== response) return;
      if (first.hasBegun && !response.writableEnded) this.#turns.left(this.#address);
      this.#list.shift();
      this.#next();
    });
    this.#push({ request, response, begin });
  }

  /** Acts when the requests so far are answered; one whose body has not come whole never will be. */
  after(act: () => void): void {
    if (this.isEnding) return;
    if (this.#list.at(-1)?.request?.complete === false) this.#list.pop();
    if (this.#list.length === 0) act();
    else this.#push({ request: null, response: null, begin: act });
  }

  #push(asked: Omit<Asked, 'hasBegun'>): void {
    this.#hasAsked = true;
    if (this.#list.push({ ...asked, hasBegun: false }) === 1) this.#next();
  }

  #next(): void {
    const [first] = this.#list;
    if (first === undefined) return;
    const begin = (): void => {
      first.hasBegun = true;
      first.begin();
    };
    this.#turns.take(this.#address, begin, this.#isGone);
  }
}
