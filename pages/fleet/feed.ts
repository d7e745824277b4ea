// The connection to the controller that serves the page. It is opened again whenever it is lost.

import type { Snapshot } from '../../src/allocation/controller/watch/fleet-rows.ts';
import { type Ask, watchVersion } from '../../src/allocation/controller/watch/fleet-view.ts';
import type { StreetMap } from '../../src/allocation/controller/watch/street-map.ts';
import { subprotocol } from '../../src/network/transport/socket-connection.ts';

/** What a controller says to its page. */
type Message =
  | Snapshot
  | (StreetMap & { readonly kind: 'map' })
  | { readonly kind: 'refused'; readonly code: string; readonly cause: string; readonly remedy: string };

export type FeedState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** `sinceMs`: null: it was never open. */
  | { readonly kind: 'lost'; readonly sinceMs: number | null }
  | { readonly kind: 'key'; readonly wasWrong: boolean }
  | { readonly kind: 'refused'; readonly cause: string; readonly remedy: string };

export interface FeedListener {
  /** Comes before the first snapshot of a connection, where the controller has a map. */
  streets(map: StreetMap): void;
  snapshot(snapshot: Snapshot): void;
  state(state: FeedState): void;
}

const leastPauseMs = 1000;
const mostPauseMs = 8000;
/** A refusal that is not about the key, as of a controller with too many watchers, is tried again after this time. */
const refusedPauseMs = 15_000;
/** A controller sends a snapshot a second, or fewer where it has much to do. */
const silentMs = 20_000;
const leastBetweenAsksMs = 300;

export class Feed {
  readonly #url: string;
  readonly #listener: FeedListener;
  #key: string;
  #ask: Ask;
  #socket: WebSocket | null = null;
  #pauseMs = leastPauseMs;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #asking: ReturnType<typeof setTimeout> | undefined;
  #lastMs: number | null = null;
  #isClosed = false;

  constructor(url: string, key: string, ask: Ask, listener: FeedListener) {
    this.#url = url;
    this.#key = key;
    this.#ask = ask;
    this.#listener = listener;
    this.#open();
  }

  /** Sends what is wanted from now on, a few times a second at most. */
  ask(ask: Ask): void {
    this.#ask = ask;
    this.#asking ??= setTimeout(() => {
      this.#asking = undefined;
      if (this.#socket?.readyState === WebSocket.OPEN) this.#say(this.#socket, { kind: 'ask' });
    }, leastBetweenAsksMs);
  }

  useKey(key: string): void {
    this.#key = key;
    this.#pauseMs = leastPauseMs;
    this.#open();
  }

  /** At once, as when the network is back. */
  retry(): void {
    if (!this.#isClosed && this.#retry !== undefined) this.#open();
  }

  close(): void {
    this.#isClosed = true;
    this.#drop();
    clearTimeout(this.#retry);
    clearTimeout(this.#asking);
  }

  #drop(): void {
    clearTimeout(this.#silence);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #open(): void {
    this.#drop();
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const socket = new WebSocket(this.#url, subprotocol);
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    const isCurrent = (): boolean => this.#socket === socket;
    socket.onopen = () => {
      if (!isCurrent()) return;
      this.#say(socket, { kind: 'watch', version: watchVersion, credentials: this.#key });
      this.#waitForMore();
    };
    socket.onmessage = ({ data }) => {
      if (isCurrent()) this.#take(JSON.parse(new TextDecoder().decode(data as ArrayBuffer)) as Message);
    };
    socket.onclose = () => {
      if (isCurrent()) this.#lost();
    };
  }

  #say(socket: WebSocket, message: object): void {
    socket.send(new TextEncoder().encode(JSON.stringify({ ...message, ...this.#ask })));
  }

  #take(message: Message): void {
    if (message.kind === 'map') this.#listener.streets(message);
    else if (message.kind === 'refused') this.#refused(message);
    else {
      this.#waitForMore();
      this.#pauseMs = leastPauseMs;
      this.#lastMs = Date.now();
      this.#listener.state({ kind: 'live' });
      this.#listener.snapshot(message);
    }
  }

  #refused({ code, cause, remedy }: Extract<Message, { kind: 'refused' }>): void {
    this.#drop();
    if (code === 'unauthorized') this.#listener.state({ kind: 'key', wasWrong: this.#key !== '' });
    else {
      this.#listener.state({ kind: 'refused', cause, remedy });
      this.#retryAfter(refusedPauseMs);
    }
  }

  #lost(): void {
    this.#drop();
    this.#listener.state({ kind: 'lost', sinceMs: this.#lastMs });
    this.#retryAfter(this.#pauseMs);
    this.#pauseMs = Math.min(mostPauseMs, 2 * this.#pauseMs);
  }

  #retryAfter(ms: number): void {
    if (!this.#isClosed) this.#retry = setTimeout(() => this.#open(), ms);
  }

  #waitForMore(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#lost(), silentMs);
  }
}
