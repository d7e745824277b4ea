// State machines with one planted bug each: the real ones with changed events, states or effects. They show that the trial finds bugs;
// only its tests use them.

import type { VirtualEdgeSettings } from '../../../simulator/virtual-time/edge.ts';
import { type Machines, protocolMachines } from '../../../simulator/virtual-time/machines.ts';
import type { Candidates } from '../../../src/core/decoding/candidates.ts';
import { chooseToken } from '../../../src/core/decoding/choose-token.ts';
import { penaltiesActive, RunningCounts } from '../../../src/core/decoding/token-counts.ts';
import { TokenText } from '../../../src/core/decoding/token-text.ts';
import type { DeviceEvent, DeviceState } from '../../../src/core/protocol/device/device-state.ts';
import { unlimitedConnections } from '../../../src/core/protocol/edge/connection-limits.ts';
import { anyone, type EdgeKey } from '../../../src/core/protocol/edge/edge-key.ts';
import { type Placing, protocolPlacing } from '../../../src/core/protocol/edge/edge-place-queue.ts';
import { defaultPlaceRules, type PlaceRules } from '../../../src/core/protocol/edge/edge-places.ts';
import type { EdgeEvent, EdgeState } from '../../../src/core/protocol/edge/edge-state.ts';
import {
  type DeviceMessage,
  type OpenMessage,
  protocolVersion,
  type RefusedMessage,
} from '../../../src/core/protocol/wire/messages.ts';
import { byteWire, type Wire } from '../../../src/core/protocol/wire/wire.ts';
import { alternativeBugs, type BrokenMachines } from './planted-alternatives.fixture.ts';
import { controlBugs } from './planted-controls.fixture.ts';
import { fleetBugs } from './planted-fleets.fixture.ts';
import { scoreBugs } from './planted-scores.fixture.ts';
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

/** A refusal with this code ends a turn that has text. */
function fatal(code: RefusedMessage['code']): Machines {
  return {
    ...protocolMachines,
    stepDevice(state, event) {
      const isRefused = event.kind === 'message-received' && event.message.kind === 'refused';
      if (!isRefused || event.message.code !== code) return protocolMachines.stepDevice(state, event);
      return protocolMachines.stepDevice(state, { ...event.message, kind: 'gave-up', code });
    },
  };
}

/** Opens sessions with something changed. */
function openedWith(changes: Partial<OpenMessage>): Machines {
  const { createEdgeSession } = protocolMachines;
  return {
    ...protocolMachines,
    createEdgeSession: (rules, incarnation, created) =>
      createEdgeSession(rules, incarnation, { ...created, open: { ...created.open, ...changes } }),
  };
}

/** The results of a step go to the session beside. */
function rowsExchanged(): Machines {
  let last: readonly Candidates[] = [];
  return alteringEdge((_state, event) => {
    if (event.kind !== 'step-done') return event;
    const rows = last.length >= event.rows.length ? last.slice(0, event.rows.length) : event.rows;
    last = event.rows;
    return { ...event, rows };
  });
}

/** Row i is the choice one position later. */
const rowsLate: Machines = alteringEdge((_state, event) => {
  if (event.kind !== 'step-done' || event.rows.length < 2) return event;
  return { ...event, rows: [...event.rows.slice(1), event.rows.at(-1) as Candidates] };
});

function placedBy(changes: Partial<Placing>): Machines {
  return { ...protocolMachines, placing: { ...protocolPlacing, ...changes } };
}

/** The session that has waited longest is first, whatever its key. */
const longestWaitFirst: Placing['nextWaiting'] = (entries, except = new Set()) => {
  const waiting = [...entries].filter(
    ({ key, waitingSinceMs, state }) => waitingSinceMs !== null && state.link !== null && !except.has(key.id),
  );
  return waiting.sort((one, other) => (one.waitingSinceMs ?? 0) - (other.waitingSinceMs ?? 0))[0];
};

/** The newest session of the right key is first. */
const newestFirst: Placing['nextWaiting'] = (entries, except) => {
  const all = [...entries];
  const right = protocolPlacing.nextWaiting(all, except);
  const newer = all.filter(
    ({ key, waitingSinceMs, state }) => key.id === right?.key.id && waitingSinceMs !== null && state.link !== null,
  );
  return newer.at(-1) ?? right;
};

/** A key that waits gets a place of any other key, also its only one; each session once, or places would go round for ever. */
function onlyPlaceTaken(): Placing['placeToFree'] {
  const served = new Set<unknown>();
  return (entries, next, nowMs, rules) => {
    const all = [...entries];
    const freed = protocolPlacing.placeToFree(all, next, nowMs, rules);
    const other = all.find(({ hasPlace, key }) => hasPlace && key.id !== next.key.id);
    if (freed !== undefined || other === undefined || served.has(next)) return freed;
    served.add(next);
    return { entry: other, why: 'shared' };
  };
}

/** Frames with one block of padding too many. */
const paddedTwice: Wire = {
  ...byteWire,
  device() {
    const end = byteWire.device();
    let padding = 0;
    return {
      unpack: (frame) => end.unpack(frame),
      pack(message) {
        if (message.kind === 'open' || message.kind === 'resume') padding = message.padding;
        const frame = end.pack(message) as Uint8Array;
        return padding === 0 ? frame : Uint8Array.from([...frame, ...new Uint8Array(padding)]);
      },
    };
  },
};

const brokenMachines: Readonly<Record<string, BrokenMachines>> = {
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
  'a session gets the rows of another': rowsExchanged,
  'rows are one position late': rowsLate,
  'a stop string is passed over': openedWith({ stopStrings: [] }),
  'flow control never pauses': openedWith({ flowControlWindow: 65_536 }),
  'a full edge ends a turn with text': fatal('edge-full'),
  'an edge that drains ends a turn with text': fatal('edge-draining'),
  'a place goes to the longest wait of all keys': placedBy({ nextWaiting: longestWaitFirst }),
  'a place goes to the newest session of the key': placedBy({ nextWaiting: newestFirst }),
  'a key loses its only place to another': () => placedBy({ placeToFree: onlyPlaceTaken() }),
  'too many may wait': placedBy({ waitingTooMany: () => undefined }),
  'no session without a place is forgotten for another': placedBy({ keptTooMany: () => undefined }),
  ...alternativeBugs,
  ...scoreBugs,
};

/** A bug with these machines. Machines with state are made for each run: what ran before a seed must not change it. */
function running(broken: BrokenMachines): PlantedBug {
  if (typeof broken !== 'function') return { machines: broken };
  return {
    get machines() {
      return broken();
    },
  };
}

const never = Number.POSITIVE_INFINITY;

/** An edge with other rules of places than it should have. */
function ruled(rules: Partial<PlaceRules>): PlantedBug {
  return { edge: ({ places }) => ({ places: { ...defaultPlaceRules, ...places, ...rules } }) };
}

type KeyOf = NonNullable<VirtualEdgeSettings['keyOf']>;

/** An edge that takes keys for others than they are. */
function keyed(change: (key: EdgeKey) => EdgeKey): PlantedBug {
  const changed = (key: EdgeKey | null): EdgeKey | null => key && change(key);
  return {
    edge: ({ keyOf = () => anyone, renewed = (_id, shown) => shown }) => ({
      keyOf: (secret) => changed(keyOf(secret)),
      renewed: (id, shown) => changed(renewed(id, shown)),
    }),
  };
}

/** A key that was right once stays right. */
function rememberedKeys(keyOf: KeyOf): KeyOf {
  const seen = new Map<string, EdgeKey | null>();
  return (secret) => {
    const key = seen.get(secret) ?? keyOf(secret);
    seen.set(secret, key);
    return key;
  };
}

export const plantedBugs: Readonly<Record<string, PlantedBug>> = {
  ...Object.fromEntries(Object.entries(brokenMachines).map(([name, broken]) => [name, running(broken)])),
  'a device gives up at once': { device: { giveUpAfterMs: 100 } },
  'a device never gives up': { device: { giveUpAfterMs: never } },
  'a device waits for text for ever': { device: { firstTokenWithinMs: never, nextTokenWithinMs: never } },
  'a device gives an edge no time': { device: { firstTokenWithinMs: 300, nextTokenWithinMs: 300 } },
  'an edge never takes a connection for lost': {
    edge: () => ({ liveness: { pingAfterMs: 4000, lostAfterMs: 1e9 } }),
  },
  'an edge forgets no session': { edge: () => ({ keepLostMs: 1e9 }) },
  'padding is one block too long': { device: { wire: paddedTwice } },
  'an honest device is too fast for the edge': {
    edge: () => ({ rate: { framesPerSecond: 2, bytesPerSecond: 1000, burstFrames: 12, burstBytes: 1200 } }),
  },
  'an unknown key is let in': {
    edge: ({ keyOf = () => anyone }) => ({ keyOf: (secret) => keyOf(secret) ?? anyone }),
  },
  'a withdrawn key still opens': { edge: ({ keyOf = () => anyone }) => ({ keyOf: rememberedKeys(keyOf) }) },
  'sessions of a withdrawn key go on': { edge: () => ({ renewed: (_id, shown) => shown }) },
  'sessions of a key that is valid end': { edge: () => ({ renewed: () => null }) },
  'a session belongs to whoever has its id': keyed((key) => ({ ...key, id: '' })),
  'a key may have any number of places': keyed((key) => ({ ...key, maxSessions: null })),
  'any number of sessions of a key may wait': keyed((key) => ({ ...key, maxWaiting: null })),
  'a key with a larger share gets less': keyed((key) => ({ ...key, share: 1 / key.share })),
  'an edge gives more places than it has': { edge: ({ capacity }) => ({ capacity: capacity + 1 }) },
  'a lost session loses its place at once': ruled({ placeGraceMs: 0 }),
  'a lost session keeps its place': ruled({ placeGraceMs: 1e9 }),
  'a session whose device thinks loses its place': ruled({ stallMs: 1 }),
  'a device that only pings keeps its place': ruled({ stallMs: 1e9 }),
  'a session waits for ever': ruled({ waitMs: 1e9 }),
  'a session is refused at once': ruled({ waitMs: 100 }),
  'a key keeps places that others wait for': ruled({ fairWaitMs: 1e9 }),
  'sessions without a place have no bound': ruled({ keptSessions: 1e9 }),
  'tokens without a place have no bound': ruled({ keptTokens: 1e9 }),
  'a connection that pings needs no session': {
    edge: () => ({ connectionLimits: { ...unlimitedConnections, attachMs: 60_000 } }),
  },
  ...controlBugs,
  ...fleetBugs,
};
