// Every policy by name: the built-in ones and those that only research uses.

import { shareEqually } from '../../src/allocation/paper/equal-shares.ts';
import { shareOptimally } from '../../src/allocation/paper/optimal-shares.ts';
import {
  policyList as builtIn,
  createPolicyOf,
  type PolicyEntry,
  type Recipe,
  searchAsBest,
  searching,
} from '../../src/allocation/policies/policies.ts';
import type { Policy, SlotState } from '../../src/allocation/slot/slot-state.ts';
import { decideByBatches } from './batch-plan.ts';
import { withFadingMargin } from './forecast.ts';
import { decideAhead } from './look-ahead.ts';
import { matchSwapStable } from './swap-stable.ts';

/** The search of `best`, for the slot as `view` shows it. */
function bestBy(name: string, description: string, view: (state: SlotState) => SlotState): Recipe {
  return { ...searching(name, description, searchAsBest), view };
}

/** `best` that takes old gains to be some decibels lower. */
function bestWithMargin(name: string, marginDb: number): Recipe {
  const description = `best with a fading margin of ${marginDb} dB on gains that are old; best-margin-6 has 6 dB`;
  return bestBy(name, description, (state) => withFadingMargin(state, marginDb));
}

const usualMarginDb = 3;

/** No text is anywhere, so no move costs its evaluation. */
function withoutTexts(state: SlotState): SlotState {
  const pace = state.pace && { ...state.pace, textServer: state.pace.textServer.map(() => -1) };
  return { ...state, handover: undefined, pace };
}

/** A policy that decides shares too. @param keepsOwn also under `+optimal` */
function deciding(name: string, description: string, decide: Policy, keepsOwn: boolean): Recipe {
  return {
    name,
    description,
    sharing: 'optimal',
    decide(state, sharing, isNamed) {
      const own = decide(state);
      if (sharing === 'equal') return shareEqually(state, own.server);
      return keepsOwn || !isNamed ? own : shareOptimally(state, own.server);
    },
  };
}

const ahead = 'look-ahead';

const research: readonly Recipe[] = [
  searching('swap-stable', 'stable matching with quotas, then trades that harm no participant', matchSwapStable),
  searching('best-slot', 'best by the cost of the slot alone: under felt without other proposals', searchAsBest),
  bestBy('best-blind', 'best without the cost of handovers, for which the paper has no term', withoutTexts),
  bestWithMargin('best-margin', usualMarginDb),
  deciding(
    'batch-dp',
    'best SNR; batches by dynamic programming, shares by closed form (Zhu et al. 2025)',
    decideByBatches,
    false,
  ),
  deciding(ahead, 'the cheapest of some associations over a forecast of the next slots', decideAhead, true),
];

/** All names of {@link createPolicy}, without the part after the plus. */
export const policyList: readonly PolicyEntry[] = [...builtIn, ...research];

/** Decides by where devices and servers are, which a slot need not say. */
export function needsPlaces(name: string): boolean {
  return name.split('+')[0] === ahead;
}

/**
 * @param name of {@link policyList}, alone or with `+equal` or `+optimal`; `best-margin-DB` has a margin of so many decibels
 * @param others further names of the caller, for the message
 * @throws OutriderError `bad-argument` for an unknown name
 */
export function createPolicy(name: string, others?: readonly string[]): Policy {
  const [margin, marginDb] = /^best-margin-(\d+)(?=\+|$)/.exec(name) ?? [];
  const more = margin === undefined ? research : [...research, bestWithMargin(margin, Number(marginDb))];
  return createPolicyOf(name, more, others);
}
