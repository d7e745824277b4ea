// Runs a state machine over the events of its log again, and compares effects and states with the logged ones. It does not print.

import { invariant } from '../../basics/invariant.ts';
import { createEnding } from '../../decoding/ending.ts';
import { stepDevice } from '../device/device-session.ts';
import { createDeviceState, type DeviceEffect, type DeviceEvent, type DeviceState } from '../device/device-state.ts';
import { createEdgeSession, stepEdge } from '../edge/edge-session.ts';
import type { EdgeEffect, EdgeEvent, EdgeRules, EdgeState, SessionCreated } from '../edge/edge-state.ts';
import { type EdgeLogHeader, type EventLog, type LogLine, toPlain } from './event-log.ts';
import { describeDevice, describeEdge, type StateLine } from './event-log-state.ts';

/** One event of a log, and the state after it. */
export interface ReplayedStep {
  /** From 1. */
  readonly index: number;
  /** Time since the first event. */
  readonly atMs: number;
  readonly event: DeviceEvent | EdgeEvent | SessionCreated;
  readonly effects: readonly (DeviceEffect | EdgeEffect)[];
  readonly state: StateLine;
  /** Committed ids of the answer after the step. */
  readonly answer: readonly number[];
  /** In words; empty if the machine agrees with the log. */
  readonly differences: readonly string[];
}

type Outcome = Pick<ReplayedStep, 'effects' | 'state' | 'answer'>;

/** One step for each line. The replay ends at an event that the machine can't take. */
export function* replayLog(log: EventLog): Generator<ReplayedStep> {
  if (log.header.side === 'device') {
    yield* replayLines(log.lines as readonly LogLine<DeviceEvent, DeviceEffect>[], deviceStepper(log.header.turn));
  } else {
    const lines = log.lines as readonly LogLine<EdgeEvent | SessionCreated, EdgeEffect>[];
    yield* replayLines(lines, edgeStepper(log.header, log.tokenBytes));
  }
}

function* replayLines<Event extends ReplayedStep['event']>(
  lines: readonly LogLine<Event, DeviceEffect | EdgeEffect>[],
  step: (event: Event) => Outcome,
): Generator<ReplayedStep> {
  for (const [position, line] of lines.entries()) {
    const base = { index: position + 1, atMs: line.atMs, event: line.event };
    let outcome: Outcome;
    try {
      outcome = step(line.event);
    } catch (error) {
      // The machine took this event when it was logged, so the log or the machine was changed since.
      const words = error instanceof Error ? error.message : String(error);
      const differences = [`the machine can't take this event: ${words}`];
      yield { ...base, effects: [], state: {}, answer: [], differences };
      return;
    }
    yield { ...base, ...outcome, differences: differencesOf(line, outcome) };
  }
}

function deviceStepper(turn: DeviceState['turn']): (event: DeviceEvent) => Outcome {
  let state = createDeviceState(turn);
  return (event) => {
    const stepped = stepDevice(state, event);
    state = stepped.state;
    return { effects: stepped.effects, state: describeDevice(state), answer: state.text.slice(turn.prompt.length) };
  };
}

function edgeStepper(
  header: EdgeLogHeader,
  tokenBytes: (id: number) => Uint8Array,
): (event: EdgeEvent | SessionCreated) => Outcome {
  const endIds = new Set(header.endIds);
  const endingOf: EdgeRules['endingOf'] = ({ stopStrings, maxAnswerTokens }) =>
    createEnding({ endIds, stopStrings, maxAnswerTokens }, tokenBytes);
  const rules: EdgeRules = { ...header.rules, endingOf };
  let state: EdgeState | null = null;
  return (event) => {
    let stepped: ReturnType<typeof stepEdge>;
    if (event.kind === 'session-created') {
      stepped = createEdgeSession(rules, header.incarnation, event);
    } else {
      invariant(state !== null, 'the session was not created yet');
      stepped = stepEdge(state, event);
    }
    state = stepped.state;
    const answer = state.text.slice(state.open.prompt.length);
    return { effects: stepped.effects, state: describeEdge(state), answer };
  };
}

function differencesOf(line: LogLine<unknown, unknown>, { effects, state }: Outcome): string[] {
  const differences: string[] = [];
  const recorded = line.effects.map(toPlain);
  const replayed = effects.map(toPlain);
  for (let at = 0; at < Math.max(recorded.length, replayed.length); at += 1) {
    if (sameValue(recorded[at], replayed[at])) continue;
    differences.push(`effect ${at + 1} was ${show(recorded[at])}, is ${show(replayed[at])}`);
  }
  // Only fields that the log has are compared.
  for (const [key, value] of Object.entries(line.state)) {
    if (state[key] !== value) differences.push(`${key} was ${show(value)}, is ${show(state[key])}`);
  }
  return differences;
}

function show(value: unknown): string {
  return value === undefined ? 'not there' : JSON.stringify(value);
}

function sameValue(left: unknown, right: unknown): boolean {
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return left === right;
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].every((key) => sameValue(left[key as never], right[key as never]));
}
