// The sizes of a reproduction: for continuous integration, for a first impression, for publication.

export type SizeName = 'smoke' | 'default' | 'full';

export type Size = typeof usual;

const usual = {
  name: 'default',
  /** Paired seeds of slots; the first slot of each seed's world. */
  seedCount: 20,
  /** Devices and servers of the paper's Fig. 5. */
  deviceCounts: [30, 60, 90, 120, 150, 180] as number[],
  serverCounts: [4, 8, 12, 16, 20] as number[],
  energyWeights: [20, 40, 60, 80, 100] as number[],
  /** Answers of each task, and tokens of each, in virtual time. */
  answerCount: 8,
  answerTokens: 128,
  gammas: [1, 2, 3, 4, 6, 8, 10, 12, 15, 20, 25, 30, 40] as number[],
  uplinksMbps: [1, 2, 5, 10, 20, 50, 100, 200] as number[],
  /** Acceptances of drawn drafts, to see the best draft length of each. */
  acceptances: [0.6, 0.7, 0.8, 0.9, 0.95, 0.98] as number[],
  /** The best window by acceptance and by the ratio of times: drawn acceptances, ratios, names of shipped traces. */
  region: {
    acceptances: [0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995] as number[],
    ratios: [0.5, 1, 2, 4, 8, 12.5, 25] as number[],
    traces: ['coarse-greedy', 'draft-greedy', 'qwen-coder-greedy', 'long/coarse', 'long/draft'] as string[],
  },
  /** Texts of real models; 0: the toy language. */
  promptCount: 2,
  textTokens: 48,
};

export const sizes: Readonly<Record<SizeName, Size>> = {
  smoke: {
    name: 'smoke',
    seedCount: 10,
    deviceCounts: [30, 90],
    serverCounts: [4, 20],
    energyWeights: [20, 100],
    answerCount: 3,
    answerTokens: 64,
    gammas: [1, 2, 4, 8, 15, 25],
    uplinksMbps: [2, 10, 50, 200],
    acceptances: [0.8, 0.95],
    region: { acceptances: [0.8, 0.98], ratios: [0.5, 4, 12.5], traces: ['coarse-greedy', 'long/coarse'] },
    promptCount: 0,
    textTokens: 64,
  },
  default: usual,
  full: {
    ...usual,
    name: 'full',
    seedCount: 50,
    answerCount: 20,
    promptCount: 6,
    textTokens: 64,
  },
};
