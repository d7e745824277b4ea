// Checks the return value of a policy, and refuses a bad one with a message for the policy's author.

import { badArgument, isOutriderError, OutriderError } from '../../core/basics/errors.ts';
import { assignmentFields, checkAssignment } from './check-assignment.ts';
import type { Assignment, Policy, SlotState } from './slot-state.ts';

const shape = 'an object with server, bandwidthShare and computeShare, a list each with one entry for each device';

/** A policy and its name in messages. */
export interface NamedPolicy {
  readonly name: string;
  readonly decide: Policy;
}

/** @throws OutriderError `bad-argument`: policy, slot, device or server, field, value, allowed values */
export function requireAssignment(policy: NamedPolicy, state: SlotState): Assignment {
  const where = `policy ${policy.name}, slot ${state.slot}`;
  let given: unknown;
  try {
    given = policy.decide(state);
  } catch (error) {
    if (isOutriderError(error))
      throw new OutriderError(error.code, `${where}: ${error.message}`, error.remedy, { cause: error });
    const cause = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw badArgument(`${where} threw ${cause}`, 'Correct the policy.', { cause: error });
  }
  requireShape(given, where);
  try {
    checkAssignment(state, given);
  } catch (error) {
    if (!isOutriderError(error)) throw error;
    throw new OutriderError(error.code, `${where}: ${error.message}`, error.remedy, { cause: error });
  }
  return given;
}

function requireShape(given: unknown, where: string): asserts given is Assignment {
  if (typeof given !== 'object' || given === null) {
    throw badArgument(`${where} gave ${given === null ? 'null' : typeof given}`, `Allowed: ${shape}.`);
  }
  if (given instanceof Promise) {
    throw badArgument(`${where} gave a promise`, `A policy decides at once. Allowed: ${shape}.`);
  }
  for (const field of assignmentFields) {
    const list = (given as Record<string, unknown>)[field];
    if (Array.isArray(list) || ArrayBuffer.isView(list)) continue;
    const found =
      list === undefined ? 'is missing' : `is ${typeof list === 'object' ? 'an object' : JSON.stringify(list)}`;
    throw badArgument(`${where}: ${field} ${found}`, `Allowed: ${shape}.`);
  }
}
