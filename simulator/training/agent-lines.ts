// The environment of several agents as lines of JSON: one request a line, one answer a line (docs/research/python.md). Knows no stream.

import { badArgument, isOutriderError } from '../../src/core/basics/errors.ts';
import type { AgentEnvironment, AgentSlot } from './agent-environment.ts';

/** Rises when a line changes its meaning. */
export const agentProtocol = 1;
/** Numbers are written with as many digits; float32 has about 7. */
const digits = 7;

export interface AgentLines {
  /** The line that comes first. */
  readonly hello: string;
  /** @returns the answer to a line of a request; undefined for the request to close */
  answer(line: string): string | undefined;
}

/** @param about further keys of the first line @param episodeSlots slots after which an episode is cut */
export function createAgentLines(environment: AgentEnvironment, episodeSlots: number, about: object): AgentLines {
  let slots = 0;
  let isOver = true;

  function perform(request: Readonly<Record<string, unknown>>): object | undefined {
    const { kind, seed, actions } = request;
    if (kind === 'close') return undefined;
    if (kind === 'reset') {
      if (!Number.isSafeInteger(seed) || (seed as number) < 0)
        throw badArgument(`the seed is ${JSON.stringify(seed)}`, 'Give a whole number from 0 to 2^53 - 1.');
      const slot = environment.reset(seed as number);
      slots = 0;
      isOver = false;
      return { kind: 'slot', ...plain(slot) };
    }
    if (kind !== 'step')
      throw badArgument(`there is no request ${JSON.stringify(kind)}`, 'Send a reset, a step or a close.');
    if (isOver) throw badArgument('the episode is over', 'Send a reset first.');
    if (!Array.isArray(actions)) throw badArgument('the actions are no list', 'Give one action for each agent.');
    const { next, deviceCost, ...numbers } = environment.step(actions);
    slots++;
    isOver = slots >= episodeSlots;
    return { kind: 'slot', ...numbers, deviceCost: short(deviceCost), truncated: isOver, ...plain(next) };
  }

  return {
    hello: JSON.stringify({ kind: 'spaces', protocol: agentProtocol, ...about, episodeSlots, ...environment.spaces }),
    answer(line) {
      try {
        const found = perform(parse(line));
        return found === undefined ? undefined : JSON.stringify(found);
      } catch (error) {
        if (!isOutriderError(error)) throw error;
        const { code, message, remedy } = error;
        return JSON.stringify({ kind: 'error', code, cause: message, remedy });
      }
    },
  };
}

function parse(line: string): Readonly<Record<string, unknown>> {
  try {
    const request = JSON.parse(line) as unknown;
    if (typeof request === 'object' && request !== null) return request as Readonly<Record<string, unknown>>;
  } catch {
    // Refused below.
  }
  throw badArgument('a line is no JSON object', 'Send one request a line: {"kind": "reset", "seed": 1}.');
}

function plain({ observations, masks }: AgentSlot): object {
  return { observations: observations.map(short), masks: masks.map((mask) => [...mask]) };
}

function short(values: Float32Array | Float64Array): number[] {
  return Array.from(values, (value) => Number(value.toPrecision(digits)));
}
