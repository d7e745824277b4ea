// A device in virtual time: drives the pure device machine with a drafter and virtual connections, reconnects with pauses,
// and can lose its page and come back with what it had stored. What src/device does on the machine's clock.

import { unreachable } from '../basics/invariant.ts';
import type { Random } from '../basics/philox.ts';
import {
  believedLength,
  createDeviceState,
  type DeviceEffect,
  type DeviceEvent,
  type DeviceState,
  type DeviceStep,
  type TurnRequest,
} from '../protocol/device-state.ts';
import { DraftWatch } from '../protocol/draft-watch.ts';
import { defaultLiveness, type Liveness, watchLiveness } from '../protocol/liveness.ts';
import type { DeviceMessage, EdgeMessage } from '../protocol/messages.ts';
import { TokenText } from '../protocol/token-text.ts';
import type { Frame, Wire, WireEnd } from '../protocol/wire.ts';
import type { EventQueue } from './event-queue.ts';
import type { LinkEnd, VirtualLink } from './link.ts';
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

interface DeviceLinkShell {
  readonly link: VirtualLink;
  readonly edge: string;
  readonly wire: WireEnd<DeviceMessage, EdgeMessage>;
  readonly liveness: Liveness;
  isWritable: boolean;
}

const firstPauseMs = 50;
const longestPauseMs = 4000;

export class VirtualDevice {
  readonly settings: VirtualDeviceSettings;
  readonly process: VirtualProcess;
  state: DeviceState;
  readonly #world: DeviceWorld;
  readonly #links = new Map<number, DeviceLinkShell>();
  /** Only where something is decided by what it measures. */
  #watch: DraftWatch | null;
  #lastLink = 0;
  #pauseMs = firstPauseMs;
  #cancelDraft = (): void => {};

  constructor(queue: EventQueue, world: DeviceWorld, settings: VirtualDeviceSettings) {
    this.settings = settings;
    this.#world = world;
    this.process = new VirtualProcess(queue);
    this.state = createDeviceState(settings.turn);
    this.#watch = createWatch(settings);
  }

  /** The connections that the device takes for alive, oldest first. */
  get links(): readonly { readonly link: VirtualLink; readonly edge: string }[] {
    return [...this.#links.values()];
  }

  /** Connects; a second edge while a first one serves is a hand-over, the same edge again a duplicate. */
  connect(edge: string): void {
    if (!this.process.isUp) return;
    this.process.post(this.settings.connectMs, () => this.#open(edge));
  }

  stop(): void {
    this.#step({ kind: 'stop-asked' });
  }

  /** The page is gone; its connections die without a word. */
  crash(): void {
    this.process.crash();
    for (const { link } of this.#links.values()) link.desert('device');
    this.#links.clear();
  }

  /** A new page starts from what the old one had stored, or as a new session with the old one's text. */
  restart(state: DeviceState, edge: string): void {
    this.process.restart();
    this.state = state;
    this.#watch = createWatch(this.settings);
    this.#pauseMs = firstPauseMs;
    this.connect(edge);
  }

  #open(edge: string): void {
    if (this.state.outcome !== null) return;
    const id = ++this.#lastLink;
    const end = this.process.listen({
      frame: (frame) => this.#frame(id, frame),
      writable: (writable) => this.#writable(id, writable),
      closed: () => this.#closed(id),
    });
    const link = this.#world.connect(this, edge, end);
    if (link === undefined) {
      this.#connectLater(edge);
      return;
    }
    const liveness = watchLiveness(this.process, defaultLiveness, {
      ping: () => this.#send(id, { kind: 'ping', stamp: Math.floor(this.process.nowMs()) }),
      lost: () => this.#close(id),
    });
    this.#links.set(id, { link, edge, wire: this.settings.wire.device(), liveness, isWritable: true });
    this.#step({ kind: 'link-opened', link: id, edge });
  }

  #connectLater(edge: string): void {
    this.process.post(this.#pauseMs, () => this.#open(edge));
    this.#pauseMs = Math.min(longestPauseMs, this.#pauseMs * 2);
  }

  #frame(id: number, frame: Frame): void {
    const shell = this.#links.get(id);
    if (shell === undefined) return;
    shell.liveness.heard();
    const message = shell.wire.unpack(frame);
    if (message.kind === 'ping') this.#send(id, { kind: 'pong', stamp: message.stamp });
    else if (message.kind !== 'pong') {
      if (message.kind === 'commit') this.#pauseMs = firstPauseMs;
      this.#step({ kind: 'message-received', link: id, message });
    }
  }

  #send(id: number, message: DeviceMessage): void {
    const shell = this.#links.get(id);
    if (shell === undefined) return;
    this.#world.deviceSends?.(this, shell.link, message, shell.isWritable);
    shell.link.send('up', shell.wire.pack(message), this.#world.bytesAlong?.(message));
    shell.liveness.said();
  }

  #writable(id: number, writable: boolean): void {
    const shell = this.#links.get(id);
    if (shell === undefined) return;
    shell.isWritable = writable;
    this.#step({ kind: 'link-writable', link: id, writable });
  }

  #close(id: number): void {
    this.#links.get(id)?.link.close('device');
    this.#closed(id);
  }

  #closed(id: number): void {
    const shell = this.#links.get(id);
    if (shell === undefined) return;
    shell.liveness.stop();
    this.#links.delete(id);
    this.#step({ kind: 'link-closed', link: id });
  }

  #step(event: DeviceEvent): void {
    const step = this.settings.machines.stepDevice(this.state, event);
    this.state = step.state;
    this.#world.deviceStepped?.(this, event, step);
    for (const effect of step.effects) this.#perform(effect);
    this.#abortVoid();
  }

  #abortVoid(): void {
    const { drafting, generation } = this.state;
    if (this.settings.abortsDrafts !== true || drafting === null) return;
    if (drafting.generation === generation && drafting.position === believedLength(this.state)) return;
    this.#cancelDraft();
    this.#step({ kind: 'draft-declined', ...drafting });
  }

  #perform(effect: DeviceEffect): void {
    switch (effect.kind) {
      case 'send':
        if (effect.message.kind === 'verify') this.#watch?.asked(this.process.nowMs());
        this.#send(effect.link, effect.message);
        break;
      case 'close-link':
        this.#close(effect.link);
        break;
      case 'connect':
        this.#watch?.lost();
        this.#connectLater(effect.edge);
        break;
      case 'draft-next':
        this.#draft(effect.generation, effect.position);
        break;
      case 'emit-tokens':
        this.#watch?.committed(this.process.nowMs(), effect.tokens.length);
        this.#world.deviceEmits?.(this, {
          atMs: this.process.nowMs(),
          tokenCount: effect.tokens.length,
          acceptedCount: countTrue(effect.drafted),
        });
        break;
      case 'finish':
        break;
      default:
        unreachable(effect);
    }
  }

  /** The drafter reads the text as it is now; the answer comes when it has thought. */
  #draft(generation: number, position: number): void {
    const { drafter, draftMs, draftJitter, random } = this.settings;
    const draft = drafter.draft(this.state, this.#watch?.lookUpMargin(this.state));
    const durationMs = (draft?.effort ?? 1) * draftMs * (1 + draftJitter * (2 * random.uniform() - 1));
    const event: DeviceEvent =
      draft === null
        ? { kind: 'draft-declined', generation, position }
        : { kind: 'draft-produced', generation, position, token: draft.token, confidence: draft.confidence };
    const made = (): void => {
      if (draft?.isLookedUp !== true) this.#watch?.drafted(durationMs);
      this.#moveCut();
      this.#step(event);
    };
    if (this.settings.abortsDrafts === true) this.#cancelDraft = this.process.after(durationMs, made);
    else this.process.post(durationMs, made);
  }

  #moveCut(): void {
    const { cutsChainsAtMs } = this.settings;
    if (cutsChainsAtMs === undefined) return;
    const moved = this.#watch?.movedCut(this.state, cutsChainsAtMs);
    if (moved !== undefined) this.#step({ kind: 'cut-moved', minChainConfidence: moved });
  }
}

function createWatch({ drafter, cutsChainsAtMs }: VirtualDeviceSettings): DraftWatch | null {
  return drafter.looksBack === true || cutsChainsAtMs !== undefined ? new DraftWatch() : null;
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
