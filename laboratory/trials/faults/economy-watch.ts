// Observes what texts cost, and throws at the first event that violates an invariant: in a run with the right texts, an engine may evaluate
// tokens twice, a quota may count other rows than were evaluated, and a device may send drafts in vain or stay at an edge against an order.

import type { VirtualDevice } from '../../../simulator/virtual-time/device.ts';
import type { VirtualEdge } from '../../../simulator/virtual-time/edge.ts';
import type { VirtualLink } from '../../../simulator/virtual-time/link.ts';
import { commonLength, type VirtualSession } from '../../../simulator/virtual-time/sessions.ts';
import type { TokenText } from '../../../src/core/decoding/token-text.ts';
import { mostHeldTokens } from '../../../src/core/protocol/edge/edge-scores.ts';
import type { StepPart } from '../../../src/core/protocol/edge/engine-steps.ts';
import type { DeviceMessage } from '../../../src/core/protocol/wire/messages.ts';
import { demand } from './violation.ts';

type Part = StepPart<VirtualSession>;

/** What the engine has evaluated of a session in its present place. */
interface Evaluated {
  text: TokenText;
  generation: number;
  /** Tokens of the text. */
  count: number;
}

export class EconomyWatch {
  readonly #evaluated = new WeakMap<VirtualSession, Evaluated>();
  /** Where the sessions of a running step were when it began. */
  readonly #inStep = new WeakMap<VirtualSession, Evaluated>();
  /** Rows by edge and key: those of the engine, and those that the edge has counted. */
  readonly #rows = new WeakMap<VirtualEdge, Map<string, { evaluated: number; counted: number }>>();
  /** Edges to which a device is about to connect, with the number of attempts. */
  readonly #attempts = new WeakMap<VirtualDevice, Map<string, number>>();
  readonly #begun = new WeakMap<VirtualDevice, number>();

  /** A session gets a place: whatever was evaluated before may be gone. */
  placeGiven(session: VirtualSession): void {
    const { text, generation } = session.state;
    this.#evaluated.set(session, { text, generation, count: 0 });
  }

  /** A step begins. */
  edgeBegins(edge: VirtualEdge, parts: readonly Part[]): void {
    const counts = this.#rows.get(edge) ?? new Map<string, { evaluated: number; counted: number }>();
    this.#rows.set(edge, counts);
    const of = (key: string) => {
      const known = counts.get(key) ?? { evaluated: 0, counted: 0 };
      counts.set(key, known);
      return known;
    };
    for (const part of parts) {
      this.#checkPart(edge, part);
      const { key } = part.entry;
      if (key.rowsPerMinute !== null) of(key.id).evaluated += rowsOf(part);
    }
    for (const { key, rows } of edge.takeUsedRows()) of(key).counted += rows;
    for (const [key, { evaluated, counted }] of counts) {
      const words = (): string => `${edge.settings.name} counts ${counted} rows for ${key} and evaluates ${evaluated}`;
      demand(evaluated === counted, 'rows-counted', words);
    }
  }

  /**
   * Each token is evaluated once; the last one of the text, whose row is asked for, with each step. A prompt whose logprobs are asked for is
   * evaluated again as far as they were not found.
   */
  #checkPart({ settings }: VirtualEdge, { entry, heldTokens, prefillTokens, ticket }: Part): void {
    const { text } = entry.state;
    const present = this.#present(entry);
    this.#inStep.set(entry, present);
    const count = Math.min(present.count, mostHeldTokens(entry.state));
    const left = text.length - 1 - count;
    const name = (): string => `${settings.name}, session ${entry.number}`;
    demand(heldTokens === count, 'evaluated-once', () => `${name()}: from ${heldTokens} on, ${count} are evaluated`);
    const fits = ticket === null ? prefillTokens > 0 && prefillTokens <= left : prefillTokens === 0 && left === 0;
    demand(fits, 'evaluated-once', () => `${name()}: ${prefillTokens} tokens of a prompt, ${left} are left`);
  }

  /** A step ends for a session. @param generation of the text when it began */
  edgeEnds({ entry, heldTokens, prefillTokens, ticket }: Part, generation: number): void {
    const known = this.#present(entry);
    // Another text has come meanwhile, or another place.
    if (entry.state.generation !== generation || this.#inStep.get(entry) !== known) return;
    known.count = ticket === null ? heldTokens + prefillTokens : Math.max(known.count, entry.state.text.length - 1);
  }

  #present(session: VirtualSession): Evaluated {
    const { text, generation } = session.state;
    const known = this.#evaluated.get(session) ?? { text, generation, count: 0 };
    this.#evaluated.set(session, known);
    if (known.generation !== generation) known.count = Math.min(known.count, commonLength(known.text, text));
    known.generation = generation;
    known.text = text;
    return known;
  }

  deviceSends(device: VirtualDevice, link: VirtualLink, { kind }: DeviceMessage): void {
    if (kind !== 'alternative') return;
    const { links, text } = device.state;
    const received = links.find(({ id }) => device.link(id) === link)?.received ?? 0;
    const words = (): string => `${device.settings.name} sends one at ${text.length} to an edge at ${received}`;
    demand(received >= text.length, 'alternatives-in-time', words);
  }

  /** A device begins to connect, or has ended to: it is connected, or has failed. */
  deviceTries(device: VirtualDevice, edge: string, isBegun: boolean): void {
    const own = this.#attempts.get(device) ?? new Map<string, number>();
    this.#attempts.set(device, own);
    own.set(edge, Math.max(0, (own.get(edge) ?? 0) + (isBegun ? 1 : -1)));
    if (isBegun) this.#begun.set(device, (this.#begun.get(device) ?? 0) + 1);
  }

  /** A device has ended, and with it its attempts. */
  restarted(device: VirtualDevice): void {
    this.#attempts.delete(device);
  }

  /** An order to move. @param move passes it on */
  ordered(device: VirtualDevice, edge: string, move: () => void): void {
    const { outcome, links } = device.state;
    const isThere = outcome !== null || links.at(-1)?.edge === edge || !device.process.isUp;
    const isOnTheWay = (this.#attempts.get(device)?.get(edge) ?? 0) > 0;
    const before = this.#begun.get(device);
    move();
    const isTried = this.#begun.get(device) !== before;
    demand(isTried || isThere || isOnTheWay, 'moves-tried', () => `${device.settings.name} does not go to ${edge}`);
  }
}

function rowsOf({ prefillTokens, ticket }: Part): number {
  return ticket === null ? prefillTokens : ticket.drafts.length + 1;
}
