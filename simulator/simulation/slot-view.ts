// Writes the state that a policy sees: the devices with a task, and all servers. While every device has one, it contains the
// world's own arrays; otherwise entries of devices without a task are left out.

import type { PaceState } from '../../src/allocation/slot/pace-state.ts';
import type { HandoverState, Outlook, SlotState } from '../../src/allocation/slot/slot-state.ts';
import type { Workload } from '../world/workload.ts';
import type { WorldParts } from './build-world.ts';
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
  readonly paceOf: (devices: Int32Array, previousServer: Int32Array) => PaceState;
  /** Present where moving a text costs something. */
  readonly texts: TextPlaces | undefined;
}

export interface SlotView {
  /** The last state written. */
  readonly state: SlotState;
  /** The device of each entry; [M], valid up to the state's device count. */
  readonly devices: Int32Array;
  write(slot: number, fixed: Pick<SlotState, 'seed' | 'slotMs' | 'objective'>): SlotState;
}

type Filled = { -readonly [Key in keyof SlotState]: SlotState[Key] };
type PerDevice = Pick<
  SlotState,
  | 'payloadBits'
  | 'deviceFlop'
  | 'edgeFlop'
  | 'deviceFlopPerSecond'
  | 'transmitPowerW'
  | 'battery'
  | 'deviceX'
  | 'deviceY'
  | 'waitedMs'
>;

export function createSlotView(world: ViewedWorld): SlotView {
  const { parts, workload } = world;
  const deviceCount = parts.kinds.length;
  const serverCount = parts.sites.length;
  const devices = new Int32Array(deviceCount);
  const whole: PerDevice = {
    payloadBits: workload.payloadBits,
    deviceFlop: workload.deviceFlop,
    edgeFlop: workload.edgeFlop,
    deviceFlopPerSecond: parts.deviceFlopPerSecond,
    transmitPowerW: parts.transmitPowerW,
    battery: world.battery,
    deviceX: parts.mobility.x,
    deviceY: parts.mobility.y,
    ...(workload.carries ? { waitedMs: workload.waitedMs } : {}),
  };
  const snr = new Float64Array(deviceCount * serverCount);
  const pack = createPacked(deviceCount, serverCount);
  const state = {
    serverCount,
    serverFlopPerSecond: parts.serverFlopPerSecond,
    bandwidthHz: parts.bandwidthHz,
    queueDelayMs: world.queues.delayMs,
    serverX: Float64Array.from(parts.sites, ({ x }) => x),
    serverY: Float64Array.from(parts.sites, ({ y }) => y),
  } as Filled;

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
    write(slot, fixed) {
      writeSnr();
      let count = 0;
      for (let device = 0; device < deviceCount; device++) if (workload.active[device] === 1) devices[count++] = device;
      Object.assign(state, fixed);
      state.slot = slot;
      state.deviceCount = count;
      if (count === deviceCount) {
        Object.assign(state, whole);
        state.gain = world.gain;
        state.snr = snr;
        state.previousServer = world.previousServer;
      } else pack(state, whole, { ...world, snr }, devices.subarray(0, count));
      state.pace = world.paceOf(devices.subarray(0, count), world.previousServer);
      state.handover = handoverOf(world, devices.subarray(0, count));
      state.outlook = outlookOf(world, devices.subarray(0, count));
      return state;
    },
  };
}

function handoverOf({ texts }: ViewedWorld, devices: Int32Array): HandoverState | undefined {
  if (texts === undefined) return undefined;
  return {
    textServer: devices.map((device) => texts.textServer[device] as number),
    textFlop: pick(texts.textFlop, devices),
    textFlopPerSecond: texts.textFlopPerSecond,
    transferMs: pick(texts.transferMs, devices),
  };
}

function outlookOf({ past, queues, batteryJ }: ViewedWorld, devices: Int32Array): Outlook {
  return {
    gainAgeSlots: past.gainAgeSlots,
    deviceX: past.x.map((places) => pick(places, devices)),
    deviceY: past.y.map((places) => pick(places, devices)),
    backlogMs: queues.backlogMs,
    kappaMs: queues.backlogKappaMs,
    batteryJ: pick(batteryJ, devices),
  };
}

/** The entries of some devices; the array itself if they are all devices. */
function pick(values: Float64Array, devices: Int32Array): Float64Array {
  return devices.length === values.length ? values : Float64Array.from(devices, (device) => values[device] as number);
}

/** Buffers for the entries of some devices; each slot uses the front part. */
function createPacked(deviceCount: number, serverCount: number) {
  const rooms = new Map<string, Float64Array>();
  const previousServer = new Int32Array(deviceCount);
  const roomOf = (name: string, length: number): Float64Array => {
    const room = rooms.get(name) ?? new Float64Array(length);
    rooms.set(name, room);
    return room;
  };
  return (
    state: Filled,
    whole: PerDevice,
    links: Pick<ViewedWorld, 'gain' | 'previousServer'> & { readonly snr: Float64Array },
    devices: Int32Array,
  ): void => {
    for (const [name, values] of Object.entries(whole) as [keyof PerDevice, Float64Array][]) {
      const room = roomOf(name, deviceCount);
      for (let entry = 0; entry < devices.length; entry++) room[entry] = values[devices[entry] as number] as number;
      state[name] = room.subarray(0, devices.length);
    }
    for (const name of ['gain', 'snr'] as const) {
      const room = roomOf(name, deviceCount * serverCount);
      for (let entry = 0; entry < devices.length; entry++) {
        const from = (devices[entry] as number) * serverCount;
        for (let server = 0; server < serverCount; server++) {
          room[entry * serverCount + server] = links[name][from + server] as number;
        }
      }
      state[name] = room.subarray(0, devices.length * serverCount);
    }
    for (let entry = 0; entry < devices.length; entry++) {
      previousServer[entry] = links.previousServer[devices[entry] as number] as number;
    }
    state.previousServer = previousServer.subarray(0, devices.length);
  };
}
