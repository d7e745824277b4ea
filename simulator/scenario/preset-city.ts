// The preset `city-70b`: a city for which drafts on devices are made. A large target on servers of data-sheet cards, devices that draft
// quickly, edges at different distances. Its values were chosen from the sources in `why` before any policy was run in it.

/** In the form of a scenario file. */
export const cityPreset: object = {
  version: 1,
  name: 'city-70b',
  description:
    'A 72B target on servers of two or four cards, a 0.5B draft on current phones and laptops, 10 to 60 ms away.',
  slotMs: 500,
  area: { widthM: 600, depthM: 400 },
  servers: {
    placement: { kind: 'grid', count: 6, heightM: 10 },
    hardware: [{ name: 'l40s-x4' }, { name: 'a100-x2' }, { name: 'h100-x2' }],
  },
  devices: {
    count: 80,
    maximumCount: 1000,
    hardware: [
      { name: 'galaxy-s25' },
      { name: 'iphone-16-pro' },
      { name: 'macbook-air-m4' },
      { name: 'laptop-rtx-4050' },
    ],
    reachedMemoryShare: 0.6,
    vehicleShare: 0.2,
    battery: { initialShare: { minimum: 0.1, maximum: 1 } },
  },
  radio: { bandwidthMHz: 100, noiseDensityDbmPerHz: -174, noiseFigureDb: 5, minimumSnrDb: -5, model: 'fixed-snr' },
  channel: { kind: 'tr38901-umi', carrierGHz: 3.5 },
  mobility: { model: 'random-waypoint' },
  workload: {
    target: 'qwen2.5-72b',
    draft: 'qwen2.5-0.5b',
    tasks: [
      { kind: 'code', weight: 1, windowTokens: 16 },
      { kind: 'summarisation', weight: 1, windowTokens: 10 },
      { kind: 'chat', weight: 2, windowTokens: 12 },
    ],
    payloadLaw: 'ids',
    arrivals: { kind: 'duty-cycle', share: 0.5, keptShare: 0.6 },
  },
  token: { roundTripMs: { minimum: 10, maximum: 60 }, acceptance: 0.7 },
  queue: { kappaMs: 500, law: { kind: 'backlog' } },
  energy: { computeJoulePerFlop: 6e-11, transmitFactor: 2.6, model: 'airtime' },
  objective: { lambda: 0.01, lambdaUnit: 'per-ms', energyWeight: 20 },
  why: {
    slotMs: 'As preset paper.',
    area: 'A grid of 200 m, as UMi has it (TR 38.901, table 7.2-1).',
    'servers.placement': 'Three by two servers.',
    'servers.placement.heightM': 'As preset paper.',
    'servers.hardware':
      'The smallest groups of cards that hold 143 GB of weights. With 60 % of the bandwidth and 40 % of the arithmetic, as the paced profile edge-70b-a100x2 assumes, steps of 69, 58 and 36 ms.',
    'devices.count': 'Assumed: half of them at work, about seven for each server.',
    'devices.maximumCount': 'For sweeps.',
    'devices.hardware': 'In equal numbers, assumed. A draft takes 5.5, 7.8, 3.9 and 2.4 ms.',
    'devices.reachedMemoryShare':
      'Between published rates in 4 bits: 132 tokens/s of 1.5B on an RTX 4050 Laptop GPU are 60 % of its bandwidth, 40 (when hot 23) on an iPhone 16 Pro 58 (33) % (arXiv 2603.23640); 90 of 1.2B on the NPU of a Galaxy S25 Ultra 70 % (reddit.com/r/LocalLLM 1otth6t); 192 of 0.8B on an Apple M4 68 % (jitesh.dev, 2026-03-31).',
    'devices.vehicleShare': 'As preset modern.',
    'devices.battery.initialShare': 'Assumed: anything but nearly empty.',
    'radio.bandwidthMHz': 'A full carrier of band n78.',
    'radio.noiseFigureDb': 'As preset paper.',
    'workload.target': 'The class of 70 B parameters; it has the vocabulary of the draft.',
    'workload.tasks': 'As preset modern.',
    'workload.payloadLaw': 'Exact decoding of a given seed needs ids alone.',
    'workload.arrivals': 'Sessions; the load is not random.',
    'token.roundTripMs': 'Assumed: same city to next region.',
    'token.acceptance': 'Assumed: the default of all scenarios.',
    'energy.computeJoulePerFlop':
      'Between 3.3e-11 of the NPU of a Galaxy S25 Ultra (9,000 tokens of 1.2B for 1 % of 19.4 Wh, reddit.com/r/LocalLLM 1otth6t) and 8.4e-11 of an RTX 4050 Laptop GPU (34.1 W at 132 tokens/s of 1.5B, arXiv 2603.23640).',
    'energy.transmitFactor': 'As preset modern.',
    'objective.lambda': 'As preset paper.',
    'objective.energyWeight': 'As preset paper.',
  },
};
