// For the whole-system tests: a real edge on a real port with a toy target, and devices for it.

import { chooseToken } from '../../src/core/decoding/choose-token.ts';
import type { Sampling } from '../../src/core/decoding/sampling.ts';
import { penaltiesActive, RunningCounts } from '../../src/core/decoding/token-counts.ts';
import { linearStepTime } from '../../src/core/scheduling/step-time.ts';
import { preciseSleep } from '../../src/models/engines/precise-sleep.ts';
import { ModelDrafter } from '../../src/models/port/drafter.ts';
import type { LanguageModel } from '../../src/models/port/model.ts';
import { paceModel } from '../../src/models/port/paced.ts';
import { createToyModel } from '../../src/models/port/toy.ts';
import { machineClock } from '../../src/network/transport/machine-clock.ts';
import { connectWebSocket } from '../../src/network/transport-node/websocket-client.ts';
import type { TurnOptions } from '../../src/processes/device/turn-options.ts';
import { type Edge, listenEdge, startEdge } from '../../src/processes/edge/edge.ts';
import type { EdgeOptions } from '../../src/processes/edge/edge-options.ts';
import type { ListenEdgeSettings } from '../../src/processes/edge/edge-requests.ts';

export interface ToyEdge extends AsyncDisposable {
  readonly edge: Edge;
  readonly port: number;
  readonly url: string;
  readonly target: LanguageModel;
}

/** Steps of 4 ms, so that drafts arrive in time and tests stay short. */
const profile = { name: 'test', description: 'a test', stepMs: 4, rowMs: 0, rowCap: 64, source: 'chosen' };

export const toySeed = 11;

export async function startToyEdge(
  options: Partial<EdgeOptions> & {
    readonly seed?: number;
    readonly stepMs?: number;
    readonly sequences?: number;
    readonly contextLength?: number;
    readonly port?: number;
    readonly allowOrigins?: readonly string[];
    readonly mayOrder?: ListenEdgeSettings['mayOrder'];
    readonly onApi?: ListenEdgeSettings['onApi'];
    readonly tls?: ListenEdgeSettings['tls'];
    readonly portLimits?: ListenEdgeSettings['portLimits'];
  } = {},
): Promise<ToyEdge> {
  const {
    seed = toySeed,
    stepMs = profile.stepMs,
    sequences = 8,
    contextLength = 1024,
    port = 0,
    allowOrigins = [],
    mayOrder,
    onApi,
    tls,
    portLimits = {},
    ...edgeOptions
  } = options;
  const target = createToyModel({ seed, role: 'target', sequences, contextLength });
  const model = paceModel(
    target,
    { ...profile, stepMs },
    { clock: machineClock, sleepUntil: preciseSleep(machineClock) },
  );
  const edge = await startEdge({ model, stepTime: linearStepTime(stepMs, 0.01), ...edgeOptions });
  const listener = await listenEdge(edge, {
    ...{ host: '127.0.0.1', port, allowOrigins, tls, onApi, portLimits },
    ...(mayOrder === undefined ? {} : { mayOrder }),
  });
  return {
    edge,
    port: listener.port,
    url: `${tls === undefined ? 'ws' : 'wss'}://127.0.0.1:${listener.port}`,
    target,
    async [Symbol.asyncDispose]() {
      await edge.close();
      await listener.close();
    },
  };
}

export function toyDrafter(agreement: number): ModelDrafter {
  return new ModelDrafter(createToyModel({ seed: toySeed, role: 'draft', agreement }));
}

export const toyPrompt: readonly number[] = [70, 71, 72, 73, 74];

export function toyTurn(edge: ToyEdge, options: Partial<TurnOptions> = {}): TurnOptions {
  return {
    connect: connectWebSocket(edge.url),
    tokenizer: edge.target.tokenizer,
    drafter: toyDrafter(0.8),
    prompt: toyPrompt,
    maxAnswerTokens: 60,
    // Patient: a busy machine loses no connection.
    liveness: { pingAfterMs: 500, lostAfterMs: 10_000 },
    ...options,
  };
}

/** The text that the target writes alone, one row at a time. */
export async function toyReference(
  sampling: Sampling,
  tokenCount: number,
  prompt: readonly number[] = toyPrompt,
): Promise<number[]> {
  const model = createToyModel({ seed: toySeed, role: 'target' });
  const sequence = model.openSequence();
  const answer: number[] = [];
  let next = prompt;
  while (answer.length < tokenCount) {
    const [rows] = await model.evaluate([{ sequence, tokens: next, rows: 1 }]);
    const row = rows?.[0];
    if (row === undefined) throw new Error('no row');
    const counts = penaltiesActive(sampling) ? new RunningCounts(answer) : undefined;
    const id = chooseToken(row, sampling, counts, prompt.length + answer.length);
    answer.push(id);
    next = [id];
  }
  return answer;
}
