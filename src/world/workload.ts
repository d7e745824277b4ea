// Which task each device has in a slot, and what it costs: bits to send, arithmetic on the device and on the server. It knows nothing
// of places, radio or who serves whom; a caller only says which devices were served, because an answer grows by being served.

import { createRandom, type Random } from '../basics/philox.ts';
import { drawTokens, type TaskKind } from './workload-lengths.ts';
import { findModelShape, flopPerToken, type ModelShape, payloadBitsPerToken } from './workload-models.ts';

export interface TaskMix {
  readonly kind: TaskKind;
  readonly weight: number;
  /** Tokens that a device drafts in a slot. */
  readonly windowTokens: number;
}

export type Arrivals =
  | { readonly kind: 'one-per-slot' }
  | { readonly kind: 'poisson-sessions'; readonly sessionsPerMinute: number; readonly keptShare: number };

export interface WorkloadPlan {
  /** Names of model shapes. */
  readonly target: string;
  readonly draft: string;
  readonly tasks: readonly TaskMix[];
  readonly payloadLaw: 'q16' | 'ids';
  readonly arrivals: Arrivals;
}

/** The tasks of the slot that was drawn last; all arrays [M]. */
export interface Workload {
  /** 1 for devices that have a task. */
  readonly active: Uint8Array;
  /** Index into the mix; of no meaning for devices without a task. */
  readonly task: Uint8Array;
  /** Tokens before the window: prompt and answer so far. */
  readonly contextTokens: Float64Array;
  /** d_i. */
  readonly payloadBits: Float64Array;
  /** f_i^MD. */
  readonly deviceFlop: Float64Array;
  /** f_i^ES. */
  readonly edgeFlop: Float64Array;
  /** Draws the next slot. Every device draws the same number of lots whatever happens to it, so that policies meet the same world. */
  draw(): void;
  /** The answers of served devices grow; call once a slot, after {@link draw}. @param served 1 for each served device; [M] */
  advance(served: Uint8Array): void;
}

/** Streams of createRandom: the workload's, and its only one. */
const workloadStream = 0x53000000;

export function createWorkload(plan: WorkloadPlan, deviceCount: number, slotMs: number, seed: number): Workload {
  const random = createRandom(seed, workloadStream);
  const room = (): Float64Array => new Float64Array(deviceCount);
  const target = findModelShape(plan.target);
  const draft = findModelShape(plan.draft);
  const costs = plan.tasks.map(({ windowTokens }) => ({
    windowTokens,
    payloadBits: windowTokens * payloadBitsPerToken(draft, plan.payloadLaw),
    // Later tokens of a window see the earlier ones.
    draft: windowCost(draft, windowTokens),
    target: windowCost(target, windowTokens),
  }));
  const longestContext = Math.min(target.contextLength, draft.contextLength);
  const { arrivals } = plan;
  const startChance =
    arrivals.kind === 'one-per-slot' ? 1 : 1 - Math.exp((-arrivals.sessionsPerMinute * slotMs) / 60_000);
  const keptShare = arrivals.kind === 'one-per-slot' ? 0 : arrivals.keptShare;
  /** Tokens that a session has yet to write; 0 for idle devices. */
  const leftTokens = room();
  const [active, task] = [new Uint8Array(deviceCount), new Uint8Array(deviceCount)];
  const [contextTokens, payloadBits, deviceFlop, edgeFlop] = [room(), room(), room(), room()];

  function drawDevice(device: number): void {
    const starts = random.uniform() < startChance;
    const kind = drawKind(plan.tasks, random);
    const promptTokens = drawTokens((plan.tasks[kind] as TaskMix).kind, 'prompt', random.uniform());
    const answerTokens = drawTokens((plan.tasks[kind] as TaskMix).kind, 'answer', random.uniform());
    const written = random.uniform();
    if (arrivals.kind === 'one-per-slot') {
      task[device] = kind;
      contextTokens[device] = promptTokens + written * answerTokens;
    } else if (leftTokens[device] === 0 && starts) {
      task[device] = kind;
      contextTokens[device] = promptTokens;
      leftTokens[device] = Math.max(1, answerTokens);
    }
    active[device] = arrivals.kind === 'one-per-slot' || (leftTokens[device] as number) > 0 ? 1 : 0;
    const cost = costs[task[device] as number] as (typeof costs)[number];
    const context = Math.min(contextTokens[device] as number, longestContext - cost.windowTokens);
    payloadBits[device] = cost.payloadBits;
    deviceFlop[device] = cost.draft.fixed + cost.draft.perContextToken * context;
    edgeFlop[device] = cost.target.fixed + cost.target.perContextToken * context;
  }

  return {
    active,
    task,
    contextTokens,
    payloadBits,
    deviceFlop,
    edgeFlop,
    draw() {
      for (let device = 0; device < deviceCount; device++) drawDevice(device);
    },
    advance(served) {
      if (arrivals.kind === 'one-per-slot') return;
      for (let device = 0; device < deviceCount; device++) {
        if (active[device] === 0 || served[device] === 0) continue;
        const cost = costs[task[device] as number] as (typeof costs)[number];
        // A window always adds a token: the target's own.
        const added = Math.min(leftTokens[device] as number, 1 + Math.floor(keptShare * cost.windowTokens));
        leftTokens[device] = (leftTokens[device] as number) - added;
        contextTokens[device] = (contextTokens[device] as number) + added;
      }
    },
  };
}

function windowCost(
  shape: ModelShape,
  windowTokens: number,
): { readonly fixed: number; readonly perContextToken: number } {
  const perToken = flopPerToken(shape, 0);
  const perContextToken = flopPerToken(shape, 1) - perToken;
  const withinWindow = (perContextToken * windowTokens * (windowTokens - 1)) / 2;
  return { fixed: windowTokens * perToken + withinWindow, perContextToken: windowTokens * perContextToken };
}

function drawKind(tasks: readonly TaskMix[], random: Random): number {
  let total = 0;
  for (const { weight } of tasks) total += weight;
  let left = random.uniform() * total;
  for (let kind = 0; kind < tasks.length - 1; kind++) {
    left -= (tasks[kind] as TaskMix).weight;
    if (left < 0) return kind;
  }
  return tasks.length - 1;
}
