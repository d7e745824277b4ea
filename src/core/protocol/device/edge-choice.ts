// Which of its edges a turn may use: what they have refused it, and whether one that answers can continue the text. Part of the driver of a
// device; edge-routes.ts has what turns share.

import type { ErrorCode, OutriderError } from '../../basics/errors.ts';
import { type EdgeMessage, type HelloMessage, protocolVersion, type RefusedMessage } from '../wire/messages.ts';
import type { DeviceState } from './device-state.ts';
import type { EdgeFailure, EdgeRoutes, NextEdge } from './edge-routes.ts';

export interface EdgeChoiceSettings {
  /** The edges that the turn may use. Default: the one to which it was connected first. */
  readonly routes?: EdgeRoutes | undefined;
  /** Whether only an edge with the fingerprint that wrote the text so far may continue. Default: any may, and the text is marked. */
  readonly keepsTarget?: boolean;
  /** Whether what the device shows to an edge may change during the turn, as the tickets of a controller do. Default: it does not. */
  readonly renewsCredentials?: boolean;
  /** How long the turn waits for edges that load their model, ms. Default: {@link defaultLoadedWithinMs}. */
  readonly loadedWithinMs?: number | undefined;
}

export const defaultLoadedWithinMs = 120_000;

export type Refusal = Pick<RefusedMessage, 'code' | 'cause' | 'remedy'>;

/** An edge that refuses a turn with one of these refuses it again. */
const lastingRefusals: ReadonlySet<ErrorCode> = new Set([
  'bad-argument',
  'context-full',
  'target-changed',
  'tokenizer-mismatch',
  'version-mismatch',
]);

/** An edge that refuses a turn with one of these may take it later. */
const passingRefusals: readonly string[] = ['edge-full', 'edge-draining', 'quota-used', 'target-refused'];

export class EdgeChoice {
  readonly #settings: EdgeChoiceSettings;
  /** Edges to which no first connection was possible. */
  readonly #unreached = new Set<string>();
  readonly #refusals = new Map<string, ErrorCode>();
  /** Since when edges have said that they load, without new text; null: none has. */
  #loadingSinceMs: number | null = null;
  /** Why an edge could not take the session, since the last new text. */
  lastRefusal: Refusal | null = null;

  constructor(settings: EdgeChoiceSettings) {
    this.#settings = settings;
  }

  /** Whether there is an edge that has not refused this turn. */
  get hasOther(): boolean {
    return this.#settings.routes?.names.some((name) => !this.#refusals.has(name)) ?? false;
  }

  /** Whether an edge that has refused this turn may take it later, though this refusal ends it. A turn without text does not wait. */
  mayBeTaken({ text, turn }: DeviceState, { code: last }: Refusal): boolean {
    if (text.length === turn.prompt.length || passingRefusals.includes(last)) return false;
    const passing = this.#settings.renewsCredentials === true ? [...passingRefusals, 'unauthorized'] : passingRefusals;
    return [...this.#refusals.values()].some((code) => passing.includes(code));
  }

  /** Why the device leaves the edge of a connection after a message; null: it does not. */
  reasonToLeave(state: DeviceState, link: number, message: EdgeMessage): Refusal | null {
    switch (message.kind) {
      case 'refused':
        return message;
      case 'hello':
        return this.#unfit(state, message);
      case 'commit':
        // Of two edges that were greeted before there was text, the one that writes first sets the target.
        if (this.#settings.keepsTarget !== true) return null;
        return this.#otherTarget(state, state.links.find(({ id }) => id === link)?.fingerprint ?? null);
      default:
        return null;
    }
  }

  /** @returns whether the turn waits for this edge, which loads its model */
  refused(edge: string, reason: Refusal, nowMs: number): boolean {
    this.lastRefusal = reason;
    if (reason.code === 'edge-loading') {
      this.#loadingSinceMs ??= nowMs;
      if (nowMs - this.#loadingSinceMs < (this.#settings.loadedWithinMs ?? defaultLoadedWithinMs)) return true;
    }
    this.#refusals.set(edge, reason.code);
    return false;
  }

  /** Why a turn fails after a time without text. */
  reasonToGiveUp(): Pick<OutriderError, 'code' | 'message' | 'remedy'> {
    if (this.lastRefusal !== null) return { ...this.lastRefusal, message: this.lastRefusal.cause };
    const message = 'the connection to the edge is lost, and the edge no longer answers';
    return { code: 'edge-unreachable', message, remedy: 'check the network and the edge; the text so far is kept' };
  }

  /** No connection to this edge was possible. @returns whether there is one that was not tried */
  unreached(edge: string): boolean {
    this.#unreached.add(edge);
    return this.#settings.routes?.names.some((name) => !this.#unreached.has(name)) ?? false;
  }

  /** Where to connect after a failure; undefined: to the same edge. */
  next(edge: string, how: EdgeFailure, nowMs: number): NextEdge | undefined {
    return this.#settings.routes?.next(edge, how, nowMs, new Set(this.#refusals.keys()));
  }

  /** This edge is going down. @returns another one; undefined: there is none */
  leaving(edge: string, nowMs: number): string | undefined {
    const { routes } = this.#settings;
    routes?.failed(edge, nowMs);
    return routes?.alternativeTo(edge, nowMs, new Set(this.#refusals.keys()));
  }

  /** There is new text. @param edge that has written it; null: not known */
  answered(edge: string | null): void {
    this.lastRefusal = null;
    this.#loadingSinceMs = null;
    if (edge !== null) this.#settings.routes?.answered(edge);
    if (this.#refusals.size === 0) return;
    for (const [name, code] of this.#refusals) if (!lastingRefusals.has(code)) this.#refusals.delete(name);
  }

  /** Why an edge that greets so can't write this turn's text; null: it can. */
  #unfit(state: DeviceState, hello: HelloMessage): Refusal | null {
    // Of the only edge, the machine judges these two.
    if (this.#settings.routes?.hasSeveral === true) {
      const remedy = 'use edges of one version and one target';
      if (hello.version !== protocolVersion)
        return { code: 'version-mismatch', cause: `an edge speaks protocol ${hello.version}`, remedy };
      if (hello.tokenizerHash !== state.turn.tokenizerHash)
        return { code: 'tokenizer-mismatch', cause: `an edge runs ${hello.model}, with another tokenizer`, remedy };
    }
    return this.#otherTarget(state, hello.fingerprint);
  }

  #otherTarget({ fingerprints }: DeviceState, fingerprint: string | null): Refusal | null {
    if (this.#settings.keepsTarget !== true || fingerprints.length === 0) return null;
    if (fingerprint === null || fingerprints.includes(fingerprint)) return null;
    return {
      code: 'target-changed',
      cause:
        'the edge that answers now runs another target, or other hardware, than the one that wrote the text so far',
      remedy: 'ask again; or allow another target to go on, and the text is marked as that of several',
    };
  }
}
