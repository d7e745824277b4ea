// Builds the parts of a scenario's world: sites, hardware, radio, movement. Each draws from a stream of its own, so another server
// or policy does not change the devices. Nothing moves here.

import { badArgument } from '../../src/core/basics/errors.ts';
import { createRandom } from '../../src/core/basics/philox.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { createAreaMobility } from '../world/area-mobility.ts';
import type { Channel, ServerSite } from '../world/channel.ts';
import { dealHardware, decodingFlopPerSecond, type Hardware } from '../world/hardware.ts';
import type { Mobility, UniformRange } from '../world/mobility.ts';
import { noisePowerW } from '../world/noise.ts';
import { type DeviceKind, drawPopulation } from '../world/population.ts';
import type { RadioMap } from '../world/radio-map.ts';
import { createRadioMapChannel } from '../world/radio-map-channel.ts';
import { createStreetMobility } from '../world/street-mobility.ts';
import { createTr38901Channel } from '../world/tr38901-channel.ts';
import { decodingFlopPerByte, findModelShape } from '../world/workload-models.ts';

/** The constant parts of a run, and the two that change: positions and gains. */
export interface WorldParts {
  readonly sites: readonly ServerSite[];
  readonly serverHardware: readonly Hardware[];
  readonly deviceHardware: readonly Hardware[];
  readonly kinds: readonly DeviceKind[];
  readonly channel: Channel;
  readonly mobility: Mobility;
  /** Usable energy of a full battery; [M]. */
  readonly batteryJ: Float64Array;
  /** P_i; [M]. */
  readonly transmitPowerW: Float64Array;
  /** F_i^MD; [M]. */
  readonly deviceFlopPerSecond: Float64Array;
  /** F_j^ES; [E]. */
  readonly serverFlopPerSecond: Float64Array;
  /** Round trip of the network behind the radio; [E]. */
  readonly roundTripMs: Float64Array;
  /** W_j; [E]. */
  readonly bandwidthHz: Float64Array;
  /** Noise in a server's band; [E]. */
  readonly noiseW: Float64Array;
}

const countStream = 0x53300000;
const powerStream = 0x53400000;
const roundTripStream = 0x53800000;

/** @param map of the scenario's channel, if it names one @throws OutriderError `bad-argument` when the map does not fit */
export function buildWorld(scenario: Scenario, seed: number, map: RadioMap | undefined): WorldParts {
  const { devices, servers, radio, workload } = scenario;
  const deviceCount = countDevices(devices.count, seed);
  if (scenario.channel.kind === 'map') requireMap(scenario.channel, map);
  const sites = siteServers(scenario, map);
  const shares = { deviceCount, vehicleShare: devices.vehicleShare, indoorShare: devices.indoorShare };
  const kinds = drawPopulation(shares, seed);
  const serverHardware = dealHardware(servers.hardware, sites.length);
  const deviceHardware = dealHardware(devices.hardware, deviceCount);
  const flopPerByte = decodingFlopPerByte(findModelShape(workload.draft));
  const bandHz = (radio.bandwidthMHz * 1e6) / sites.length;
  // The density is relative to that of noisePowerW, -174 dBm/Hz.
  const noiseW = noisePowerW(bandHz, radio.noiseFigureDb + radio.noiseDensityDbmPerHz + 174);
  return {
    sites,
    serverHardware,
    deviceHardware,
    kinds,
    channel: buildChannel(scenario, sites, kinds, map, seed),
    mobility: buildMobility(scenario, kinds, map, seed),
    batteryJ: Float64Array.from(
      deviceHardware,
      (one) => devices.battery.usableShare * (one.batteryJ?.value ?? Number.POSITIVE_INFINITY),
    ),
    transmitPowerW: drawPowers(devices.transmitPowerDbm, deviceCount, seed),
    deviceFlopPerSecond: Float64Array.from(deviceHardware, (one) =>
      decodingFlopPerSecond(one, flopPerByte, devices.reachedComputeShare, devices.reachedMemoryShare),
    ),
    serverFlopPerSecond: Float64Array.from(
      serverHardware,
      (one) => servers.reachedComputeShare * one.peakFp16FlopPerSecond.value,
    ),
    roundTripMs: drawRoundTrips(scenario.token.roundTripMs, sites.length, seed),
    bandwidthHz: new Float64Array(sites.length).fill(bandHz),
    noiseW: new Float64Array(sites.length).fill(noiseW),
  };
}

function drawRoundTrips(trips: number | UniformRange, count: number, seed: number): Float64Array {
  if (typeof trips === 'number') return new Float64Array(count).fill(trips);
  const random = createRandom(seed, roundTripStream);
  return Float64Array.from({ length: count }, () => trips.minimum + random.uniform() * (trips.maximum - trips.minimum));
}

function countDevices(count: number | UniformRange, seed: number): number {
  if (typeof count === 'number') return count;
  return count.minimum + createRandom(seed, countStream).integer(count.maximum - count.minimum + 1);
}

/**
 * A grid of `count` cells, as square as possible; servers stand in the middle of their cells, the last row is spread over the whole
 * width.
 */
export function siteServers({ area, servers }: Scenario, map: RadioMap | undefined): ServerSite[] {
  const { placement } = servers;
  if (placement.kind === 'list') {
    return placement.sites.map(({ xM, yM, heightM }) => ({ x: xM, y: yM, heightMetres: heightM }));
  }
  if (placement.kind === 'map-sites') {
    const sites = map?.header.sites ?? [];
    if (placement.count > sites.length) {
      const cause = `servers.placement.count is ${placement.count}; the map has ${sites.length} sites`;
      throw badArgument(cause, `Take at most ${sites.length}, or another map.`);
    }
    return sites.slice(0, placement.count).map(({ x, y, z }) => ({ x, y, heightMetres: z }));
  }
  if (area === null) return [];
  const { count, heightM } = placement;
  const rows = Math.max(1, Math.round(Math.sqrt((count * area.depthM) / area.widthM)));
  return Array.from({ length: count }, (_, index) => {
    const row = Math.floor((index * rows) / count);
    const first = Math.ceil((row * count) / rows);
    const inRow = Math.ceil(((row + 1) * count) / rows) - first;
    return {
      x: area.originXM + (area.widthM * (index - first + 0.5)) / inRow,
      y: area.originYM + (area.depthM * (row + 0.5)) / rows,
      heightMetres: heightM,
    };
  });
}

type MapChannel = Extract<Scenario['channel'], { readonly kind: 'map' }>;

function requireMap({ map: name, sha256 }: MapChannel, map: RadioMap | undefined): asserts map is RadioMap {
  if (map === undefined) throw badArgument(`the map ${name} was not read`, 'Give the map.');
  if (sha256 === null || map.header.bodySha256 === sha256) return;
  const cause = `channel.sha256 is ${sha256}; the map ${name} has ${map.header.bodySha256}`;
  throw badArgument(cause, 'Get the map that the scenario was made for, or take any with --set channel.sha256=null.');
}

function buildChannel(
  { channel, devices }: Scenario,
  servers: readonly ServerSite[],
  kinds: readonly DeviceKind[],
  map: RadioMap | undefined,
  seed: number,
): Channel {
  if (channel.kind === 'tr38901-umi') {
    const { carrierGHz, shadowing, fading, highLossShare } = channel;
    const settings = {
      carrierGhz: carrierGHz,
      servers,
      kinds,
      deviceHeightMetres: devices.heightM,
      highLossShare,
      shadowing,
      fading: fading.kind === 'none' ? null : { coherenceMs: fading.coherenceMs },
    };
    return createTr38901Channel(settings, seed);
  }
  requireMap(channel, map);
  return createRadioMapChannel(map, { serverCount: servers.length, deviceCount: kinds.length, floor: channel.floor });
}

function buildMobility(
  { area, mobility }: Scenario,
  kinds: readonly DeviceKind[],
  map: RadioMap | undefined,
  seed: number,
): Mobility {
  const { pauseS, speedMps } = mobility;
  const hotSpots = mobility.hotSpots.map(({ xM, yM, radiusM, share }) => ({
    x: xM,
    y: yM,
    radiusMetres: radiusM,
    share,
  }));
  if (map !== undefined) return createStreetMobility({ streets: map.streets, kinds, hotSpots, pauseS, speedMps }, seed);
  if (area === null) throw badArgument('area is missing', 'Give widthM and depthM.');
  const rectangle = { x: area.originXM, y: area.originYM, width: area.widthM, height: area.depthM };
  return createAreaMobility({ area: rectangle, kinds, hotSpots, pauseS, speedMps }, seed);
}

function drawPowers({ minimum, maximum }: UniformRange, deviceCount: number, seed: number): Float64Array {
  return Float64Array.from({ length: deviceCount }, (_, device) => {
    const dbm = minimum + createRandom(seed, powerStream + device).uniform() * (maximum - minimum);
    return 1e-3 * 10 ** (dbm / 10);
  });
}
