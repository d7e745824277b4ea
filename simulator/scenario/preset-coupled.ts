// The preset `coupled`: a decision in one slot changes the cost of the next ones. Queues, batteries, handovers and stale CSI have
// sizes that matter to a policy: chosen with `max-sinr`, `best` and an early policy with a forecast on seeds 1 and 11 to 13, which the bench
// does not use, and not changed later.

/** In the form of a scenario file. */
export const coupledPreset: object = {
  version: 1,
  name: 'coupled',
  description: 'Coupled slots: queues, handovers, batteries that run down, channel state (CSI) that is a second old.',
  slotMs: 500,
  area: { widthM: 360, depthM: 240 },
  servers: {
    placement: { kind: 'grid', count: 6, heightM: 10 },
    hardware: [{ name: 'rtx-2080' }, { name: 'rtx-3090' }, { name: 'rtx-4090' }],
    reachedComputeShare: 0.0044,
  },
  devices: {
    count: 40,
    maximumCount: 180,
    hardware: [{ name: 'galaxy-s23' }, { name: 'iphone-14' }, { name: 'mate-60' }],
    reachedMemoryShare: 0.4,
    transmitPowerDbm: { minimum: 16, maximum: 24 },
    vehicleShare: 0.5,
    battery: { initialShare: { minimum: 0.1, maximum: 1 }, floorShare: 0.02, usableShare: 0.02 },
  },
  radio: { bandwidthMHz: 100, noiseDensityDbmPerHz: -174, noiseFigureDb: 5, minimumSnrDb: -5, model: 'fixed-snr' },
  channel: { kind: 'tr38901-umi', carrierGHz: 3.5 },
  mobility: {
    model: 'random-waypoint',
    speedMps: { vehicle: { minimum: 4, maximum: 8 } },
    pauseS: { minimum: 0, maximum: 20 },
    hotSpots: [{ xM: 60, yM: 60, radiusM: 40, share: 0.3 }],
  },
  workload: {
    target: 'gpt2-xl',
    draft: 'gpt2',
    tasks: [
      { kind: 'code', windowTokens: 10 },
      { kind: 'summarisation', windowTokens: 6 },
      { kind: 'chat', windowTokens: 8 },
    ],
    payloadLaw: 'q16',
    arrivals: { kind: 'duty-cycle', share: 0.5, keptShare: 0.6 },
  },
  queue: { kappaMs: 500, law: { kind: 'backlog', maximumSlots: 20 } },
  handover: { kind: 'prefill', reachedComputeShare: 0.04 },
  knowledge: { gainAgeSlots: 2 },
  energy: { computeJoulePerFlop: 1e-9, transmitFactor: 2.6, model: 'band' },
  objective: { lambda: 0.001, lambdaUnit: 'per-ms', energyWeight: 20 },
  why: {
    slotMs: 'As preset paper. The longest window (10 tokens on the slowest phone) takes 0.2 s.',
    area: "Servers on a grid of 120 m, the paper's densest: an NLOS link is then slow, but seldom unusable.",
    'servers.placement.count': 'Two of each kind; more than three devices at work for each.',
    'servers.reachedComputeShare':
      'A tenth of an edge server is ours, the rest is for others; of the 40 % of its peak a ninth is reached with windows of a dozen tokens, which are bound by memory (docs/research/simulator.md, The equations of a slot: Limits).',
    'devices.count': 'Half of them at work: 20 at a time.',
    'devices.vehicleShare': 'Half walk and stay for a whole answer, half drive and leave a cell within 15 to 30 s.',
    'devices.battery.initialShare': 'As preset paper, but none is empty at the start.',
    'devices.battery.usableShare':
      'A fiftieth: 0.9 to 1.3 kJ, some six minutes of work. A run of two minutes then shows what whole batteries show in hours.',
    'devices.battery.floorShare':
      'The objective divides by it; a device that is down here costs fifty times its energy.',
    'radio.bandwidthMHz': 'A full carrier of band n78: about half of what keeps 20 uploads in step with their drafts.',
    'mobility.speedMps.vehicle': 'Town traffic, 15 to 30 km/h.',
    'mobility.hotSpots': 'Three in ten stand near the first server, which is a slow one.',
    'workload.tasks': 'Windows of two fifths of those of preset paper, so that a task is done well within its slot.',
    'workload.payloadLaw': 'As preset paper; with ids no link is ever scarce, and stale CSI does no harm.',
    'workload.arrivals':
      'Sessions, because only their texts last; always the same number, so that the load is not random.',
    'queue.law': 'Whole slots of unfinished work; 10 s at most.',
    'handover.kind': 'The server that takes over evaluates the text again: 500 tokens are 0.2 to 1 s of it.',
    'handover.reachedComputeShare': 'A tenth of the server, as above, at the 40 % that many rows at once reach.',
    'knowledge.gainAgeSlots': '1 s: the 1,024 ms of a periodic measurement report (TS 38.331, ReportInterval).',
    'objective.lambda':
      'A tenth of what preset paper has: mismatch, computing and energy then cost about as much, and no coupling is too small to see.',
    'objective.energyWeight': 'As preset paper.',
  },
};
