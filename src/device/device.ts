// A device from parts that are ready: a way to an edge, a tokenizer, a draft. It opens no model and no file, so it runs in a browser;
// api/open-device.ts opens the parts by name on Node.

import type { Drafter } from '../models/drafter.ts';
import type { Message, Tokenizer } from '../models/model.ts';
import type { ModeName } from '../protocol/mode.ts';
import type { Connect } from '../transport/transport.ts';
import { connectWebSocket } from '../transport/websocket-client.ts';
import { AutoMode } from './auto-mode.ts';
import { startTurn, type Turn, type TurnOptions } from './turn.ts';

/** What a device is made of. Tokenizer and draft stay the caller's. */
export interface DeviceParts {
  /** Address of the edge ("wss://host"), or a connector of your own, such as an emulated link's. */
  readonly edge: string | Connect;
  /** The same on the edge, or the edge refuses: both hashes must be equal. */
  readonly tokenizer: Tokenizer;
  /** Null: nothing drafts here, the edge writes alone. */
  readonly drafter: Drafter | null;
  /** API key, if the edge asks for one. */
  readonly credentials?: string;
}

/** How one answer is made; see {@link TurnOptions} for defaults. */
export type AskOptions = Omit<
  TurnOptions,
  'connect' | 'tokenizer' | 'drafter' | 'prompt' | 'credentials' | 'mode' | 'auto'
> & {
  /** How device and edge take turns; `auto`: by what earlier answers of this device have measured. Default `stream`. */
  readonly mode?: ModeName | 'auto';
};

/** A device that is ready to ask; see {@link createDevice}. */
export interface Device {
  readonly connect: Connect;
  /** The same on the edge, or the edge refuses. */
  readonly tokenizer: Tokenizer;
  /** Null: nothing drafts here. Turns share it; two at once slow each other down. */
  readonly drafter: Drafter | null;
  /** What mode `auto` has learnt so far. */
  readonly auto: AutoMode;
  /**
   * Starts an answer to a question, or to a conversation whose last message is the user's.
   * @throws OutriderError `bad-argument` for impossible options; later failures throw from the iteration of the turn
   */
  ask(question: string | readonly Message[], options?: AskOptions): Turn;
}

/**
 * Makes a device; it connects only when something is asked. There is nothing to close.
 * @throws OutriderError `bad-argument` if `edge` is no address
 */
export function createDevice({ edge, tokenizer, drafter, credentials }: DeviceParts): Device {
  const connect = typeof edge === 'string' ? connectWebSocket(edge) : edge;
  const auto = new AutoMode();
  return {
    connect,
    tokenizer,
    drafter,
    auto,
    ask(question, options = {}) {
      const messages = typeof question === 'string' ? [{ role: 'user', content: question } as const] : question;
      const prompt = tokenizer.encodeChat(messages);
      const { mode, ...rest } = options;
      const chosen = mode === 'auto' ? { auto } : mode === undefined ? {} : { mode };
      const key = credentials === undefined ? {} : { credentials };
      return startTurn({ ...rest, ...chosen, ...key, connect, tokenizer, drafter, prompt });
    },
  };
}
