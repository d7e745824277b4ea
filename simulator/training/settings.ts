// The settings of a training run, each with its source. BenchMARL: facebookresearch/BenchMARL 179a956, masac.yaml, base_experiment.yaml
// and mlp.yaml; its value is used where the paper (Koh & Yang 2025) states none, unless `changed` gives a reason.

/**
 * The critics' target in the network `pairs`. `team`: the team's reward, one number for a slot, as in the paper. `device`: the cost
 * of each device, since the reward is their mean: as many numbers as devices.
 */
export const creditNames = ['team', 'device'] as const;
export type CreditName = (typeof creditNames)[number];

export interface SettingSource {
  readonly value: number;
  readonly benchmarl: string;
  /** The reason for another value than BenchMARL's; absent if equal. */
  readonly changed?: string;
}

const sources = {
  /** Discount of the return that critics estimate. */
  discount: {
    value: 0,
    benchmarl: '0.99',
    changed:
      'what a slot decides hardly reaches the next one in the preset; --discount sets it where slots are coupled',
  },
  batchSize: { value: 64, benchmarl: '128', changed: 'half the time of an update' },
  replayCapacity: {
    value: 20_000,
    benchmarl: '1,000,000',
    changed: '55 MB in preset paper; older slots were decided by older weights',
  },
  /** Slots before the first update. */
  warmUpSlots: { value: 512, benchmarl: '0', changed: 'a batch should hold slots of several worlds' },
  slotsPerUpdate: { value: 2, benchmarl: '6', changed: 'a training of minutes has few updates' },
  actorRate: { value: 5e-4, benchmarl: '5e-5', changed: 'ten minutes are some 10,000 updates, not 500,000' },
  criticRate: { value: 1e-3, benchmarl: '5e-5', changed: 'as above' },
  alphaRate: { value: 3e-3, benchmarl: '5e-5', changed: 'as above' },
  adamEpsilon: { value: 1e-6, benchmarl: '1e-6' },
  /** A longer gradient of a network is shortened to it. */
  gradientNorm: { value: 5, benchmarl: '5' },
  /** xi: step of the target networks towards the critics at each update. */
  xi: { value: 0.005, benchmarl: '0.005' },
  /** alpha at the start. */
  alpha: { value: 0.05, benchmarl: '1', changed: 'entropy is a mean over scores, rewards are about 1' },
  /** Target entropy, nats for each score. */
  targetEntropy: {
    value: -1,
    benchmarl: '- scores of an agent',
    changed: 'the same for each score, so that it does not depend on M',
  },
  /**
   * Temperature of the softmax that replaces the association while the actor learns; with a low one it is near to the server with
   * the highest score.
   */
  associationTemperature: {
    value: 0.25,
    benchmarl: 'none',
    changed: 'variant association: critics have to see about what is decided, one server for each device',
  },
  /** Lower limit of scaled rewards. */
  leastReward: { value: -10, benchmarl: 'none', changed: 'one bad link can cost a hundred times the mean' },
  /** Credit `device`: upper limit of a device's scaled cost. */
  mostDeviceCost: { value: 150, benchmarl: 'none', changed: 'credit device: about what a critic can say at most, e^5' },
  /** Slots of one world before the next one starts. */
  episodeSlots: { value: 100, benchmarl: 'by task' },
  /** Width of the actor's and the critics' layers, network `pairs` and `flat`. */
  pairActorWidth: {
    value: 32,
    benchmarl: '256, 256, tanh',
    changed: 'all pairs share the weights; ReLU is quicker (flatWidth)',
  },
  pairCriticWidth: { value: 64, benchmarl: '256, 256, tanh', changed: 'as above' },
  flatWidth: {
    value: 256,
    benchmarl: '256, 256, tanh',
    changed: 'ReLU: compiled, the gradient of tanh is computed again in each product',
  },
} as const;

export type MasacSettings = Readonly<Record<keyof typeof sources, number>>;
/** The table of docs/research/learning.md. */
export const settingSources: Readonly<Record<keyof MasacSettings, SettingSource>> = sources;

/** The network `flat` diverges at the rates of `pairs`: rewards of -100 and worse within 400 updates. The actor's is BenchMARL's. */
export const flatRates: Pick<MasacSettings, 'actorRate' | 'criticRate'> = { actorRate: 5e-5, criticRate: 3e-4 };

export function defaultSettings(network: 'pairs' | 'flat' = 'pairs'): MasacSettings {
  const entries = Object.entries(settingSources).map(([name, { value }]) => [name, value]);
  const settings = Object.fromEntries(entries) as unknown as MasacSettings;
  return network === 'flat' ? { ...settings, ...flatRates } : settings;
}
