// A device in virtual time: core/protocol/device/device-driver.ts with a drafter and links of the simulation. It can crash and restart with
// the state that it had stored, as a web page does.

import { OutriderError } from '../../src/core/basics/errors.ts';
import type { Random } from '../../src/core/basics/philox.ts';
import {
  equalPrices,
  extraOf,
  narrowPass,
  type PassPrices,
  type PassWork,
  supposedPrices,
} from '../../src/core/decoding/pass-times.ts';
import { TokenText } from '../../src/core/decoding/token-text.ts';
import type { Shown } from '../../src/core/protocol/device/device-connections.ts';
import { DeviceDriver, type DeviceHost } from '../../src/core/protocol/device/device-driver.ts';
import {
  createDeviceState,
  type DeviceEvent,
  type DeviceState,
  type DeviceStep,
  type DraftBudget,
  type TurnRequest,
} from '../../src/core/protocol/device/device-state.ts';
import type { DraftingAdvice, TurnMeasures } from '../../src/core/protocol/device/drafting-advice.ts';
import { EdgeRoutes } from '../../src/core/protocol/device/edge-routes.ts';
import { type DraftOrder, workOf } from '../../src/core/protocol/wire/draft-order.ts';
import { defaultLiveness } from '../../src/core/protocol/wire/liveness.ts';
import type { DeviceMessage } from '../../src/core/protocol/wire/messages.ts';
import type { Wire } from '../../src/core/protocol/wire/wire.ts';
import type { EventQueue } from './event-queue.ts';
import { LinkCarrier, type LinkEnd, type VirtualLink } from './link.ts';
import type { Machines } from './machines.ts';
import type { VirtualDraft, VirtualDrafter } from './model.ts';
import { VirtualProcess } from './process.ts';

/** A second row of a model that is read from memory once for both. */
export const usualWidthCost = 0.1;

/** What each alternative adds to a pass, as a share of a narrow one: the same for all, or by what it needs. */
export type WidthCost = number | AlternativePrices;
export type AlternativePrices = Pick<PassPrices, 'continued' | 'started' | 'copied'>;

/**
 * Time that an alternative adds to a pass of the default draft on one thread of a server's processor, as a share of a narrow pass:
 * `outrider bench engine` measures it. Phones and graphics processors, which wait for memory, are nearer to the usual share.
 */
export const processorWidthCost: AlternativePrices = { continued: 0.78, started: 1.12, copied: 1.5 };

export function pricesOf(widthCost: WidthCost = usualWidthCost): PassPrices {
  return typeof widthCost === 'number' ? equalPrices(widthCost) : { ...supposedPrices, ...widthCost };
}

export interface VirtualDeviceSettings {
  readonly name: string;
  readonly turn: TurnRequest;
  readonly drafter: VirtualDrafter;
  readonly draftMs: number;
  /** Draft times are uniform in `draftMs` * (1 ± draftJitter). */
  readonly draftJitter: number;
  /** The round trip, ms, with which the device computes its chain cut. Default: no chain cut. */
  readonly cutsChainsAtMs?: number | undefined;
  /** Whether the device judges the worth of alternatives; otherwise the turn's `minHedgeChance` stays. Default: it does. */
  readonly judgesHedges?: boolean;
  /**
   * The time that each alternative adds to a pass of the drafter, as a share of the time of one draft: the same for all, or by kind. The
   * device knows it from earlier answers. Default: {@link usualWidthCost}.
   */
  readonly widthCost?: WidthCost | undefined;
  /** Its list of edges, in the order of preference; a function: those since the last restart. Default: those to which it is connected. */
  readonly routes?: readonly string[] | (() => EdgeRoutes) | undefined;
  /** Where it runs. Default: a process of its own. */
  readonly process?: VirtualProcess;
  /** Whether only an edge with the fingerprint that wrote the text so far may continue it. Default: any may. */
  readonly keepsTarget?: boolean;
  /** As of `EdgeChoiceSettings`. Default: false. */
  readonly renewsCredentials?: boolean;
  readonly connectMs: number;
  /** Ids of an honest edge are smaller. Default: no limit. */
  readonly vocabularySize?: number;
  /** The turn fails when connections have failed for this long without new text, ms, or when the first connection fails. Default: never. */
  readonly giveUpAfterMs?: number;
  /** Time limits of a connected edge, see `TextDeadlines`. Default: none. */
  readonly firstTokenWithinMs?: number;
  readonly nextTokenWithinMs?: number;
  /** Whether the device sends a ping on each new connection, as a live device does. Default: false. */
  readonly measuresRoundTrip?: boolean;
  /** Switches drafting on and off. Default: drafting stays on. */
  readonly advice?: DraftingAdvice | undefined;
  readonly random: Random;
  readonly machines: Machines;
  readonly wire: Wire;
}

/** What a device stores about an edge. */
export interface KnownEdge extends Shown {
  readonly address: string;
}

/** The network of a device, and observers of it. */
export interface DeviceWorld {
  /** The edge of this name, as it is when an attempt to connect begins; undefined: the device has none. Default: names are addresses. */
  edgeOf?(device: VirtualDevice, edge: string): KnownEdge | undefined;
  /** Undefined: no edge answers. The edge must not send before this function has returned. */
  connect(device: VirtualDevice, address: string, end: LinkEnd): VirtualLink | undefined;
  deviceStepped?(device: VirtualDevice, event: DeviceEvent, step: DeviceStep): void;
  deviceEmits?(device: VirtualDevice, emission: Emission): void;
  /** @param isWritable as last reported to the device */
  deviceSends?(device: VirtualDevice, link: VirtualLink, message: DeviceMessage, isWritable: boolean): void;
  /** The device closes a connection; `code` is 'done' without an error. */
  deviceCloses?(device: VirtualDevice, link: VirtualLink, code: string, detail: string): void;
  /** An attempt to connect begins, or has ended. */
  deviceTries?(device: VirtualDevice, edge: string, isBegun: boolean): void;
  /** Additional bytes on the air with a message, beyond its frame; default: none. */
  bytesAlong?(message: DeviceMessage): number;
}

/** Committed tokens that reached the reader together. */
export interface Emission {
  readonly atMs: number;
  readonly tokenCount: number;
  /** How many of them were drafts of the device. */
  readonly acceptedCount: number;
}

export class VirtualDevice {
  readonly settings: VirtualDeviceSettings;
  readonly process: VirtualProcess;
  readonly #world: DeviceWorld;
  #driver: DeviceDriver<LinkCarrier<DeviceMessage>>;
  readonly #prices: PassPrices;
  /** The generation in which an alternative has begun last. */
  #begunIn = -1;
  readonly #addresses = new WeakMap<VirtualLink, string>();

  constructor(queue: EventQueue, world: DeviceWorld, settings: VirtualDeviceSettings) {
    this.settings = settings;
    this.#world = world;
    this.#prices = pricesOf(settings.widthCost);
    this.process = settings.process ?? new VirtualProcess(queue);
    this.#driver = this.#drive(createDeviceState(settings.turn));
  }

  get state(): DeviceState {
    return this.#driver.state;
  }

  get measures(): TurnMeasures {
    return this.#driver.measures;
  }

  /** The connections that are open for the device, oldest first. */
  get links(): readonly { readonly link: VirtualLink; readonly edge: string; readonly address: string }[] {
    return this.#driver.connections.carriers.map(({ carrier, edge }) => {
      return { link: carrier.link, edge, address: this.#addresses.get(carrier.link) ?? edge };
    });
  }

  link(id: number): VirtualLink | undefined {
    return this.#driver.connections.carrier(id)?.link;
  }

  /** Connects. During a session, a second edge means a handover, and the same edge a duplicate connection. */
  connect(edge: string): void {
    if (!this.process.isUp) return;
    const known = this.#edgeOf(edge);
    this.#world.deviceTries?.(this, edge, true);
    this.process.post(this.settings.connectMs, () => {
      this.#world.deviceTries?.(this, edge, false);
      this.#open(edge, known);
    });
  }

  setBudget(budget: DraftBudget): void {
    this.#driver.setBudget(budget);
  }

  moveTo(edge: string): void {
    this.#driver.moveTo(edge);
  }

  stop(): void {
    this.#driver.stop();
  }

  /** The process ends; its connections send nothing more. */
  crash(): void {
    this.process.crash();
    for (const { link } of this.#driver.connections.abandon()) link.desert('device');
  }

  /** Starts again from a stored state, or as a new session with the old text; then it is to be connected. */
  restart(state: DeviceState): void {
    this.process.restart();
    this.#driver = this.#drive(state);
  }

  #drive(state: DeviceState): DeviceDriver<LinkCarrier<DeviceMessage>> {
    const never = Number.POSITIVE_INFINITY;
    const { random, cutsChainsAtMs, giveUpAfterMs = never, routes, advice } = this.settings;
    const settings = {
      vocabularySize: never,
      firstTokenWithinMs: never,
      nextTokenWithinMs: never,
      measuresRoundTrip: false,
      judgesHedges: true,
      keepsTarget: false,
      renewsCredentials: false,
      ...this.settings,
      liveness: defaultLiveness,
      giveUpAfterMs,
      uniform: () => random.uniform(),
      retriesFirstConnection: giveUpAfterMs === never,
      cutsChains: cutsChainsAtMs !== undefined,
      knownPrices: this.#prices,
      knownRoundTripMs: cutsChainsAtMs,
      routes: typeof routes === 'function' ? routes() : routes && new EdgeRoutes(routes),
    };
    return new DeviceDriver(settings, this.process, this.#host(), state, advice);
  }

  #host(): DeviceHost<LinkCarrier<DeviceMessage>> {
    const world = this.#world;
    return {
      // An attempt of a device whose edges change takes its time, in which they do.
      connect: (edge) => (typeof this.settings.routes === 'function' ? this.connect(edge) : this.#open(edge)),
      beginDraft: (order) => this.#draft(order),
      emit: (tokens, drafted) => {
        if (world.deviceEmits === undefined) return;
        const counts = { tokenCount: tokens.length, acceptedCount: drafted.filter(Boolean).length };
        world.deviceEmits(this, { atMs: this.process.nowMs(), ...counts });
      },
      stepped: (event, step) => world.deviceStepped?.(this, event, step),
      sending: ({ link }, message, isWritable) => world.deviceSends?.(this, link, message, isWritable),
      closing: ({ link }, code, detail) => world.deviceCloses?.(this, link, code, detail),
    };
  }

  #edgeOf(edge: string): KnownEdge | undefined {
    return this.#world.edgeOf === undefined ? { address: edge } : this.#world.edgeOf(this, edge);
  }

  #open(edge: string, known: KnownEdge | undefined = this.#edgeOf(edge)): void {
    if (this.state.outcome !== null) return;
    const carrier = new LinkCarrier<DeviceMessage>('device', this.#world.bytesAlong);
    const link = known && this.#world.connect(this, known.address, this.process.listen(carrier.end));
    if (link === undefined) {
      const error = new OutriderError('edge-unreachable', `${edge} does not answer`, 'try again later');
      this.#driver.unreachable(edge, error);
      return;
    }
    carrier.link = link;
    this.#addresses.set(link, known?.address ?? edge);
    carrier.handler = this.#driver.connected(edge, carrier, known);
  }

  /** The first alternative that begins after a correction follows a text that its sequence does not hold: it is copied. */
  #workOf({ generation, alternatives: orders }: DraftOrder, draft: VirtualDraft): PassWork {
    const work = workOf(draft, orders);
    const { continued, started, copied, tokens } = work;
    if (started === 0) return work;
    const copies = generation === this.#begunIn ? 0 : 1;
    this.#begunIn = generation;
    return { tokens, continued, started: started - copies, copied: copied + copies };
  }

  /** The drafter uses the present text; the draft arrives after its duration. */
  #draft(order: DraftOrder): void {
    const { drafter, draftMs, draftJitter, random } = this.settings;
    const draft = drafter.draft(this.state, order.lookUpMargin, order.alternatives);
    const work = draft === null ? narrowPass : this.#workOf(order, draft);
    const effort = draft?.isLookedUp === true ? 0 : 1 + extraOf(this.#prices, work);
    const durationMs = effort * draftMs * (1 + draftJitter * (2 * random.uniform() - 1));
    const driver = this.#driver;
    const made = (): void => driver.drafted(order, draft, durationMs, work);
    this.process.post(durationMs, made);
  }
}

/**
 * The state after a restart: the same session and attempts, with the first `length` tokens of the text.
 * @param holds whether the device also stored that its edges hold that text, so that it can resume
 */
export function storedState(state: DeviceState, length: number, holds: boolean): DeviceState {
  const edges = state.edges.map(({ edge, attempt, held }) => {
    return { edge, attempt, held: holds && held !== null ? Math.min(held, length) : null };
  });
  const text = TokenText.of(state.text.slice(0, length));
  return { ...createDeviceState(state.turn), text, edges, scoredPrompt: state.scoredPrompt };
}

/** A new session that continues the committed text of an old one. */
export function freshState(state: DeviceState, session: string): DeviceState {
  const { scoredPrompt } = state;
  return { ...createDeviceState({ ...state.turn, session }), text: TokenText.of(state.text.slice(0)), scoredPrompt };
}
