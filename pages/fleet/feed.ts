// The connection to the controller that serves the page. It is opened again whenever it is lost.

import type { Ask } from '../../src/allocation/controller/watch/fleet-view.ts';
import { readStreets, type StreetMap } from '../../src/allocation/controller/watch/street-map.ts';
import {
  encodeWatch,
  type FleetFrame,
  readLine,
  watchVersion,
} from '../../src/allocation/controller/watch/watch-messages.ts';
import { subprotocol } from '../../src/network/transport/socket-connection.ts';

export type FeedState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** `sinceMs`: null: it was never open. */
  | { readonly kind: 'lost'; readonly sinceMs: number | null }
  | { readonly kind: 'key'; readonly wasWrong: boolean }
  | { readonly kind: 'refused'; readonly cause: string; readonly remedy: string };

export interface FeedListener {
  /** Comes before the first frame of a connection, where the controller has a map. */
  streets(map: StreetMap): void;
  frame(frame: FleetFrame): void;
  state(state: FeedState): void;
}

const leastPauseMs = 1000;
const mostPauseMs = 8000;
/** A refusal that is not about the key, as of a controller with too many watchers, is tried again after this time. */
const refusedPauseMs = 15_000;
/** A controller sends a frame a second, or fewer where it has much to do. */
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
  #lastFrameMs: number | null = null;
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
      if (this.#socket?.readyState === WebSocket.OPEN)
        this.#socket.send(bytesOf(encodeWatch({ kind: 'ask', ...this.#ask })));
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
      socket.send(bytesOf(encodeWatch({ kind: 'watch', version: watchVersion, credentials: this.#key, ...this.#ask })));
      this.#waitForFrame();
    };
    socket.onmessage = ({ data }) => {
      if (isCurrent()) this.#take(new TextDecoder().decode(data as ArrayBuffer));
    };
    socket.onclose = () => {
      if (isCurrent()) this.#lost();
    };
  }

  #take(text: string): void {
    try {
      const map = readStreets(text);
      if (map !== null) {
        this.#listener.streets(map);
        return;
      }
      const frame = readLine(text);
      if (frame.kind !== 'fleet') return;
      this.#waitForFrame();
      this.#pauseMs = leastPauseMs;
      this.#lastFrameMs = Date.now();
      this.#listener.state({ kind: 'live' });
      this.#listener.frame(frame);
    } catch {
      this.#refused(text);
    }
  }

  /** Not a frame: the reason why there are none. */
  #refused(text: string): void {
    let raw: { readonly kind?: unknown; readonly code?: unknown; readonly cause?: unknown; readonly remedy?: unknown };
    try {
      raw = JSON.parse(text) as typeof raw;
    } catch {
      raw = {};
    }
    this.#drop();
    if (raw.code === 'unauthorized') {
      this.#listener.state({ kind: 'key', wasWrong: this.#key !== '' });
      return;
    }
    const cause = typeof raw.cause === 'string' ? raw.cause : 'its message is not understood';
    const remedy = typeof raw.remedy === 'string' ? raw.remedy : 'load the page again';
    this.#listener.state({ kind: 'refused', cause, remedy });
    this.#retryAfter(refusedPauseMs);
  }

  #lost(): void {
    this.#drop();
    this.#listener.state({ kind: 'lost', sinceMs: this.#lastFrameMs });
    this.#retryAfter(this.#pauseMs);
    this.#pauseMs = Math.min(mostPauseMs, 2 * this.#pauseMs);
  }

  #retryAfter(ms: number): void {
    if (!this.#isClosed) this.#retry = setTimeout(() => this.#open(), ms);
  }

  #waitForFrame(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#lost(), silentMs);
  }
}

/** A copy with a buffer of its own, as the type of a socket's `send` wants. */
function bytesOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
