// A hostile device: one connection that follows or breaks each rule of the protocol, as the caller chooses.

import { neutralSampling } from '../../../src/core/decoding/sampling.ts';
import { DeviceCodec } from '../../../src/core/protocol/wire/codec.ts';
import {
  type DeviceMessage,
  type EdgeMessage,
  type OpenMessage,
  protocolVersion,
} from '../../../src/core/protocol/wire/messages.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { ids } from '../../readers/toy-reader.ts';
import { connectRaw, type RawPeer } from './raw-peer.ts';

/** Seed of the toy target of the trials that a hostile device attacks. */
export const toySeed = 1;
export const tokenizerHash: string = createToyModel({ seed: toySeed, role: 'draft' }).tokenizer.hash;

let idCount = 0;

/** 32 hex digits, another at each call. */
export function freshId(): string {
  idCount += 1;
  return (BigInt(process.pid) * 2n ** 64n + BigInt(idCount)).toString(16).padStart(32, '0');
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

export class RawDevice {
  readonly peer: RawPeer;
  readonly #codec = new DeviceCodec();
  /** Length of the text that the edge has written. */
  length = 0;
  #acknowledged = 0;
  /** The largest number of its branches and alternatives. */
  newestBranch = 0;
  /** Kinds of the last messages of the edge. */
  readonly kinds: EdgeMessage['kind'][] = [];

  private constructor(peer: RawPeer) {
    this.peer = peer;
    peer.onMessage = (payload) => this.#receive(payload);
  }

  /** @param from source address @returns null: the edge did not let it in */
  static async connect(port: number, from: string): Promise<RawDevice | null> {
    const peer = await connectRaw(port, { from }).catch(() => null);
    return peer && new RawDevice(peer);
  }

  get isClosed(): boolean {
    return this.peer.isClosed;
  }

  destroy(): void {
    this.peer.destroy();
  }

  send(message: DeviceMessage): void {
    if (message.kind === 'open') this.length = message.prompt.length + message.answer.length;
    if (message.kind === 'resume') this.length = message.length;
    if (message.kind === 'open' || message.kind === 'resume') this.#acknowledged = this.length;
    this.peer.send(this.#codec.encode(message));
  }

  /** Acknowledges all that has come. */
  acknowledge(): void {
    if (this.length === this.#acknowledged) return;
    this.#acknowledged = this.length;
    this.send({ kind: 'ack', length: this.length });
  }

  /** Sends drafts in a branch that is new: only those can be sent after any others. */
  draft(tokens: readonly number[]): void {
    this.newestBranch += 1;
    this.send({ kind: 'draft', branch: this.newestBranch, first: this.length, tokens });
  }

  /** Waits until a message of this kind has come, or any but `hello`; no longer than `limitMs`. */
  received(kind: EdgeMessage['kind'] | 'any', limitMs: number): Promise<boolean> {
    const isMeant = (one: EdgeMessage['kind']): boolean => (kind === 'any' ? one !== 'hello' : one === kind);
    return this.peer.settled(() => this.kinds.some(isMeant), limitMs);
  }

  #receive(payload: Buffer): void {
    let message: EdgeMessage;
    try {
      message = this.#codec.decode(new Uint8Array(payload));
    } catch {
      return;
    }
    this.kinds.push(message.kind);
    if (this.kinds.length > 100) this.kinds.shift();
    if (message.kind === 'commit') this.length = message.first + message.accepted + message.tokens.length;
  }
}
