// One whole update against PyTorch: test/pytorch/masac_update.py computed the numbers.

import { readFileSync } from 'node:fs';
import { numpy as np } from '@jax-js/jax';
import { beforeAll, describe, expect, it } from 'vitest';
import { correctionsAt, type Optimised } from './adam.ts';
import { startJax } from './learner.ts';
import type { SlotBatch, Tensors } from './networks.ts';
import { defaultSettings, type MasacSettings } from './settings.ts';
import { createUpdate, type LearnerState, type UpdateBatch, type UpdateKind, update } from './update.ts';

interface Stored {
  readonly shape: number[];
  readonly values: number[];
}
type Named = Readonly<Record<string, Stored>>;
interface StoredMoments {
  readonly first: Named;
  readonly second: Named;
}
interface StoredState {
  readonly actor: Named;
  readonly critics: readonly Named[];
  readonly targets: readonly Named[];
  readonly logAlpha: Stored;
  readonly moments: {
    readonly actor: StoredMoments;
    readonly critics: readonly StoredMoments[];
    readonly alpha: StoredMoments;
  };
}
interface Case {
  readonly network: UpdateKind['network'];
  readonly variant: UpdateKind['variant'];
  readonly credit: UpdateKind['credit'];
  readonly step: number;
  readonly settings: Partial<MasacSettings>;
  readonly given: StoredState & { readonly batch: Readonly<Record<string, Stored | Named>> };
  readonly expected: StoredState & Readonly<Record<'criticLoss' | 'actorLoss' | 'alpha' | 'entropy', number>>;
}

const { torch, cases } = JSON.parse(readFileSync(new URL('./golden/masac-update.json', import.meta.url), 'utf8')) as {
  torch: string;
  cases: Case[];
};

const tensor = ({ shape, values }: Stored): np.Array => np.array(Float32Array.from(values)).reshape(shape);
const tensors = (named: Named): Tensors =>
  Object.fromEntries(Object.entries(named).map(([name, one]) => [name, tensor(one)]));
const optimised = (weights: Named, { first, second }: StoredMoments): Optimised => ({
  weights: tensors(weights),
  first: tensors(first),
  second: tensors(second),
});

function stateOf({ actor, critics, targets, logAlpha, moments: of }: StoredState): LearnerState {
  return {
    actor: optimised(actor, of.actor),
    critics: critics.map((one, index) => optimised(one, of.critics[index] as StoredMoments)),
    targets: targets.map(tensors),
    alpha: optimised({ logAlpha }, of.alpha),
  };
}

function batchOf({ given, step, settings }: Case): UpdateBatch {
  const { batch } = given;
  const one = (name: string): np.Array => tensor(batch[name] as Stored);
  const slots = (name: string): SlotBatch => tensors(batch[name] as Named) as SlotBatch;
  const hasNext = (settings.discount ?? 0) > 0;
  return {
    now: slots('now'),
    rows: one('rows'),
    score: one('score'),
    deviceCost: one('deviceCost'),
    reward: one('reward'),
    next: hasNext ? [slots('next')] : [],
    nextRows: hasNext ? [one('nextRows')] : [],
    discount: one('discount'),
    noise: one('noise'),
    nextNoise: one('nextNoise'),
    correction: np.array(correctionsAt(step)),
  };
}

/** The largest difference; the numbers are about 1 or smaller. */
function worst(found: np.Array, wanted: Stored): number {
  expect(found.shape).toEqual(wanted.shape);
  const values = Array.from(found.ref.dataSync());
  return Math.max(...values.map((value, at) => Math.abs(value - (wanted.values[at] as number))));
}

function worstOf(found: Tensors, wanted: Named): number {
  expect(Object.keys(found).toSorted()).toEqual(Object.keys(wanted).toSorted());
  return Math.max(...Object.entries(found).map(([name, one]) => worst(one, wanted[name] as Stored)));
}

beforeAll(startJax);

describe(`one update, as PyTorch ${torch} makes it`, () => {
  for (const one of cases) {
    const { network, variant, credit, given, expected } = one;
    const kind: UpdateKind = { network, variant, credit, settings: { ...defaultSettings(), ...one.settings } };
    for (const way of ['compiled', 'not compiled']) {
      it(`${variant} by ${network}, credit ${credit}, discount ${one.settings.discount}, ${way}`, () => {
        const run =
          way === 'compiled' ? createUpdate(kind) : (...given: [LearnerState, UpdateBatch]) => update(kind, ...given);
        const { state, metrics } = run(stateOf(given), batchOf(one));
        const [criticLoss, actorLoss, alpha, entropy] = Array.from(metrics.dataSync());
        expect(criticLoss).toBeCloseTo(expected.criticLoss, 3);
        expect(actorLoss).toBeCloseTo(expected.actorLoss, 4);
        expect(alpha).toBeCloseTo(expected.alpha, 6);
        expect(entropy).toBeCloseTo(expected.entropy, 5);
        expect(worstOf(state.actor.weights, expected.actor)).toBeLessThan(1e-5);
        expect(worstOf(state.alpha.weights, { logAlpha: expected.logAlpha })).toBeLessThan(1e-6);
        for (const index of [0, 1]) {
          const found = state.critics[index] as Optimised;
          expect(worstOf(found.weights, expected.critics[index] as Named)).toBeLessThan(1e-5);
          expect(worstOf(state.targets[index] as Tensors, expected.targets[index] as Named)).toBeLessThan(1e-5);
          const wanted = expected.moments.critics[index] as StoredMoments;
          expect(worstOf(found.first, wanted.first)).toBeLessThan(1e-5);
          expect(worstOf(found.second, wanted.second)).toBeLessThan(1e-5);
        }
        expect(worstOf(state.actor.first, expected.moments.actor.first)).toBeLessThan(1e-5);
        expect(worstOf(state.actor.second, expected.moments.actor.second)).toBeLessThan(1e-5);
        expect(worstOf(state.alpha.first, expected.moments.alpha.first)).toBeLessThan(1e-6);
      });
    }
  }
});
