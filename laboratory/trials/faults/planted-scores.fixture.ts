// Bugs in the logprobs of prompts, for tests of the trial.

import { type Machines, protocolMachines } from '../../../simulator/virtual-time/machines.ts';
import type { EdgeState } from '../../../src/core/protocol/edge/edge-state.ts';
import type { BrokenMachines } from './planted-alternatives.fixture.ts';

const { stepEdge, stepDevice, guardMessage } = protocolMachines;

/** Logprobs are those of the token before. */
const scoresLate: Machines = {
  ...protocolMachines,
  stepEdge: (state, event) => {
    if (event.kind !== 'prompt-scored') return stepEdge(state, event);
    const [first, ...others] = event.logprobs;
    return stepEdge(state, { ...event, logprobs: first === undefined ? [] : [...others, first] });
  },
};

/** The edge forgets which logprobs a connection may have lost. */
const scoresLost: Machines = {
  ...protocolMachines,
  stepEdge: (state, event) => {
    const isResume = event.kind === 'message-received' && event.message.kind === 'resume';
    return stepEdge(isResume ? withoutScores(state) : state, event);
  },
};

function withoutScores(state: EdgeState): EdgeState {
  return { ...state, promptScores: null };
}

/** The device gives the reader logprobs again that it has given already. */
const scoresRepeated: Machines = {
  ...protocolMachines,
  stepDevice: (state, event) => {
    const step = stepDevice(state, event);
    if (event.kind !== 'message-received' || event.message.kind !== 'prompt-scored') return step;
    const { logprobs } = event.message;
    const isTaken = step.effects.some(({ kind }) => kind === 'emit-prompt-logprobs');
    return isTaken ? { ...step, effects: [{ kind: 'emit-prompt-logprobs', logprobs }] } : step;
  },
};

/** The guard lets logprobs through that were not asked for, or that the prompt has no tokens for. */
const scoresUnguarded: Machines = {
  ...protocolMachines,
  guardMessage: (connection, message, ...others) =>
    message.kind === 'prompt-scored' ? null : guardMessage(connection, message, ...others),
};

/** An edge takes a prompt alone for one that is to be answered. */
const promptAnswered: Machines = {
  ...protocolMachines,
  createEdgeSession: (rules, incarnation, created) =>
    protocolMachines.createEdgeSession(rules, incarnation, {
      ...created,
      open: { ...created.open, maxAnswerTokens: Math.max(1, created.open.maxAnswerTokens) },
    }),
};

export const scoreBugs: Readonly<Record<string, BrokenMachines>> = {
  'logprobs of a prompt are one position late': scoresLate,
  'logprobs of a prompt are lost with a connection': scoresLost,
  'logprobs of a prompt are given twice': scoresRepeated,
  'logprobs of a prompt are let through unasked': scoresUnguarded,
  'a prompt alone is answered': promptAnswered,
};
