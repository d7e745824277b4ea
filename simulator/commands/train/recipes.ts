// What is trained several times with different seeds, as data: `outrider train sweep` trains it, `outrider bench learned` compares it.

import type { NetworkName, VariantName } from '../../policies/learned/learned-policy.ts';
import type { CreditName } from '../../training/settings.ts';

export interface Recipe {
  readonly name: string;
  readonly scenario: string;
  readonly set: readonly string[];
  readonly variant: VariantName;
  readonly network: NetworkName;
  readonly credit: CreditName;
  readonly discount: number | undefined;
}

const variants = { shares: 'tma-masac', association: 'association' } as const;
/** Worlds of preset paper: its own size and unit of lambda, the size of the largest cell of Fig. 5, and lambda per second. */
const paperWorlds = {
  paper: [],
  'paper-90': ['devices.count=90', 'servers.placement.count=10'],
  'paper-per-s': ['objective.lambdaUnit=per-s'],
} as const;

function recipe(world: string, what: keyof typeof variants, credit: CreditName): Recipe {
  const isCoupled = world === 'coupled';
  return {
    name: `${world}-${what}-${credit}`,
    scenario: isCoupled ? 'coupled' : 'paper',
    set: paperWorlds[world as keyof typeof paperWorlds] ?? [],
    variant: variants[what],
    network: 'pairs',
    credit,
    discount: isCoupled ? 0.9 : undefined,
  };
}

/** For what people feel, in a preset; its shares are closed forms. */
const felt = (scenario: string): Recipe => ({
  ...recipe(scenario, 'association', 'device'),
  name: `${scenario}-felt-association-device`,
  scenario,
  set: ['objective.kind=felt'],
});

/** The paper's own: a list of all devices, and the team's reward. */
const flat: Recipe = { ...recipe('paper', 'shares', 'team'), name: 'paper-shares-flat', network: 'flat' };

/** In the order of their worth: the comparison of credits at equal slots comes first. */
export const recipes: readonly Recipe[] = [
  recipe('coupled', 'association', 'device'),
  recipe('coupled', 'association', 'team'),
  recipe('paper', 'shares', 'device'),
  recipe('paper', 'association', 'device'),
  recipe('coupled', 'shares', 'device'),
  recipe('paper-per-s', 'shares', 'device'),
  recipe('paper-per-s', 'association', 'device'),
  recipe('paper-90', 'shares', 'device'),
  recipe('paper-90', 'association', 'device'),
  flat,
  ...['paper', 'munich', 'street-canyon', 'modern', 'crowd', 'coupled'].map(felt),
];

/** Where a run keeps its checkpoint, below the directory of a sweep. */
export function runFolder(recipeName: string, seed: number): string {
  return `${recipeName}/seed-${seed}`;
}

export const checkpointName = 'checkpoint.safetensors';
export const weightsName = 'weights.safetensors';

/** The weights after so many slots: later ones do not replace them. */
export function weightsFile(slots: number): string {
  return `weights-${slots}.safetensors`;
}

/** What the training said at its end. */
export function resultFile(slots: number): string {
  return `result-${slots}.json`;
}
