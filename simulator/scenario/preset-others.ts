// The other presets: ray-traced streets, a small world for tests, current hardware, and a crowd.

import { paperPreset } from './preset-paper.ts';

const { radio: paperRadio, energy: paperEnergy, objective: paperObjective } = paperPreset;
const { target, draft, tasks, payloadLaw } = paperPreset.workload;
const paperWorkload = { target, draft, tasks, payloadLaw };
const { hardware, reachedMemoryShare } = paperPreset.devices;
const paperDevices = { hardware, reachedMemoryShare };
const paperServers = paperPreset.servers.hardware;
const paperQueue = { kappaMs: 500, law: { kind: 'backlog' } };
const mapPinned = 'Of the map that is shipped: runs on another one would not be the same.';
const walking = 'People walk along streets, vehicles at city speed; nobody goes through a building.';

const onStreets = {
  version: 1,
  slotMs: 500,
  radio: paperRadio,
  mobility: { model: 'streets' },
  queue: paperQueue,
  energy: paperEnergy,
  objective: paperObjective,
};

export const munichPreset: object = {
  ...onStreets,
  name: 'munich',
  description: "The paper's hardware and tasks in the streets of Munich, ray traced: 20 edge sites, up to 180 devices.",
  servers: { placement: { kind: 'map-sites', count: 20 }, hardware: paperServers },
  devices: { ...paperDevices, count: 60, maximumCount: 180, vehicleShare: 0.2 },
  channel: {
    kind: 'map',
    map: 'munich',
    sha256: '361dd80a68e065acc2e5cf241728965a3efabfe85662915ffb64d21803efb40d',
  },
  workload: paperWorkload,
  why: {
    'channel.map': 'Made by sionna/ at 3.5 GHz; the header says how.',
    'channel.sha256': mapPinned,
    mobility: walking,
  },
};

export const streetCanyonPreset: object = {
  ...onStreets,
  name: 'street-canyon',
  description: 'A small ray-traced street with few devices: for tests and first looks.',
  servers: { placement: { kind: 'map-sites', count: 2 }, hardware: [{ name: 'rtx-3090' }, { name: 'rtx-4090' }] },
  devices: { ...paperDevices, count: 8, maximumCount: 60 },
  channel: {
    kind: 'map',
    map: 'street-canyon',
    sha256: '7808d37dec27eea52d31b4f7a9eddd5fb80559bcad40069c63516733b1dde3ff',
  },
  workload: { ...paperWorkload, payloadLaw: 'ids' },
  why: { 'channel.sha256': mapPinned, mobility: walking },
};

const currentPhones = [{ name: 'galaxy-s25' }, { name: 'iphone-16-pro' }];
const largerPair = { target: 'qwen2.5-7b', draft: 'qwen2.5-0.5b', payloadLaw: 'ids' };
const phoneEnergy = { computeJoulePerFlop: 4e-11, transmitFactor: 2.6, model: 'airtime' };
const whyPhoneEnergy = {
  'energy.computeJoulePerFlop': 'An estimate: 5 W while a phone decodes at 120 GFLOP/s.',
  'energy.transmitFactor': 'The number of the paper, read as one over the efficiency of a power amplifier, 38 %.',
};

export const modernPreset: object = {
  version: 1,
  name: 'modern',
  description: 'A 7B target on current GPUs and a 0.5B draft on current phones; sessions come and go; ids on the wire.',
  slotMs: 250,
  area: { widthM: 800, depthM: 800 },
  servers: {
    placement: { kind: 'grid', count: 16 },
    hardware: [{ name: 'rtx-4090' }, { name: 'rtx-5090' }, { name: 'l40s' }],
  },
  devices: {
    count: 120,
    maximumCount: 1000,
    hardware: currentPhones,
    reachedMemoryShare: 0.4,
    vehicleShare: 0.2,
    indoorShare: 0.4,
    battery: { initialShare: { minimum: 0.1, maximum: 1 }, idleW: 1 },
  },
  radio: { ...paperRadio, bandwidthMHz: 100, minimumSnrDb: -10, model: 'concentrated' },
  channel: { kind: 'tr38901-umi', carrierGHz: 3.5, highLossShare: 0 },
  mobility: { model: 'random-waypoint' },
  workload: {
    ...largerPair,
    tasks: [
      { kind: 'code', weight: 1, windowTokens: 16 },
      { kind: 'summarisation', weight: 1, windowTokens: 10 },
      { kind: 'chat', weight: 2, windowTokens: 12 },
    ],
    arrivals: { kind: 'poisson-sessions', sessionsPerMinute: 1, keptShare: 0.6 },
  },
  queue: { kappaMs: 250, law: { kind: 'backlog' } },
  energy: phoneEnergy,
  objective: paperObjective,
  why: {
    ...whyPhoneEnergy,
    slotMs: 'The longest window, 16 tokens on the slower phone, takes 0.2 s.',
    'radio.bandwidthMHz': 'A full carrier of band n78.',
    'servers.placement': 'A grid of 200 m, as UMi has it (TR 38.901, table 7.2-1).',
    'radio.minimumSnrDb': 'Over the whole band; in a third of it, where such a device would send, the SNR is -5 dB.',
    'channel.highLossShare':
      'Few phones behind coated glass reach a street cell at all; they are left to indoor cells.',
    'radio.model': 'An uplink of a phone has a limit of power, not of power per hertz.',
    'devices.indoorShare': 'Between the 80 % of TR 38.901, table 7.2-1, and the streets of the other presets.',
    'workload.arrivals':
      'Chosen: a question a minute; with an answer of 10 to 20 s about a fifth of the devices are at work.',
  },
};

export const crowdPreset: object = {
  version: 1,
  name: 'crowd',
  description:
    'Most people stand near one server, which has good links and little computing left: computing is scarce, not the radio.',
  slotMs: 250,
  area: { widthM: 600, depthM: 600 },
  servers: { placement: { kind: 'grid', count: 9 }, hardware: [{ name: 'rtx-3090' }] },
  devices: {
    count: 90,
    maximumCount: 1000,
    hardware: currentPhones,
    reachedMemoryShare: 0.4,
    battery: { initialShare: { minimum: 0.1, maximum: 1 } },
  },
  radio: { ...paperRadio, bandwidthMHz: 100 },
  channel: { kind: 'tr38901-umi', carrierGHz: 3.5 },
  mobility: { model: 'random-waypoint', hotSpots: [{ xM: 300, yM: 300, radiusM: 60, share: 0.7 }] },
  workload: { ...largerPair, tasks: [{ kind: 'chat', windowTokens: 12 }] },
  queue: { kappaMs: 250, law: { kind: 'backlog' } },
  energy: phoneEnergy,
  objective: paperObjective,
  why: {
    ...whyPhoneEnergy,
    'mobility.hotSpots': 'A square before a station: seven in ten within 60 m of the server in the middle.',
    'servers.hardware':
      'Alike, so that only the crowd tells servers apart; ten windows of twelve tokens fill a quarter of a slot.',
  },
};
