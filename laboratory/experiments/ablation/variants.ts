// The variants that "bench ablation" measures: plain `stream`, and the change of a session by each addition. In plain `stream`
// the draft model makes every draft, no chain is stopped, and the edge takes every draft that has arrived.

import type { TraceHeader } from '../../../simulator/traces/trace.ts';
import { processorWidthCost, usualWidthCost } from '../../../simulator/virtual-time/device.ts';
import type { SessionConditions } from '../../../simulator/virtual-time/run-session.ts';
import { edgeLookUpTokens } from '../../../src/cli/options/look-up-place.ts';
import { edgeDraftMs } from '../modes/virtual-cell.ts';

export interface Variant {
  readonly name: string;
  /** Prefix of the summary's keys. */
  readonly key: string;
  readonly meaning: string;
  readonly changes: Partial<SessionConditions>;
  /** It needs traces with runners-up. */
  readonly hedges?: true;
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
const allStream = { ...together, ...edgeLooksUp };
function mixHedges(hedges: number): Partial<SessionConditions> {
  return { ...together, mode: 'mix', hedges: 0, edgeDraft: { tokenMs: edgeDraftMs, hedges } };
}
const dearRows = { widthCost: processorWidthCost };

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
  variant('all, stream', 'allStream', 'look-up on both sides, chain cut, rows by worth', allStream),
  variant('all, mix', 'allMix', 'the same in mode mix', { ...together, ...edgeDrafts }),
  hedge(
    'hedge',
    'hedge',
    `the runner-up of an unsure draft continued beside it, a row costs ${usualWidthCost} of a pass`,
    {},
  ),
  hedge('three hedges', 'hedge3', 'the same for up to three drafts', { hedges: 3 }),
  hedge('hedge, abort', 'hedgeAbort', 'one hedge, and a draft in flight is given up at a roll-back', {
    abortsDrafts: true,
  }),
  hedge('hedge, device', 'hedgeDevice', 'one hedge, which is not sent before it is needed', {
    turn: { keepsAlternatives: true },
  }),
  hedge(
    'hedge, dear rows',
    'hedgeDearRows',
    `one hedge where it pays, on a processor: going on costs ${processorWidthCost.continued} of a pass, beginning ${processorWidthCost.started}`,
    dearRows,
  ),
  hedge('hedge, dear, blind', 'hedgeDearRowsBlind', 'the same without a judgement of its worth', {
    ...dearRows,
    turn: { minHedgeChance: 0 },
  }),
  hedge('all, hedge', 'allHedge', 'one hedge, look-up on both sides, chain cut, rows by worth', allStream),
  hedge(
    'all, mix, hedge',
    'allMixHedge',
    'as all, mix; the edge goes on from one runner-up of its drafts beside a step',
    mixHedges(1),
  ),
  hedge('all, mix, three', 'allMixHedge3', 'the same for up to three', mixHedges(3)),
  variant('abort, modelled', 'abort', 'a draft in flight is given up at a roll-back; no engine here can', {
    abortsDrafts: true,
  }),
];

function variant(name: string, key: string, meaning: string, changes: Partial<SessionConditions>): Variant {
  return { name, key, meaning, changes: { ...plain, ...changes } };
}

function hedge(name: string, key: string, meaning: string, changes: Partial<SessionConditions>): Variant {
  return { ...variant(name, key, meaning, { hedges: 1, ...changes }), hedges: true };
}

/** The variants that a trace can show. */
export function variantsFor({ hasRunnerUps }: Pick<TraceHeader, 'hasRunnerUps'>): readonly Variant[] {
  return variants.filter(({ hedges }) => hasRunnerUps || hedges !== true);
}
