// A device made of given parts: a connector to an edge, a tokenizer, a draft. It opens no model and no file, so it runs in a browser. On
// Node, api/open-device.ts opens the parts by name.

import type { Drafter } from '../models/drafter.ts';
import type { Message, Tokenizer } from '../models/model.ts';
import type { ModeName } from '../protocol/mode.ts';
import type { Connect } from '../transport/transport.ts';
import { connectWebSocket } from '../transport/websocket-client.ts';
import { AutoMode } from './auto-mode.ts';
import { startTurn, type Turn, type TurnOptions } from './turn.ts';

/** Parts of a device. The caller owns tokenizer and drafter. */
export interface DeviceParts {
  /** Address of the edge ("wss://host"), or a connector, such as that of an emulated link. */
  readonly edge: string | Connect;
  /** Must be the edge's tokenizer, with the same hash; otherwise the edge refuses. */
  readonly tokenizer: Tokenizer;
  /** Null: the device does not draft, and the edge decodes alone. */
  readonly drafter: Drafter | null;
  /** API key, if the edge asks for one. */
  readonly credentials?: string;
}

/** Options of one answer; see {@link TurnOptions} for defaults. */
export type AskOptions = Omit<
  TurnOptions,
  'connect' | 'tokenizer' | 'drafter' | 'prompt' | 'credentials' | 'mode' | 'auto'
> & {
  /** Decoding mode; `auto` chooses it from measurements of this device's earlier answers. Default `stream`. */
  readonly mode?: ModeName | 'auto';
};

/** A device that can ask an edge; see {@link createDevice}. */
export interface Device {
  readonly connect: Connect;
  /** Must be the edge's tokenizer; otherwise the edge refuses. */
  readonly tokenizer: Tokenizer;
  /** Null: the device does not draft. Turns share the drafter; simultaneous turns slow each other down. */
  readonly drafter: Drafter | null;
  /** The measurements of mode `auto` so far. */
  readonly auto: AutoMode;
  /**
   * Starts the answer to a question, or to a conversation whose last message is the user's.
   * @throws OutriderError `bad-argument` for invalid options; the iteration of the turn throws later failures
   */
  ask(question: string | readonly Message[], options?: AskOptions): Turn;
}

/**
 * Creates a device. It connects only for an answer, so it has nothing to close.
 * @throws OutriderError `bad-argument` if `edge` is not an address
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
