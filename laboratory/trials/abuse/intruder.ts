// A hostile device of trial abuse: one connection that may keep the rules of the protocol where it helps, and break them where it hurts.

import { neutralSampling } from '../../../src/core/decoding/sampling.ts';
import { DeviceCodec } from '../../../src/core/protocol/wire/codec.ts';
import {
  type DeviceMessage,
  type EdgeMessage,
  type OpenMessage,
  protocolVersion,
} from '../../../src/core/protocol/wire/messages.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { connectRaw, type RawPeer } from '../frames/raw-websocket.ts';

/** Of the toy target of the trial. */
export const toySeed = 1;
export const tokenizerHash: string = createToyModel({ seed: toySeed, role: 'draft' }).tokenizer.hash;

/** Where an attack goes, and until when. */
export interface Target {
  readonly port: number;
  /** The attacker's own key. */
  readonly key: string;
  /** Source address of its connections. */
  readonly from: string;
  /** Tokens that a text may have on this edge. */
  readonly contextLength: number;
  /** A key that was valid once. */
  readonly withdrawnKey: string;
  /** A prompt of an honest reader. */
  readonly honestPrompt: readonly number[];
  isOver(): boolean;
}

let idCount = 0;

/** 32 hex digits, another at each call. */
export function freshId(): string {
  idCount += 1;
  return (BigInt(process.pid) * 2n ** 64n + BigInt(idCount)).toString(16).padStart(32, '0');
}

export function ids(count: number, from = 1000): number[] {
  return Array.from({ length: count }, (_, index) => from + (index % 4000));
}

/** An opening as an honest device sends it, but for `changes`. */
export function opening(key: string, changes: Partial<OpenMessage> = {}): OpenMessage {
  return {
    kind: 'open',
    version: protocolVersion,
    credentials: key,
    padding: 0,
    session: freshId(),
    conversation: freshId(),
    attempt: 1,
    tokenizerHash,
    mode: 'ar',
    sampling: neutralSampling,
    stopStrings: [],
    maxAnswerTokens: 1000,
    flowControlWindow: 256,
    maxAhead: 24,
    prompt: ids(8),
    answer: [],
    ...changes,
  };
}

export class Intruder {
  readonly peer: RawPeer;
  readonly #codec = new DeviceCodec();
  /** Length of the text that the edge has written. */
  length = 0;
  #acknowledged = 0;
  readonly kinds: EdgeMessage['kind'][] = [];
  /** Called with each message of the edge. */
  onMessage: (message: EdgeMessage) => void = () => {};

  private constructor(peer: RawPeer) {
    this.peer = peer;
    peer.onMessage = (payload) => this.#take(payload);
  }

  /** @returns null: the edge did not let it in */
  static async connect({ port, from }: Target): Promise<Intruder | null> {
    try {
      return new Intruder(await connectRaw(port, { from }));
    } catch {
      return null;
    }
  }

  get isClosed(): boolean {
    return this.peer.isClosed;
  }

  say(message: DeviceMessage): void {
    if (message.kind === 'open') this.length = message.prompt.length + message.answer.length;
    if (message.kind === 'resume') this.length = message.length;
    if (message.kind === 'open' || message.kind === 'resume') this.#acknowledged = this.length;
    this.peer.send(this.#codec.encode(message));
  }

  /** Acknowledges all that has come. */
  acknowledge(): void {
    if (this.length === this.#acknowledged) return;
    this.#acknowledged = this.length;
    this.say({ kind: 'ack', length: this.length });
  }

  #take(payload: Buffer): void {
    let message: EdgeMessage;
    try {
      message = this.#codec.decode(new Uint8Array(payload));
    } catch {
      return;
    }
    this.kinds.push(message.kind);
    if (this.kinds.length > 100) this.kinds.shift();
    if (message.kind === 'commit') this.length = message.first + message.accepted + message.tokens.length;
    this.onMessage(message);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Repeats `work` in `count` lanes at the same time until the attack is over, at most every `everyMs` in each. */
export async function inLanes(
  target: Target,
  count: number,
  everyMs: number,
  work: (lane: number, round: number) => Promise<void> | void,
): Promise<void> {
  const lane = async (number: number): Promise<void> => {
    for (let round = 0; !target.isOver(); round += 1) {
      await work(number, round);
      await pause(everyMs);
    }
  };
  await Promise.all(Array.from({ length: count }, (_, number) => lane(number)));
}

/** Keeps `count` connections of one kind open until the attack is over; one that is closed is opened again. */
export async function keepOpen(
  target: Target,
  count: number,
  begin: (intruder: Intruder, lane: number) => void,
  meanwhile: (intruder: Intruder, lane: number) => void = () => {},
  everyMs = 50,
): Promise<void> {
  const open = new Map<number, Intruder>();
  await inLanes(target, count, everyMs, async (lane) => {
    const intruder = open.get(lane);
    if (intruder !== undefined && !intruder.isClosed) meanwhile(intruder, lane);
    else {
      const fresh = await Intruder.connect(target);
      if (fresh === null) return;
      open.set(lane, fresh);
      begin(fresh, lane);
    }
  });
  for (const intruder of open.values()) intruder.peer.destroy();
}
