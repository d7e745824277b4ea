// The preset `paper`: the evaluation of Koh & Yang 2025 (arXiv 2511.01695v4). Printed values are taken as printed. Open values are
// fixed here, each with its reason, before any policy was run.

/** In the form of a scenario file. */
export const paperPreset = {
  version: 1,
  name: 'paper',
  description:
    'The evaluation of Koh & Yang 2025: GPT2-XL verifies what GPT2 drafts, small cells at 3.5 GHz, one task a slot.',
  slotMs: 500,
  area: { widthM: 500, depthM: 500 },
  servers: {
    placement: { kind: 'grid', count: 4, heightM: 10 },
    hardware: [{ name: 'rtx-2080' }, { name: 'rtx-3090' }, { name: 'rtx-4090' }],
    reachedComputeShare: 0.4,
  },
  devices: {
    count: 30,
    maximumCount: 180,
    hardware: [{ name: 'galaxy-s23' }, { name: 'iphone-14' }, { name: 'mate-60' }],
    reachedComputeShare: 0.3,
    reachedMemoryShare: 0.4,
    transmitPowerDbm: { minimum: 16, maximum: 24 },
    heightM: 1.5,
    vehicleShare: 0,
    indoorShare: 0,
    battery: { initialShare: { minimum: 0.01, maximum: 1 }, drains: true, floorShare: 0.01, idleW: 0 },
  },
  radio: { bandwidthMHz: 10, noiseDensityDbmPerHz: -174, noiseFigureDb: 5, minimumSnrDb: -5, model: 'fixed-snr' },
  channel: { kind: 'tr38901-umi', carrierGHz: 3.5, shadowing: true, fading: { kind: 'none' } },
  mobility: {
    model: 'random-waypoint',
    speedMps: { pedestrian: { minimum: 0.8, maximum: 1.7 } },
    pauseS: { minimum: 0, maximum: 60 },
  },
  workload: {
    target: 'gpt2-xl',
    draft: 'gpt2',
    tasks: [
      { kind: 'code', weight: 1, windowTokens: 25 },
      { kind: 'summarisation', weight: 1, windowTokens: 15 },
      { kind: 'chat', weight: 1, windowTokens: 20 },
    ],
    payloadLaw: 'q16',
    arrivals: { kind: 'one-per-slot' },
  },
  queue: { kappaMs: 500, law: { kind: 'backlog', maximumSlots: 1000 } },
  energy: { computeJoulePerFlop: 1e-9, transmitFactor: 2.6, model: 'band' },
  objective: { lambda: 0.01, lambdaUnit: 'per-ms', energyWeight: 20 },
  why: {
    slotMs: 'Open. The longest window (25 tokens on the slowest phone: 0.48 s) fits.',
    area: 'Open. Four servers stand 250 m apart, twenty 100 to 125 m; UMi has 200 m (TR 38.901, table 7.2-1).',
    'servers.placement': 'Printed: 4 to 20 servers. Where they stand is open.',
    'servers.placement.heightM': 'Open. UMi base stations, TR 38.901, table 7.2-1.',
    'servers.hardware': 'Printed. In equal numbers.',
    'servers.reachedComputeShare':
      'Open. 40 % of dense tensor arithmetic, as the paced profiles assume; an RTX 4090 (18.2 ms and 0.11 ms a row, 8B, docs/internals/engines.md) implies 48 % at 200 rows.',
    'devices.count': 'Printed: 30 to 180.',
    'devices.maximumCount': 'Printed.',
    'devices.hardware': 'Printed. In equal numbers.',
    'devices.reachedComputeShare': 'Open. It never binds: memory does.',
    'devices.reachedMemoryShare':
      'Open. It gives 9 to 19 ms a draft token; Fig. 2 stops gaining at about 50 Mbit/s, 0.8 Mbit a token every 16 ms.',
    'devices.transmitPowerDbm': 'Printed as a range; one uniform draw for each device.',
    'devices.heightM': 'Open. UMi devices outdoors, TR 38.901, table 7.2-1.',
    'devices.indoorShare': 'Open. Street ray tracing has nobody indoors.',
    'devices.battery.initialShare': 'Printed as (0, 1]. Uniform; from 1 %, because 1/B has no mean at 0.',
    'radio.bandwidthMHz': 'Printed.',
    'radio.noiseDensityDbmPerHz': 'Printed.',
    'radio.noiseFigureDb': 'Open. Base stations below 6 GHz, TR 38.802, table A.2.1-1.',
    'radio.minimumSnrDb': 'Open. Near the lowest rate that NR can decode (TS 38.214, CQI 1).',
    'radio.model': 'Printed, eq. 5: the SNR does not depend on the share.',
    'channel.kind': 'Printed: Sionna ray tracing; here the statistical model. Preset munich is ray traced.',
    'channel.carrierGHz': "Open. The middle of 5G's band n78, and Sionna's default.",
    'channel.fading': 'Open. A slot lasts some 16 coherence times of a pedestrian, so it averages out.',
    'mobility.speedMps': 'Open. Walking, 3 to 6 km/h.',
    'workload.target': 'Printed.',
    'workload.draft': 'Printed.',
    'workload.tasks':
      'Printed: one of three kinds at random. Windows: the best of Fig. 2 for code and summaries; chat lies between.',
    'workload.payloadLaw':
      'Open. The whole distribution of the draft, 50,257 entries of 16 bit: only that makes 50 Mbit/s matter.',
    'workload.arrivals': 'Printed: one task for each device and slot.',
    'queue.kappaMs': 'Printed: the length of a slot.',
    'queue.law': 'Open. Whole slots of work that a server has left over.',
    'energy.computeJoulePerFlop': 'Printed as 10^9; 10^-9 J/FLOP makes sense.',
    'energy.transmitFactor':
      'Printed without a unit. With J per (MHz W) both energies are within two orders of magnitude.',
    'energy.model': 'Printed: linear in the share of the band.',
    'objective.lambda': 'Printed.',
    'objective.lambdaUnit':
      'Open. The unit that the energy weight needs too: in seconds, 20 to 100 would leave nothing but energy.',
    'objective.energyWeight': 'Printed as 20 to 100; the lower end.',
  },
} as const;
