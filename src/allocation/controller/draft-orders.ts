// Which devices are told a plan in a slot: those whose plan has changed. Pure.

import type { DraftPlan } from '../../core/protocol/device/drafting-advice.ts';
import { draftPlan, type PlannedDevice, planKey } from './draft-plan.ts';
import type { DeviceMember } from './members.ts';

/** A prediction takes milliseconds, so a slot makes no more new plans than this; those of the others follow in the next slots. */
const mostPlans = 20;

/** Notes the plans of devices, and says which of them are to be told. @param slot so that each slot begins with other devices */
export function newPlans(
  all: readonly PlannedDevice[],
  devices: ReadonlyMap<string, DeviceMember>,
  slot: number,
): { readonly device: DeviceMember; readonly plan: DraftPlan }[] {
  const told: { readonly device: DeviceMember; readonly plan: DraftPlan }[] = [];
  let made = 0;
  const first = all.length === 0 ? 0 : (slot * mostPlans) % all.length;
  for (const planned of [...all.slice(first), ...all.slice(0, first)]) {
    const device = devices.get(planned.device.id);
    const key = planKey(planned);
    if (device === undefined || device.plan?.key === key) continue;
    if (made >= mostPlans) break;
    made += 1;
    const before = device.plan?.plan ?? null;
    const plan = draftPlan(planned, before);
    const isNew = before === null || differs(before, plan);
    device.plan = { key, plan: isNew ? plan : before };
    if (isNew) told.push({ device, plan });
  }
  return told;
}

/** A lead by one token more or less is the same. The numbers in a reason change all the time; they are told with the next change. */
function differs(before: DraftPlan, after: DraftPlan): boolean {
  const of = ({ edge, mode, hedges }: DraftPlan): string => [edge, mode, hedges].join();
  return of(before) !== of(after) || Math.abs(before.maxAhead - after.maxAhead) > 1;
}
