// A device made of given parts: a connector to an edge, a tokenizer, a draft. It opens no model and no file, so it runs in a browser. On
// Node, api/open-device.ts opens the parts by name.

import {
  type Check,
  type Checks,
  checkOptions,
  having,
  listOf,
  oneOf,
  optional,
  text,
} from '../../core/basics/check-options.ts';
import { badArgument } from '../../core/basics/errors.ts';
import { type ModeName, modeNames } from '../../core/protocol/wire/mode.ts';
import type { Drafter } from '../../models/port/drafter.ts';
import type { Message, Tokenizer } from '../../models/port/model.ts';
import { connectWebSocket } from '../../network/transport/websocket-client.ts';
import { AutoMode } from './auto-mode.ts';
import { type DeviceEdge, deviceEdges, type EdgeList, isEdgeList, listEdges } from './edge-list.ts';
import { startTurn, type Turn } from './turn.ts';
import { partChecks, questionChecks, type TurnOptions } from './turn-options.ts';

/** Parts of a device. The caller owns tokenizer and drafter. */
export interface DeviceParts {
  /**
   * Address of the edge ("wss://host"), or a connector, such as that of an emulated link; or several edges, in the order of preference. With
   * several, an answer moves to another one when its edge is lost, full, silent or going down.
   */
  readonly edge: DeviceEdge | readonly DeviceEdge[] | EdgeList;
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
  'begun' | 'connect' | 'tokenizer' | 'drafter' | 'prompt' | 'credentials' | 'mode' | 'auto'
> & {
  /** Decoding mode. Default `auto`: device and edge each draft while their own drafts save time. */
  readonly mode?: ModeName | 'auto';
};

const partsChecks: Checks<DeviceParts> = {
  edge: (field, edge) => {
    if (!isEdgeList(edge)) deviceEdges(false)(field, edge);
  },
  ...partChecks,
};
const askChecks: Checks<AskOptions> = { ...questionChecks, mode: optional(oneOf([...modeNames, 'auto'])) };
const roles: readonly Message['role'][] = ['system', 'user', 'assistant'];

/** A device that can ask an edge; see {@link createDevice}. */
export interface Device {
  /** Its edges by name; for `startTurn`. */
  readonly edges: EdgeList;
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
export function createDevice(parts: DeviceParts): Device {
  checkOptions('createDevice', parts, partsChecks);
  const { edge, tokenizer, drafter, credentials } = parts;
  const edges = isEdgeList(edge) ? edge : listEdges(edge, (address) => connectWebSocket(address));
  const auto = new AutoMode();
  return {
    edges,
    tokenizer,
    drafter,
    auto,
    ask(question, options = {}) {
      checkOptions('ask', options, askChecks);
      const prompt = tokenizer.encodeChat(messagesOf(question));
      const { mode = 'auto', ...rest } = options;
      const chosen = mode === 'auto' ? { auto } : { mode };
      const key = credentials === undefined ? {} : { credentials };
      return startTurn({ ...rest, ...chosen, ...key, connect: edges, tokenizer, drafter, prompt });
    },
  };
}

/** Fields of the application beside these two are its own. */
const checkMessage: Check = (field, message) => {
  having('a message', 'role', 'content')(field, message);
  const { role, content } = message as Record<keyof Message, unknown>;
  oneOf(roles)(`${field}.role`, role);
  text(`${field}.content`, content);
};

/** @throws OutriderError `bad-argument` */
function messagesOf(question: string | readonly Message[]): readonly Message[] {
  if (typeof question === 'string') return [{ role: 'user', content: question }];
  listOf('messages, or a text', checkMessage)('ask: question', question);
  const last = question.at(-1);
  if (last === undefined) throw badArgument('ask: question is an empty list', 'Give at least one message.');
  if (last.role === 'user') return question;
  const field = `ask: question[${question.length - 1}].role`;
  throw badArgument(`${field} is "${last.role}"`, 'The last message is the one to answer: give it the role "user".');
}
