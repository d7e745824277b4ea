// Planted bugs in the rules of alternatives, as those of planted-bugs.fixture.ts.

import { type Machines, protocolMachines } from '../../../simulator/virtual-time/machines.ts';
import { TokenText } from '../../../src/core/decoding/token-text.ts';
import type { DeviceEffect, DeviceEvent, DeviceState } from '../../../src/core/protocol/device/device-state.ts';
import { sendAlternatives } from '../../../src/core/protocol/device/send-alternatives.ts';
import type { Alternative, Branch } from '../../../src/core/protocol/edge/edge-branch.ts';
import type { EdgeState } from '../../../src/core/protocol/edge/edge-state.ts';
import { limits } from '../../../src/core/protocol/wire/limits.ts';

type StepEdge = Machines['stepEdge'];

/** Machines with a bug; a function makes those with state between their steps. */
export type BrokenMachines = Machines | (() => Machines);

function edge(stepEdge: StepEdge): Machines {
  return { ...protocolMachines, stepEdge };
}

/** The branch that an alternative would be; all of it below the length counts as compared. */
function takenAs(
  { number, position, tokens }: Alternative,
  { start, tokens: own, ...rest }: Branch,
  text: TokenText,
): Branch {
  const all = TokenText.of([...own.slice(0, position - start), ...tokens]);
  const end = start + all.length;
  return { ...rest, number, start, tokens: all, end, dead: false, agreedTo: Math.min(end, text.length) };
}

/** Changes the state that a step leaves, before anything of it is sent. */
function afterSteps(change: (before: EdgeState, after: EdgeState) => EdgeState): Machines {
  const { stepEdge } = protocolMachines;
  return edge((state, event) => {
    const { link } = state;
    if (event.kind !== 'step-done' || link === null || !link.writable) return stepEdge(state, event);
    const held = stepEdge({ ...state, link: { ...link, writable: false } }, event);
    const sent = stepEdge(change(state, held.state), { kind: 'link-writable', link: link.id, writable: true });
    return { state: sent.state, effects: [...held.effects, ...sent.effects] };
  });
}

function hasDied({ branch: before }: EdgeState, { branch: after }: EdgeState): boolean {
  return before !== null && !before.dead && after?.dead === true;
}

/** When the text refutes a draft, the edge takes any alternative at that position, whatever its first token is. */
const anyToken = afterSteps((before, after) => {
  const at = after.branch?.agreedTo ?? -1;
  const taken = hasDied(before, after) ? before.alternatives.find(({ position }) => position === at) : undefined;
  return taken === undefined || after.branch === null
    ? after
    : { ...after, branch: takenAs(taken, after.branch, after.text) };
});

/** The edge takes an alternative that stands at another position than the refuted draft. */
const wrongPosition = afterSteps((before, after) => {
  const at = after.branch?.agreedTo ?? -1;
  const taken = hasDied(before, after) ? before.alternatives.find(({ position }) => position > at) : undefined;
  return taken === undefined || after.branch === null
    ? after
    : { ...after, branch: takenAs(taken, after.branch, after.text) };
});

/** An alternative that the edge has taken keeps the number of the old branch. */
const oldNumber = edge((state, event) => {
  const { stepEdge } = protocolMachines;
  const step = stepEdge(state, event);
  const { branch } = step.state;
  const isTaken = branch !== null && state.alternatives.some(({ number }) => number === branch.number);
  if (!isTaken || state.branch === null) return step;
  return { ...step, state: { ...step.state, branch: { ...branch, number: state.branch.number } } };
});

/** The edge does not take alternatives: it waits for the device to send them again. */
const neverTaken = edge((state, event) => {
  const isEnd = event.kind === 'step-done';
  return protocolMachines.stepEdge(isEnd ? { ...state, alternatives: [] } : state, event);
});

/** Alternatives of the last connection stand beside the first branch of the next one. */
function keptAtAttach(): Machines {
  const kept = new Map<number, readonly Alternative[]>();
  return edge((state, event) => {
    if (event.kind !== 'message-received') return protocolMachines.stepEdge(state, event);
    const { kind } = event.message;
    if (kind === 'open' || kind === 'resume') {
      const last = state.alternatives.filter(({ tokens }) => tokens.length < limits.alternativeTokens);
      const step = protocolMachines.stepEdge(state, event);
      if (last.length > 0 && step.state.link !== null) kept.set(state.incarnation, last);
      return step;
    }
    const step = protocolMachines.stepEdge(state, event);
    const old = kind === 'draft' && state.branch === null ? kept.get(state.incarnation) : undefined;
    if (old === undefined || step.state.branch === null) return step;
    kept.delete(state.incarnation);
    const alternatives = old.filter(({ position }) => position >= step.state.text.length);
    return {
      ...step,
      state: { ...step.state, alternatives, branchCount: Math.max(...old.map(({ number }) => number)) },
    };
  });
}

/** The edge keeps alternatives without a limit. */
const noLimit = edge((state, event) => {
  const isOne = event.kind === 'message-received' && event.message.kind === 'alternative';
  const [first, ...others] = state.alternatives;
  if (!isOne || first === undefined || others.length < limits.alternatives - 2) {
    return protocolMachines.stepEdge(state, event);
  }
  const step = protocolMachines.stepEdge({ ...state, alternatives: others.slice(-1) }, event);
  const isKept = step.state.link !== null && step.state.branch?.dead === false;
  if (!isKept) return step;
  const old = state.alternatives.slice(0, -1);
  return { ...step, state: { ...step.state, alternatives: [...old, ...step.state.alternatives] } };
});

function device(before: (state: DeviceState, event: DeviceEvent) => DeviceState): Machines {
  const { stepDevice } = protocolMachines;
  return { ...protocolMachines, stepDevice: (state, event) => stepDevice(before(state, event), event) };
}

/** The device continues an alternative whose first token is not the one that has refuted its draft. */
const refutedContinued = device((state, event) => {
  if (event.kind !== 'message-received' || event.message.kind !== 'commit') return state;
  const { first, accepted, tokens } = event.message;
  const corrected = tokens[0];
  const position = first + accepted;
  if (corrected === undefined) return state;
  const believed = (one: DeviceState['alternatives'][number]): boolean => one.position === position;
  if (!state.alternatives.some(believed)) return state;
  const alternatives = state.alternatives.map((one) =>
    believed(one) ? { ...one, tokens: [corrected, ...one.tokens.slice(1)] } : one,
  );
  const links = state.links.map((link) => ({
    ...link,
    alternatives: link.alternatives.map((sent) => {
      if (sent.position !== position) return sent;
      const ids = sent.tokens.slice(0);
      ids[position - sent.start] = corrected;
      return { ...sent, tokens: TokenText.of(ids) };
    }),
  }));
  return { ...state, alternatives, links };
});

/** The device extends the old branch after an alternative has become the edge's. */
const oldBranchExtended: Machines = {
  ...protocolMachines,
  stepDevice(state, event) {
    const step = protocolMachines.stepDevice(state, event);
    const isTaken = step.state.account.alternativesTaken > state.account.alternativesTaken;
    if (!isTaken) return step;
    const links = step.state.links.map((link) => {
      const [old, taken] = link.branches.slice(-2);
      if (old === undefined || taken === undefined) return link;
      return { ...link, branches: [...link.branches.slice(0, -1), { ...taken, number: old.number }] };
    });
    return { ...step, state: { ...step.state, links } };
  },
};

/** The device counts alternatives from 1 again beside each branch. */
const numbersAgain: Machines = device((state, event) => {
  if (event.kind !== 'draft-produced') return state;
  const links = state.links.map((link) => ({ ...link, branchCount: link.branches.at(-1)?.number ?? link.branchCount }));
  return { ...state, links };
});

/** The device sends alternatives beside drafts for an edge that has less of the text. */
const sentToLaggard: Machines = {
  ...protocolMachines,
  stepDevice(state, event) {
    const step = protocolMachines.stepDevice(state, event);
    const { links, main, text } = step.state;
    const hasDrafted = step.effects.some(({ kind, ...rest }) => {
      return kind === 'send' && 'message' in rest && rest.message.kind === 'draft' && rest.link === main;
    });
    const caughtUp = links.map((link) => (link.id === main ? { ...link, received: text.length } : link));
    const effects: DeviceEffect[] = [];
    if (hasDrafted) sendAlternatives({ ...step.state, links: caughtUp }, effects);
    const isLagging = links.some((link) => link.id === main && link.received < text.length);
    return isLagging ? { ...step, effects: [...step.effects, ...effects] } : step;
  },
};

export const alternativeBugs: Readonly<Record<string, BrokenMachines>> = {
  'an alternative with another first token is taken': anyToken,
  'an alternative at another position is taken': wrongPosition,
  'an alternative keeps the number of the old branch': oldNumber,
  'an alternative is never taken': neverTaken,
  'alternatives stay at an attach': keptAtAttach,
  'alternatives have no limit': noLimit,
  'a refuted alternative is continued': refutedContinued,
  'the old branch is extended after an alternative': oldBranchExtended,
  'numbers of alternatives are used again': numbersAgain,
  'an alternative is sent to an edge that lags': sentToLaggard,
};
