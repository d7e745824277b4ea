// State machines with one planted bug each: the real ones with changed events, states or effects. They show that the trial finds bugs;
// only its tests use them.

import { chooseToken } from '../../decoding/choose-token.ts';
import { penaltiesActive, RunningCounts } from '../../decoding/token-counts.ts';
import { TokenText } from '../../decoding/token-text.ts';
import type { DeviceEvent, DeviceState } from '../../protocol/device-state.ts';
import type { EdgeEvent, EdgeState } from '../../protocol/edge-state.ts';
import { type DeviceMessage, protocolVersion } from '../../protocol/messages.ts';
import { type Machines, protocolMachines } from '../../virtual-time/machines.ts';
import type { PlantedBug } from './run.ts';

type EdgeMessageEvent = Extract<EdgeEvent, { kind: 'message-received' }>;

function alteringMessages(alter: (state: EdgeState, message: DeviceMessage) => DeviceMessage): Machines {
  return alteringEdge((state, event) =>
    event.kind === 'message-received' ? { ...event, message: alter(state, event.message) } : event,
  );
}

function alteringEdge(alter: (state: EdgeState, event: EdgeEvent) => EdgeEvent): Machines {
  const { stepEdge } = protocolMachines;
  return { ...protocolMachines, stepEdge: (state, event) => stepEdge(state, alter(state, event)) };
}

/** @param before changes the state before an event */
function alteringEdgeState(before: (state: EdgeState, event: EdgeEvent) => EdgeState): Machines {
  const { stepEdge } = protocolMachines;
  return { ...protocolMachines, stepEdge: (state, event) => stepEdge(before(state, event), event) };
}

function alteringDevice(alter: (state: DeviceState, event: DeviceEvent) => DeviceEvent): Machines {
  const { stepDevice } = protocolMachines;
  return { ...protocolMachines, stepDevice: (state, event) => stepDevice(state, alter(state, event)) };
}

function isAttach(event: EdgeEvent): event is EdgeMessageEvent {
  return event.kind === 'message-received' && (event.message.kind === 'open' || event.message.kind === 'resume');
}

/** The edge accepts drafts of a dead branch. */
const staleBranch: Machines = alteringEdgeState((state) => {
  const { branch, text } = state;
  if (branch === null || !branch.dead) return state;
  return { ...state, branch: { ...branch, dead: false, agreedTo: Math.min(branch.end, text.length) } };
});

/** The noise is keyed by the number of the step instead of the position. */
const noiseByStep: Machines = alteringEdge((state, event) => {
  if (event.kind !== 'step-done') return event;
  const { sampling, prompt } = state.open;
  const counts = penaltiesActive(sampling) ? new RunningCounts(state.text.slice(prompt.length)) : undefined;
  const rows = event.rows.map((row) => {
    return { ids: [chooseToken(row, sampling, counts, state.account.steps)], logits: [0] };
  });
  return { ...event, rows };
});

function resumedOff(by: number): Machines {
  return alteringMessages((_state, message) =>
    message.kind === 'resume' ? { ...message, length: message.length + by } : message,
  );
}

/** The edge ignores the attempt number: the last attach owns the session. */
const oldAttempt: Machines = alteringMessages((state, message) =>
  message.kind === 'open' || message.kind === 'resume' ? { ...message, attempt: state.attempt + 1 } : message,
);

/** The edge applies a step that began before an `open`, as if the text were still the same. */
const oldGeneration: Machines = alteringEdge((state, event) => {
  if (event.kind !== 'step-done') return event;
  const ticket = { ...event.ticket, generation: state.generation, length: state.text.length };
  return { ...event, ticket };
});

/** The edge does not move its pointer into the text back at an attach. */
const pointerKept: Machines = {
  ...protocolMachines,
  stepEdge: (state, event) => {
    const step = protocolMachines.stepEdge(state, event);
    if (!isAttach(event) || event.message.kind !== 'resume' || step.state.link === null) return step;
    return { state: step.state, effects: step.effects.filter((effect) => effect.kind !== 'send') };
  },
};

/** The edge keeps the drafts of the previous connection at an attach. */
const draftsKept: Machines = {
  ...protocolMachines,
  stepEdge: (state, event) => {
    const step = protocolMachines.stepEdge(state, event);
    return isAttach(event) && step.state.link !== null
      ? { ...step, state: { ...step.state, branch: state.branch } }
      : step;
  },
};

/** The edge accepts any number of drafts. */
const noLimit: Machines = alteringEdgeState((state) => ({ ...state, open: { ...state.open, maxAhead: 512 } }));

/** The device appends tokens that it already has. */
const overlapAppended: Machines = alteringDevice((state, event) => {
  if (event.kind !== 'message-received' || event.message.kind !== 'commit') return event;
  const { accepted, tokens } = event.message;
  if (accepted > 0 || event.message.first >= state.text.length) return event;
  return { ...event, message: { ...event.message, first: state.text.length, tokens } };
});

/** The edge sends commits although the send queue is full. */
const neverBlocked: Machines = alteringEdge((_state, event) =>
  event.kind === 'link-writable' ? { ...event, writable: true } : event,
);

/** The edge commits the device's draft without verification. */
const draftsBelieved: Machines = {
  ...protocolMachines,
  stepEdge: (state, event) => {
    const step = protocolMachines.stepEdge(state, event);
    const drafted = event.kind === 'step-done' ? event.ticket.drafts[0] : undefined;
    const isLong = event.kind === 'step-done' && event.ticket.length > 40;
    if (drafted === undefined || !isLong || step.state.text.length <= state.text.length) return step;
    const ids = [...state.text.slice(0), drafted, ...step.state.text.slice(state.text.length + 1)];
    return { ...step, state: { ...step.state, text: TokenText.of(ids) } };
  },
};

/** The device accepts any `hello`. */
const greetingBelieved: Machines = alteringDevice((state, event) => {
  if (event.kind !== 'message-received' || event.message.kind !== 'hello') return event;
  const { tokenizerHash } = state.turn;
  return { ...event, message: { ...event.message, version: protocolVersion, tokenizerHash } };
});

type Guard = Machines['guardMessage'];

/** The guard accepts messages for which it would return this complaint. */
function guardedBut(complaint: RegExp): Machines {
  const { guardMessage } = protocolMachines;
  const guard: Guard = (...given) => {
    const wrong = guardMessage(...given);
    return wrong !== null && complaint.test(wrong) ? null : wrong;
  };
  return { ...protocolMachines, guardMessage: guard };
}

/** The device does not compare the length of an end with its text. */
const endBelieved: Machines = alteringDevice((state, event) => {
  if (event.kind !== 'message-received' || event.message.kind !== 'end') return event;
  return { ...event, message: { ...event.message, length: state.text.length } };
});

/** What is wrong with a connection ends the turn. */
const faultIsFatal: Machines = {
  ...protocolMachines,
  stepDevice(state, event) {
    const step = protocolMachines.stepDevice(state, event);
    const isDropped = step.effects.some((effect) => effect.kind === 'close-link' && effect.code === 'protocol-error');
    if (!isDropped) return step;
    const words = { cause: 'a fault of the connection', remedy: 'none' };
    return protocolMachines.stepDevice(state, { kind: 'gave-up', code: 'protocol-error', ...words });
  },
};

const brokenMachines: Readonly<Record<string, Machines>> = {
  'a stale branch is accepted': staleBranch,
  'noise is keyed by the step': noiseByStep,
  'resume is one too long': resumedOff(1),
  'resume is one too short': resumedOff(-1),
  'an old attempt is let through': oldAttempt,
  'a step of an old generation is applied': oldGeneration,
  'the pointer stays at an attach': pointerKept,
  'drafts stay at an attach': draftsKept,
  'drafts have no limit': noLimit,
  'an overlap is appended': overlapAppended,
  'a full queue is ignored': neverBlocked,
  'a draft is believed': draftsBelieved,
  'a false greeting is believed': greetingBelieved,
  'a greeting out of turn is let through': guardedBut(/^hello out of turn/),
  'an id beyond the vocabulary is let through': guardedBut(/beyond the vocabulary/),
  'a commit beyond the end is let through': guardedBut(/commit beyond the end/),
  'an opened session that is gone is let through': guardedBut(/just opened is gone/),
  'an early end is let through': guardedBut(/text that is shorter/),
  'an end elsewhere is believed': endBelieved,
  'a lie ends the turn': faultIsFatal,
};

const never = Number.POSITIVE_INFINITY;

export const plantedBugs: Readonly<Record<string, PlantedBug>> = {
  ...Object.fromEntries(Object.entries(brokenMachines).map(([name, machines]) => [name, { machines }])),
  'a device gives up at once': { device: { giveUpAfterMs: 100 } },
  'a device never gives up': { device: { giveUpAfterMs: never } },
  'a device waits for text for ever': { device: { firstTokenWithinMs: never, nextTokenWithinMs: never } },
  'a device gives an edge no time': { device: { firstTokenWithinMs: 300, nextTokenWithinMs: 300 } },
  'an edge never takes a connection for lost': { edge: { liveness: { pingAfterMs: 4000, lostAfterMs: 1e9 } } },
  'an edge forgets no session': { edge: { keepLostMs: 1e9 } },
};
