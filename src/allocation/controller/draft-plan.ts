// What a device is to draft at the edge that a slot has given it: the rules of mode `auto` (core/protocol/device/auto-mode.ts), with what
// the device does not know: how long the edge's steps will be beside its other sessions. A mode is ordered only where that decides,
// whatever the text is like; elsewhere the device decides by its measurements. Pure.

import { leastHedgeChances, noHedges } from '../../core/decoding/hedge-worth.ts';
import { supposedPrices } from '../../core/decoding/pass-times.ts';
import {
  describeGain,
  doubtfulGain,
  emptyBattery,
  expectedGain,
  type Gain,
  leastGainAt,
  modeInForce,
  noPaces,
  optimisticAcceptance,
} from '../../core/protocol/device/auto-mode.ts';
import type { DraftPlan } from '../../core/protocol/device/drafting-advice.ts';
import { coarse, frugalLead, type TimingKnowledge } from '../../core/protocol/device/stream-forecast.ts';
import type { DraftingPace } from '../felt/predict-pace.ts';
import type { LiveDevice, LiveEdge } from './live-slot.ts';
import type { DeviceMember } from './members.ts';
import type { DeviceReport, EdgeReport, LinkReport } from './messages.ts';

/** What a plan depends on: a device in its slot, and what the slot predicts of it. */
export interface Planned {
  readonly device: Pick<LiveDevice, 'id'> & {
    readonly report: Pick<DeviceReport, 'draftMs' | 'acceptance' | 'battery'> & {
      readonly links: readonly Pick<LinkReport, 'edge' | 'roundTripMs'>[];
    };
  };
  readonly edge: Pick<LiveEdge, 'id' | 'correction'> & {
    readonly report: Pick<EdgeReport, 'draftMs' | 'stepFixedMs' | 'stepRowMs'>;
  };
  /** T of the edge after this slot's assignment, ms. */
  readonly stepMs: number;
  /** Rows of the device in a step. */
  readonly rows: number;
  /** Rows of its drafts, and what a step commits; null: it reads no answer, or has no server. */
  readonly drafting: DraftingPace | null;
  /** Time between its tokens, ms. */
  readonly laterTokenMs: number;
}

/** The same of a controller's members. */
export interface PlannedDevice extends Planned {
  readonly device: LiveDevice;
  readonly edge: LiveEdge;
}

/** Charge above which the plan does not limit how far ahead a device drafts. */
const fullCharge = 0.5;
/** What a plan allows a device that it does not limit; its own limits are smaller. */
export const unlimited = { maxAhead: 512, hedges: 3 } as const;
/** A mode is ordered where the gain is this many times the least gain, or less than it. */
const clearGain = 2;
/** A smaller loss of others is not worth words. */
const leastNamed = 0.01;
/** An order stays until it is worth less than this many times the least gain. */
const keptGain = 1.5;
/** An edge whose steps the others make longer by this part is not expected to draft. */
const busyPart = 0.25;
/** Above this least chance only the likeliest alternative is worth a wider pass. */
const rareHedge = 0.2;
/** Below this acceptance steps have hardly a row of drafts, so they do not show what better drafts would bring. At an edge of planKey. */
const leastJudgedAcceptance = 0.125;
/** Least tokens for a time per token to be used. */
const manyTokens = 100;

/** What a plan depends on, coarsely: while it is the same, so is the plan. @param others sessions beside it on the edge */
export function planKey(planned: Planned, others: number): string {
  const known = knowledgeOf(planned);
  const { draftMs, roundTripMs, acceptance, edge, loadMs = 0 } = known;
  const { battery } = planned.device.report;
  const tens = (value: number | null): number | null => (value === null ? null : Math.round(20 * value));
  const quarters = (value: number | undefined): number | null => (value === undefined ? null : Math.round(4 * value));
  const ms = (value: number | null | undefined): number | null =>
    value == null ? null : Math.round(8 * Math.log2(1e-3 + value));
  const times = [draftMs, roundTripMs, edge?.stepMs?.[0], edge?.stepMs?.[7], edge?.edgeDraftMs, loadMs];
  const hedges = hedgesFor(known, planned.laterTokenMs);
  return [
    planned.edge.id,
    ...times.map(ms),
    tens(acceptance),
    tens(battery),
    hedges,
    tens(lossOf(planned, others)),
    quarters(planned.drafting?.draftRows),
    quarters(planned.drafting?.stepTokens),
  ].join();
}

/** @param others sessions beside it on the edge @param before the plan that the device has; null: none */
export function draftPlan(planned: Planned, others: number, before: DraftPlan | null): DraftPlan {
  const { device, edge, laterTokenMs } = planned;
  const { draftMs, acceptance, battery } = device.report;
  const canEdgeDraft = edge.report.draftMs !== null;
  const least = leastGainAt(battery);
  const rest = (reason: string): DraftPlan => {
    return { edge: edge.id, mode: planMode(false, canEdgeDraft), hedges: 0, maxAhead: 1, reason };
  };
  if (draftMs === null && acceptance === 0) return rest('this device has no draft');
  if (least >= 1) return rest(emptyBattery);
  const known = knowledgeOf(planned);
  const gain = expectedGain(known, noPaces);
  const best = expectedGain({ ...known, acceptance: Math.max(optimisticAcceptance, acceptance ?? 0) }, noPaces);
  if (gain === null || best === null)
    return { edge: edge.id, mode: 'auto', ...unlimited, reason: 'nothing is measured yet' };
  // Where the edge drafts too, a device's rows are in the place of its own.
  const isAlone = known.edge?.edgeDraftMs == null;
  const loss = isAlone ? lossOf(planned, others) : 0;
  const part = (expected: Gain, better: number): number =>
    isAlone ? partTaken(planned, expected.share, better) * expected.share : expected.share;
  const share = part(gain, 1) - loss;
  const better = Math.max(1, optimisticAcceptance / (acceptance ?? 1));
  const isSeldomRight = acceptance !== null && acceptance < leastJudgedAcceptance;
  const most = (isSeldomRight ? best.share : part(best, better)) - loss;
  const beside = loss < leastNamed ? '' : `; ${others} others lose ${percent(loss / others)} each`;
  const wasAt = before?.edge === edge.id ? before.mode : 'auto';
  const isResting = wasAt === 'ar' || wasAt === 'edge-sd';
  if (most < (isResting ? keptGain : 1) * least)
    return rest(`${describeGain(known, gain)}${beside}, at most ${percent(most)} in all${atCharge(battery)}`);
  const isDrafting = wasAt === 'stream' || wasAt === 'mix';
  // Beside drafts of the edge a small gain is in doubt until the device has felt it.
  const leastClear = Math.max(isAlone ? 0 : doubtfulGain, clearGain * least);
  const isClear = share >= (isDrafting ? keptGain / clearGain : 1) * leastClear;
  return {
    edge: edge.id,
    mode: isClear ? planMode(true, canEdgeDraft) : 'auto',
    hedges: battery < fullCharge ? 0 : hedgesFor(known, laterTokenMs),
    maxAhead: battery < fullCharge ? Math.max(1, frugalLead(known, least) ?? 1) : unlimited.maxAhead,
    reason: `${describeGain(known, gain)}${beside}${atCharge(battery)}`,
  };
}

/**
 * What the rows of its drafts take from the other sessions of the edge, whose steps grow longer: the sum of the shares of their times per
 * token. A device's gain is worth no more than it costs them.
 */
function lossOf(planned: Planned, others: number): number {
  const draftsMs = draftsMsOf(planned);
  return planned.stepMs > draftsMs ? (others * draftsMs) / (planned.stepMs - draftsMs) : 0;
}

/**
 * How much of an expected gain there is in the steps that are predicted, in which the edge takes only as many rows of drafts as are worth
 * their time: 0 to 1.
 * @param better how many times as likely a draft is right than the device has measured
 */
function partTaken(planned: Planned, expected: number, better: number): number {
  const { stepMs, drafting } = planned;
  const aloneMs = stepMs - draftsMsOf(planned);
  if (drafting === null || expected <= 0 || aloneMs <= 0) return 1;
  const { draftRows, stepTokens } = drafting;
  const own = 1 - stepMs / (1 + Math.min(draftRows, (stepTokens - 1) * better)) / aloneMs;
  return Math.min(1, Math.max(0, own) / expected);
}

/** Their part of a step. */
function draftsMsOf({ edge, drafting }: Planned): number {
  return (drafting?.draftRows ?? 0) * edge.correction * edge.report.stepRowMs;
}

function planMode(isDrafting: boolean, canEdgeDraft: boolean): DraftPlan['mode'] {
  return modeInForce(isDrafting, canEdgeDraft) as DraftPlan['mode'];
}

/** Step times are those that are felt, as far as the controller has learnt them. */
function knowledgeOf({ device, edge, stepMs, rows }: Planned): TimingKnowledge {
  const { report, correction } = edge;
  const fixedMs = coarse(correction * report.stepFixedMs);
  const rowMs = coarse(correction * report.stepRowMs);
  const { draftMs, acceptance, links } = device.report;
  const aloneMs = fixedMs + rowMs;
  // What the other sessions add to a step.
  const loadMs = Math.max(0, stepMs - fixedMs - rowMs * rows);
  // With many sessions an edge leaves its own drafts away.
  const edgeDraftMs = loadMs < busyPart * aloneMs ? report.draftMs : null;
  return {
    draftMs,
    acceptance,
    loadMs,
    roundTripMs: links.find((link) => link.edge === edge.id)?.roundTripMs ?? null,
    edge: { stepMs: Array.from({ length: 8 }, (_, index) => fixedMs + rowMs * (index + 1)), edgeDraftMs },
  };
}

function hedgesFor({ draftMs }: TimingKnowledge, laterTokenMs: number): number {
  const times = { draftMs: draftMs ?? undefined, writtenMs: laterTokenMs * manyTokens, writtenTokens: manyTokens };
  const { continue: chance } = leastHedgeChances({ ...times, prices: supposedPrices }, 1);
  if (chance >= noHedges) return 0;
  return chance > rareHedge ? 1 : unlimited.hedges;
}

function percent(share: number): string {
  return `${Math.round(100 * Math.max(0, share))} %`;
}

function atCharge(battery: number): string {
  return battery < fullCharge ? `; the battery is at ${percent(battery)}` : '';
}

/** A plan that has changed at an edge stays for the time of so many slots: one that changes each second costs more than it brings. */
const leastPlanSlots = 5;
/**
 * A prediction takes milliseconds, so a slot makes no more new plans than this, or than give each device one within this time; a slot that
 * makes more would keep members and a lease waiting.
 */
const fewPlans = 20;
const allWithinMs = 60_000;
const manyPlans = 100;

/**
 * Notes the plans of devices. @param slot so that each slot begins with other devices @returns those that have changed, for their devices
 */
export function newPlans<Member extends Pick<DeviceMember, 'plan'>>(
  all: readonly Planned[],
  devices: ReadonlyMap<string, Member>,
  { slot, slotMs, nowMs }: { readonly slot: number; readonly slotMs: number; readonly nowMs: number },
): { readonly device: Member; readonly plan: DraftPlan }[] {
  const changed: { readonly device: Member; readonly plan: DraftPlan }[] = [];
  const wantedPlans = Math.ceil((all.length * slotMs) / allWithinMs);
  const mostPlans = Math.min(manyPlans, Math.max(fewPlans, wantedPlans));
  let made = 0;
  const crowds = new Map<string, number>();
  for (const { edge, drafting } of all) if (drafting !== null) crowds.set(edge.id, (crowds.get(edge.id) ?? 0) + 1);
  const first = all.length === 0 ? 0 : (slot * mostPlans) % all.length;
  for (const planned of [...all.slice(first), ...all.slice(0, first)]) {
    const device = devices.get(planned.device.id);
    const others = Math.max(0, (crowds.get(planned.edge.id) ?? 0) - 1);
    const key = planKey(planned, others);
    if (device === undefined || device.plan?.key === key) continue;
    const known = device.plan?.plan.edge === planned.edge.id ? device.plan : null;
    // Nothing is predicted of a device that reads no answer: it keeps what it has.
    if (known !== null && planned.drafting === null) continue;
    if (known?.changedAtMs != null && nowMs - known.changedAtMs < leastPlanSlots * slotMs) continue;
    if (made >= mostPlans) break;
    made += 1;
    const before = device.plan?.plan ?? null;
    const plan = draftPlan(planned, others, before);
    const isNew = before === null || differs(before, plan);
    const changedAtMs = known === null ? null : isNew ? nowMs : known.changedAtMs;
    device.plan = { key, plan: isNew ? plan : before, changedAtMs };
    if (isNew) changed.push({ device, plan });
  }
  return changed;
}

/** A lead by one token more or less is the same. The numbers in a reason change all the time; they are sent with the next change. */
function differs(before: DraftPlan, after: DraftPlan): boolean {
  const of = ({ edge, mode, hedges }: DraftPlan): string => [edge, mode, hedges].join();
  return of(before) !== of(after) || Math.abs(before.maxAhead - after.maxAhead) > 1;
}
