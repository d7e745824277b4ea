// The variants that "bench ablation" measures: plain `stream`, and the change of a session by each addition. In plain `stream`
// the draft model makes every draft, no chain is stopped, and the edge takes every draft that has arrived.

import type { SessionConditions } from '../../virtual-time/run-session.ts';
import { edgeLookUpTokens } from '../look-up-place.ts';
import { edgeDraftMs } from '../modes/virtual-cell.ts';

export interface Variant {
  readonly name: string;
  /** Prefix of the summary's keys. */
  readonly key: string;
  readonly meaning: string;
  readonly changes: Partial<SessionConditions>;
}

const plain: Partial<SessionConditions> = {
  mode: 'stream',
  admitsAll: true,
  cutsChains: false,
  deviceLooksUp: false,
  lookUpTokens: 0,
};
const edgeLooksUp = { lookUpTokens: edgeLookUpTokens('edge') };
const edgeDrafts = { mode: 'mix', edgeDraft: { tokenMs: edgeDraftMs } } as const;
const together = { admitsAll: false, cutsChains: true, deviceLooksUp: true };

/** The baseline of all other variants. */
export const plainVariant: Variant = variant('none', 'plain', 'plain stream', {});
export const edgeAlone: Variant = variant('edge alone', 'ar', 'no drafts at all', { mode: 'ar' });

export const variants: readonly Variant[] = [
  plainVariant,
  edgeAlone,
  variant('look-up, device', 'lookUpDevice', 'the device looks back before it asks its model', { deviceLooksUp: true }),
  variant('look-up, edge', 'lookUpEdge', 'the edge looks back where no draft has come', edgeLooksUp),
  variant('chain cut', 'chainCut', 'the device stops a chain that is not worth its time', { cutsChains: true }),
  variant('rows by worth', 'rowsByWorth', 'the edge takes the drafts that pay', { admitsAll: false }),
  variant('edge drafts too', 'mix', `mode mix: the edge drafts on, ${edgeDraftMs} ms a token`, edgeDrafts),
  variant('all, stream', 'allStream', 'look-up on both sides, chain cut, rows by worth', {
    ...together,
    ...edgeLooksUp,
  }),
  variant('all, mix', 'allMix', 'the same in mode mix', { ...together, ...edgeDrafts }),
  variant('abort, modelled', 'abort', 'a draft in flight is given up at a roll-back; no engine here can', {
    abortsDrafts: true,
  }),
];

function variant(name: string, key: string, meaning: string, changes: Partial<SessionConditions>): Variant {
  return { name, key, meaning, changes: { ...plain, ...changes } };
}
