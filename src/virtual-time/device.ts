// A device in virtual time: the driver of every device, with a drafter and links of the simulation. It can lose its page and come back
// with what it had stored.

import { OutriderError } from '../basics/errors.ts';
import type { Random } from '../basics/philox.ts';
import { DeviceDriver, type DeviceHost, type DraftOrder } from '../protocol/device-driver.ts';
import {
  believedLength,
  createDeviceState,
  type DeviceEvent,
  type DeviceState,
  type DeviceStep,
  type TurnRequest,
} from '../protocol/device-state.ts';
import { defaultLiveness } from '../protocol/liveness.ts';
import type { DeviceMessage } from '../protocol/messages.ts';
import { TokenText } from '../protocol/token-text.ts';
import type { Wire } from '../protocol/wire.ts';
import type { EventQueue } from './event-queue.ts';
import type { LinkEnd, VirtualLink } from './link.ts';
import { LinkCarrier, listenOn } from './link-carrier.ts';
import type { Machines } from './machines.ts';
import type { VirtualDrafter } from './model.ts';
import { VirtualProcess } from './process.ts';

export interface VirtualDeviceSettings {
  readonly name: string;
  readonly turn: TurnRequest;
  readonly drafter: VirtualDrafter;
  readonly draftMs: number;
  /** Draft times are uniform within this share of `draftMs`, up and down. */
  readonly draftJitter: number;
  /** Whether the device stops a chain that is not worth its time any more; it then takes the round trip for so long. Default: never. */
  readonly cutsChainsAtMs?: number | undefined;
  /** Whether a draft that has become void while it is made is given up at once; no live engine can. Default: false. */
  readonly abortsDrafts?: boolean;
  /** From asking for a connection to having it. */
  readonly connectMs: number;
  /** Ids of an honest edge are below. Default: any. */
  readonly vocabularySize?: number;
  /** How long connections may fail without any new text before the turn fails, ms; then the first one must not fail at all. Default: for ever. */
  readonly giveUpAfterMs?: number;
  /** Whether each connection begins with a ping, as on a live device. Default: false; it is told the round trip. */
  readonly measuresRoundTrip?: boolean;
  readonly random: Random;
  readonly machines: Machines;
  readonly wire: Wire;
}

/** What a device needs of the world. */
export interface DeviceWorld {
  /** Undefined: nobody answers there. The edge must not speak before this has returned. */
  connect(device: VirtualDevice, edge: string, end: LinkEnd): VirtualLink | undefined;
  deviceStepped?(device: VirtualDevice, event: DeviceEvent, step: DeviceStep): void;
  deviceEmits?(device: VirtualDevice, emission: Emission): void;
  /** `isWritable`: as far as the device has been told. */
  deviceSends?(device: VirtualDevice, link: VirtualLink, message: DeviceMessage, isWritable: boolean): void;
  /** The device hangs up; `code` is 'done' where nothing is wrong. */
  deviceCloses?(device: VirtualDevice, link: VirtualLink, code: string, detail: string): void;
  /** Bytes on the air that go with a message and that no codec writes; default: none. */
  bytesAlong?(message: DeviceMessage): number;
}

/** Committed tokens as they came to the reader. */
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
  #cancelDraft = (): void => {};

  constructor(queue: EventQueue, world: DeviceWorld, settings: VirtualDeviceSettings) {
    this.settings = settings;
    this.#world = world;
    this.process = new VirtualProcess(queue);
    this.#driver = this.#drive(createDeviceState(settings.turn));
  }

  get state(): DeviceState {
    return this.#driver.state;
  }

  /** The connections that the device takes for alive, oldest first. */
  get links(): readonly { readonly link: VirtualLink; readonly edge: string }[] {
    return this.#driver.connections.carriers.map(({ carrier, edge }) => ({ link: carrier.link, edge }));
  }

  /** The connection that the device knows by this number. */
  link(id: number): VirtualLink | undefined {
    return this.#driver.connections.carrier(id)?.link;
  }

  /** Connects; a second edge while a first one serves is a hand-over, the same edge again a duplicate. */
  connect(edge: string): void {
    if (!this.process.isUp) return;
    this.process.post(this.settings.connectMs, () => this.#open(edge));
  }

  stop(): void {
    this.#driver.stop();
  }

  /** The page is gone; its connections die without a word. */
  crash(): void {
    this.process.crash();
    for (const { link } of this.#driver.connections.abandon()) link.desert('device');
  }

  /** A new page starts from what the old one had stored, or as a new session with the old one's text. */
  restart(state: DeviceState, edge: string): void {
    this.process.restart();
    this.#driver = this.#drive(state);
    this.connect(edge);
  }

  #drive(state: DeviceState): DeviceDriver<LinkCarrier<DeviceMessage>> {
    const { machines, wire, cutsChainsAtMs, giveUpAfterMs = Number.POSITIVE_INFINITY } = this.settings;
    const settings = {
      machines,
      wire,
      liveness: defaultLiveness,
      vocabularySize: this.settings.vocabularySize ?? Number.POSITIVE_INFINITY,
      giveUpAfterMs,
      retriesFirstConnection: giveUpAfterMs === Number.POSITIVE_INFINITY,
      measuresRoundTrip: this.settings.measuresRoundTrip ?? false,
      cutsChains: cutsChainsAtMs !== undefined,
      knownRoundTripMs: cutsChainsAtMs,
    };
    return new DeviceDriver(settings, this.process, this.#host(), state);
  }

  #host(): DeviceHost<LinkCarrier<DeviceMessage>> {
    const world = this.#world;
    return {
      connect: (edge) => this.#open(edge),
      beginDraft: (order) => this.#draft(order),
      emit: (tokens, drafted) => {
        const counts = { tokenCount: tokens.length, acceptedCount: countTrue(drafted) };
        world.deviceEmits?.(this, { atMs: this.process.nowMs(), ...counts });
      },
      stepped: (event, step) => world.deviceStepped?.(this, event, step),
      settled: () => this.#abortVoid(),
      sending: ({ link }, message, isWritable) => world.deviceSends?.(this, link, message, isWritable),
      closing: ({ link }, code, detail) => world.deviceCloses?.(this, link, code, detail),
    };
  }

  #open(edge: string): void {
    if (this.state.outcome !== null) return;
    const pending = listenOn<DeviceMessage>(this.process);
    const link = this.#world.connect(this, edge, pending.end);
    if (link === undefined) {
      const error = new OutriderError('edge-unreachable', `${edge} does not answer`, 'try again later');
      this.#driver.unreachable(edge, error);
      return;
    }
    const carrier = new LinkCarrier<DeviceMessage>(link, 'device', this.#world.bytesAlong);
    pending.attach(carrier, this.#driver.connected(edge, carrier));
  }

  #abortVoid(): void {
    const { drafting, generation } = this.state;
    if (this.settings.abortsDrafts !== true || drafting === null) return;
    if (drafting.generation === generation && drafting.position === believedLength(this.state)) return;
    this.#cancelDraft();
    this.#driver.step({ kind: 'draft-declined', ...drafting });
  }

  /** The drafter reads the text as it is now; the answer comes when it has thought. */
  #draft(order: DraftOrder): void {
    const { drafter, draftMs, draftJitter, random } = this.settings;
    const draft = drafter.draft(this.state, order.lookUpMargin);
    const durationMs = (draft?.effort ?? 1) * draftMs * (1 + draftJitter * (2 * random.uniform() - 1));
    const driver = this.#driver;
    const made = (): void => driver.drafted(order, draft, durationMs);
    if (this.settings.abortsDrafts === true) this.#cancelDraft = this.process.after(durationMs, made);
    else this.process.post(durationMs, made);
  }
}

function countTrue(values: readonly boolean[]): number {
  let count = 0;
  for (const value of values) if (value) count += 1;
  return count;
}

/**
 * What a page that comes back goes on with: the same session, whose attempts were stored as they were made, and the first
 * `length` tokens of the text. `holds`: whether it has also stored that its edges hold that text, so that it resumes.
 */
export function storedState(state: DeviceState, length: number, holds: boolean): DeviceState {
  const edges = state.edges.map(({ edge, attempt, held }) => {
    return { edge, attempt, held: holds && held !== null ? Math.min(held, length) : null };
  });
  const text = TokenText.of(state.text.slice(0, length));
  return { ...createDeviceState(state.turn), text, edges };
}

/** A new session that goes on with the committed text of an old one. */
export function freshState(state: DeviceState, session: string): DeviceState {
  return { ...createDeviceState({ ...state.turn, session }), text: TokenText.of(state.text.slice(0)) };
}
