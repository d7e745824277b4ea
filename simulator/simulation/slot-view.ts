// Writes the state that a policy sees: the devices with a task, and all servers. While every device has one, it contains the
// world's own arrays; otherwise entries of devices without a task are left out.

import type { deviceRules } from '../../src/allocation/slot/check-state.ts';
import { pick } from '../../src/allocation/slot/columns.ts';
import type { HandoverState, Outlook, SlotState } from '../../src/allocation/slot/slot-state.ts';
import type { Workload } from '../world/workload.ts';
import type { WorldParts } from './build-world.ts';
import type { PaceView } from './pace-view.ts';
import type { PastSlots } from './past-slots.ts';
import type { ServerQueues } from './server-queue.ts';
import type { TextPlaces } from './text-places.ts';

/** Arrays of the whole world, changed in place by their owners. */
export interface ViewedWorld {
  readonly parts: WorldParts;
  readonly workload: Workload;
  readonly battery: Float64Array;
  readonly gain: Float64Array;
  readonly previousServer: Int32Array;
  readonly queues: ServerQueues;
  /** Infinite where tasks use no energy of the battery; [M]. */
  readonly batteryJ: Float64Array;
  readonly past: PastSlots;
  /** See {@link SlotState.pace}. */
  readonly pace: PaceView;
  /** Present where moving a text costs something. */
  readonly texts: TextPlaces | undefined;
  /** The same in each slot. */
  readonly fixed: Pick<SlotState, 'seed' | 'slotMs' | 'objective'>;
}

export interface SlotView {
  /** The last state written. */
  readonly state: SlotState;
  /** The device of each entry; [M], valid up to the state's device count. */
  readonly devices: Int32Array;
  write(slot: number): SlotState;
}

type Filled = { -readonly [Key in keyof SlotState]: SlotState[Key] };
type PerDevice = Pick<SlotState, keyof typeof deviceRules | 'waitedMs'>;

export function createSlotView(world: ViewedWorld): SlotView {
  const { parts, workload } = world;
  const deviceCount = parts.kinds.length;
  const serverCount = parts.sites.length;
  const devices = new Int32Array(deviceCount);
  const whole = {
    payloadBits: workload.payloadBits,
    deviceFlop: workload.deviceFlop,
    edgeFlop: workload.edgeFlop,
    deviceFlopPerSecond: parts.deviceFlopPerSecond,
    transmitPowerW: parts.transmitPowerW,
    battery: world.battery,
    deviceX: parts.mobility.x,
    deviceY: parts.mobility.y,
    ...(workload.carries ? { waitedMs: workload.waitedMs } : {}),
  } satisfies PerDevice;
  const lists = Object.entries(whole) as [keyof PerDevice, Float64Array][];
  const snr = new Float64Array(deviceCount * serverCount);
  const state = {
    ...world.fixed,
    serverCount,
    serverFlopPerSecond: parts.serverFlopPerSecond,
    bandwidthHz: parts.bandwidthHz,
    queueDelayMs: world.queues.delayMs,
    serverX: Float64Array.from(parts.sites, ({ x }) => x),
    serverY: Float64Array.from(parts.sites, ({ y }) => y),
  } as Filled;

  let active = devices.subarray(0, 0);
  const startSlot = makeLater(state, {
    pace: () => world.pace.of(active, world.previousServer),
    ...(world.texts === undefined ? {} : { handover: () => handoverOf(world, active) }),
    outlook: () => outlookOf(world, active),
  });

  function writeSnr(): void {
    let link = 0;
    for (let device = 0; device < deviceCount; device++) {
      const power = parts.transmitPowerW[device] as number;
      for (let server = 0; server < serverCount; server++, link++) {
        snr[link] = (power * (world.gain[link] as number)) / (parts.noiseW[server] as number);
      }
    }
  }

  return {
    state,
    devices,
    write(slot) {
      writeSnr();
      let count = 0;
      for (let device = 0; device < deviceCount; device++) if (workload.active[device] === 1) devices[count++] = device;
      active = devices.subarray(0, count);
      world.pace.note(active);
      startSlot();
      for (const [name, values] of lists) state[name] = ofDevices(values, active);
      state.slot = slot;
      state.deviceCount = count;
      state.gain = ofLinks(world.gain, active, serverCount);
      state.snr = ofLinks(snr, active, serverCount);
      state.previousServer = active.map((device) => world.previousServer[device] as number);
      return state;
    },
  };
}

/**
 * Gives the state parts that are made when they are first read: few policies read all of them.
 * @returns begins a slot, in which each part is made again
 */
function makeLater<Name extends keyof SlotState>(
  state: Filled,
  makers: { readonly [Key in Name]?: () => SlotState[Key] },
): () => void {
  let known: { [Key in Name]?: SlotState[Key] } = {};
  for (const name of Object.keys(makers) as Name[]) {
    const get = (): SlotState[Name] => {
      if (!(name in known)) known[name] = makers[name]?.();
      return known[name] as SlotState[Name];
    };
    Object.defineProperty(state, name, { enumerable: true, get });
  }
  return () => {
    known = {};
  };
}

function handoverOf({ texts }: ViewedWorld, devices: Int32Array): HandoverState | undefined {
  if (texts === undefined) return undefined;
  return {
    textServer: devices.map((device) => texts.textServer[device] as number),
    textFlop: ofDevices(texts.textFlop, devices),
    textFlopPerSecond: texts.textFlopPerSecond,
    transferMs: ofDevices(texts.transferMs, devices),
  };
}

function outlookOf({ past, queues, batteryJ }: ViewedWorld, devices: Int32Array): Outlook {
  return {
    gainAgeSlots: past.gainAgeSlots,
    deviceX: past.x.map((places) => ofDevices(places, devices)),
    deviceY: past.y.map((places) => ofDevices(places, devices)),
    backlogMs: queues.backlogMs,
    kappaMs: queues.backlogKappaMs,
    batteryJ: ofDevices(batteryJ, devices),
  };
}

/** The entries of some devices; the array itself if they are all devices. */
function ofDevices(values: Float64Array, devices: Int32Array): Float64Array {
  return devices.length === values.length ? values : pick(values, devices);
}

/** The same of a list with an entry for each link. */
function ofLinks(values: Float64Array, devices: Int32Array, serverCount: number): Float64Array {
  if (devices.length * serverCount === values.length) return values;
  const links = new Float64Array(devices.length * serverCount);
  for (const [entry, device] of devices.entries())
    links.set(values.subarray(device * serverCount, (device + 1) * serverCount), entry * serverCount);
  return links;
}
