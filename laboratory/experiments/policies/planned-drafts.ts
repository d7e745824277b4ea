// Mode `auto` in a simulated world: each device decides by its measurements whether it drafts (AutoMode), and follows the draft plan that
// a controller makes of each slot's decision (draft-plan.ts). A device has measured its draft and the acceptance in earlier answers.

import type { SlotOutcome } from '../../../simulator/simulation/run-slots.ts';
import type { World } from '../../../simulator/simulation/slot-world.ts';
import { draftTimesMs, stepLaws } from '../../../simulator/simulation/token-hardware.ts';
import { newPlans, type Planned } from '../../../src/allocation/controller/draft-plan.ts';
import type { DeviceMember } from '../../../src/allocation/controller/members.ts';
import { draftingPace, predictPace } from '../../../src/allocation/felt/predict-pace.ts';
import type { DraftBudget } from '../../../src/core/protocol/device/device-state.ts';
import { modeOf } from '../../../src/core/protocol/wire/mode.ts';
import { AutoMode, type TurnAdvice } from '../../../src/processes/device/auto-mode.ts';

/** Comparisons of drafts with the text in earlier answers. */
const earlierComparisons = 100;

export interface PlannedDrafts {
  /** For the next answer of a device. */
  adviceOf(device: number): TurnAdvice;
  /** Plans by the decision of a slot and what it knew, before the slot is played. @param limit takes how far a device may draft */
  plan(outcome: SlotOutcome, limit: (device: number, budget: DraftBudget) => void): void;
}

interface Member extends Pick<DeviceMember, 'plan'> {
  readonly index: number;
  readonly auto: AutoMode;
  advice: TurnAdvice | null;
}

export function createPlannedDrafts({ scenario, parts, battery }: World): PlannedDrafts {
  const draftMs = draftTimesMs(scenario, parts);
  const { acceptance } = scenario.token;
  const members = Array.from(draftMs, (ms, index): Member => {
    return { index, plan: null, auto: measuredBefore(ms, acceptance), advice: null };
  });
  const byId = new Map(members.map((member, device) => [`${device}`, member]));
  const edges = stepLaws(scenario, parts).map(({ fixedMs, perRowMs }, server) => {
    const report = { draftMs: null, stepFixedMs: fixedMs, stepRowMs: perRowMs };
    return { id: `${server}`, correction: 1, report };
  });
  const links = edges.map(({ id }, server) => ({ edge: id, roundTripMs: parts.roundTripMs[server] as number }));

  return {
    adviceOf(device) {
      const member = members[device] as Member;
      member.advice = member.auto.follow({ canDraft: true, batteryLevel: battery[device] as number });
      applyPlan(member);
      return member.advice;
    },
    plan({ seen, assignment, world }, limit) {
      if (seen.deviceCount === 0) return;
      const pace = predictPace(seen, assignment);
      const planned: Planned[] = [];
      for (let entry = 0; entry < seen.deviceCount; entry++) {
        const edge = edges[assignment.server[entry] as number];
        if (edge === undefined) continue;
        const device = world.devices[entry] as number;
        const known = (members[device] as Member).auto.knowledgeOf(edge.id);
        const own = { draftMs: known.draftMs, acceptance: known.acceptance, battery: battery[device] as number };
        planned.push({
          device: { id: `${device}`, report: { ...own, links } },
          edge,
          stepMs: pace.stepMs[Number(edge.id)] as number,
          rows: pace.rows[entry] as number,
          drafting: draftingPace(pace, entry),
          laterTokenMs: pace.laterTokenMs[entry] as number,
        });
      }
      for (const { device, plan } of newPlans(planned, byId, { ...seen, nowMs: seen.slot * seen.slotMs })) {
        applyPlan(device);
        limit(device.index, plan);
      }
    },
  };
}

/** As a live turn does. */
function applyPlan({ advice, plan }: Member): void {
  if (plan === null) return;
  const { edge, mode, reason } = plan.plan;
  advice?.order(mode === 'auto' ? null : { edge, on: modeOf(mode).deviceDrafts, reason });
}

function measuredBefore(draftMs: number, acceptance: number): AutoMode {
  const auto = new AutoMode();
  const matched = acceptance * earlierComparisons;
  const counts = { matched, mismatched: earlierComparisons - matched };
  const drafts = { drafted: 0, sent: 0, ...counts, alternativeTokens: 0, alternativesTaken: 0 };
  const none = { committedTokens: 0, commits: 0, decodedTokens: 0, decodeMs: 0, roundTripMs: null };
  auto.follow({ canDraft: true }).ended({ drafts, draftMs, ...none });
  return auto;
}
