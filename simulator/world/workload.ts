// The task of each device in a slot, and its cost: bits to send, arithmetic on the device and on the server. It does not know places, radio
// or the association; a caller only reports which devices were served, because an answer grows in slots in which its device is served.

import { createRandom, type Random } from '../../src/core/basics/philox.ts';
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
  | {
      readonly kind: 'poisson-sessions';
      /** Rate for an idle device. A session lasts until its answer is written: one task a slot. */
      readonly sessionsPerMinute: number;
      /** Tokens that a slot adds to an answer, as a share of the window. */
      readonly keptShare: number;
    }
  | {
      readonly kind: 'duty-cycle';
      /** Share of devices with a session at any time; where one ends, another starts in the next slot. */
      readonly share: number;
      readonly keptShare: number;
    };

export interface WorkloadPlan {
  /** Names of workload-models.ts. */
  readonly target: string;
  readonly draft: string;
  readonly tasks: readonly TaskMix[];
  /** `q16`: the draft's whole distribution, 16 bit an entry. `ids`: as many bits as an id needs. */
  readonly payloadLaw: 'q16' | 'ids';
  /**
   * A task that its slot does not end. `dropped`: the next task takes its place, as the paper has it. `carried`: the device keeps it,
   * with the bits and the drafting that are left, and has no new one until it has ended.
   */
  readonly unfinished: 'dropped' | 'carried';
  readonly arrivals: Arrivals;
}

/** The tasks of the slot that was drawn last; all arrays [M]. */
export interface Workload {
  /** 1 for devices that have a task. */
  readonly active: Uint8Array;
  /** 1 where the text did not exist in the slot before. */
  readonly isNew: Uint8Array;
  /** Index into the mix; meaningless for devices without a task. */
  readonly task: Uint8Array;
  /** Tokens before the window: the prompt and the answer so far. */
  readonly contextTokens: Float64Array;
  /** d_i. */
  readonly payloadBits: Float64Array;
  /** f_i^MD. */
  readonly deviceFlop: Float64Array;
  /** f_i^ES. */
  readonly edgeFlop: Float64Array;
  /** Since the task's first slot, ms; 0 unless tasks are carried. */
  readonly waitedMs: Float64Array;
  /** Whether unfinished tasks are carried over. */
  readonly carries: boolean;
  /** Keeps a device's task for the next slot, with what is left of it. Call it before {@link advance}, with the device not served. */
  carry(device: number, bits: number, flop: number): void;
  /**
   * Draws the next slot. Every device draws the same number of random numbers in any case, so that all policies meet the same world; where
   * sessions come at a rate, each device has the same sessions after the same times of rest, however long each of them lasts.
   */
  draw(): void;
  /**
   * Lets answers grow; call once a slot, after {@link draw}.
   * @param served 1 for each served device; [M]
   * @param answeredTokens the tokens that were really written, where known: then only these count; infinite at an answer's end; [M]
   */
  advance(served: Uint8Array, answeredTokens?: Float64Array): void;
}

/** Streams of createRandom: of the workload, and where sessions come at a rate one for each device. */
const workloadStream = 0x53000000;
const sessionStream = 0x53080000;

export function createWorkload(plan: WorkloadPlan, deviceCount: number, slotMs: number, seed: number): Workload {
  const random = createRandom(seed, workloadStream);
  const room = (): Float64Array => new Float64Array(deviceCount);
  const { write: writeCosts, ...costs } = createTaskCosts(plan, deviceCount);
  const drawTask = taskDraws(plan.tasks);
  const { arrivals } = plan;
  const sessions =
    arrivals.kind === 'poisson-sessions'
      ? createSessions(deviceCount, 60_000 / (arrivals.sessionsPerMinute * slotMs), seed)
      : undefined;
  const starters = arrivals.kind === 'duty-cycle' ? createStarters(deviceCount, arrivals.share) : undefined;
  const hasSessions = arrivals.kind !== 'one-per-slot';
  const keptShare = arrivals.kind === 'one-per-slot' ? 0 : arrivals.keptShare;
  /** Tokens that a session still has to write; 0 for idle devices. */
  const [leftTokens, contextTokens] = [room(), room()];
  const flags = (): Uint8Array => new Uint8Array(deviceCount);
  const [active, task, isNew] = [flags(), flags(), flags()];
  const carried = createCarriedTasks(deviceCount, slotMs);

  function drawDevice(device: number): void {
    const isIdle = leftTokens[device] === 0;
    const starts = starters?.isChosen(device) ?? sessions?.startsNow(device, isIdle) ?? true;
    const drawn = sessions === undefined || starts ? drawTask(sessions?.randoms[device] ?? random) : undefined;
    isNew[device] = 0;
    // It stays as it is, with the bits and the drafting that carry() has left.
    if (carried.stays(device)) return;
    if (drawn !== undefined && (!hasSessions || (isIdle && starts))) {
      task[device] = drawn.kind;
      isNew[device] = 1;
      contextTokens[device] = drawn.promptTokens + (hasSessions ? 0 : drawn.written * drawn.answerTokens);
      if (hasSessions) leftTokens[device] = Math.max(1, drawn.answerTokens);
    }
    active[device] = !hasSessions || (leftTokens[device] as number) > 0 ? 1 : 0;
    writeCosts(device, task[device] as number, contextTokens[device] as number);
  }

  return {
    active,
    isNew,
    task,
    contextTokens,
    ...costs,
    waitedMs: carried.waitedMs,
    carries: plan.unfinished === 'carried',
    carry(device, bits, flop) {
      carried.keep(device);
      costs.payloadBits[device] = bits;
      costs.deviceFlop[device] = flop;
    },
    draw() {
      starters?.choose(leftTokens, random);
      for (let device = 0; device < deviceCount; device++) drawDevice(device);
    },
    advance(served, answeredTokens) {
      if (!hasSessions) return;
      const answers = { leftTokens, contextTokens };
      for (let device = 0; device < deviceCount; device++) {
        if (active[device] === 0) continue;
        if (answeredTokens !== undefined) grow(answers, device, answeredTokens[device] as number);
        else if (served[device] === 1)
          growByWindow(answers, device, keptShare * (plan.tasks[task[device] as number] as TaskMix).windowTokens);
        if (leftTokens[device] === 0) carried.end(device);
      }
    },
  };
}

/** @returns draws a task; each takes four random numbers */
function taskDraws(tasks: readonly TaskMix[]) {
  const kindEnds = partEnds(tasks);
  return (random: Random) => {
    const kind = drawKind(kindEnds, random.uniform());
    const promptTokens = drawTokens((tasks[kind] as TaskMix).kind, 'prompt', random.uniform());
    const answerTokens = drawTokens((tasks[kind] as TaskMix).kind, 'answer', random.uniform());
    return { kind, promptTokens, answerTokens, written: random.uniform() };
  };
}

/** Times of rest are exponential: the slots that an idle device rests before its next session. @param meanSlots of rest */
function createSessions(deviceCount: number, meanSlots: number, seed: number) {
  const randoms = Array.from({ length: deviceCount }, (_, device) => createRandom(seed, sessionStream + device));
  const drawRest = ({ exponential }: Random): number => Math.floor(meanSlots * exponential());
  const rests = Float64Array.from(randoms, drawRest);
  return {
    randoms,
    /** Call it once a slot. */
    startsNow(device: number, isIdle: boolean): boolean {
      if (!isIdle) return false;
      const rest = rests[device] as number;
      rests[device] = rest > 0 ? rest - 1 : drawRest(randoms[device] as Random);
      return rest === 0;
    },
  };
}

function createCarriedTasks(deviceCount: number, slotMs: number) {
  const isKept = new Uint8Array(deviceCount);
  const waitedMs = new Float64Array(deviceCount);
  return {
    waitedMs,
    keep(device: number): void {
      isKept[device] = 1;
    },
    /** Its answer has ended, and the task with it. */
    end(device: number): void {
      isKept[device] = 0;
    },
    /** Begins the next slot of a device. */
    stays(device: number): boolean {
      const stays = isKept[device] === 1;
      isKept[device] = 0;
      waitedMs[device] = stays ? (waitedMs[device] as number) + slotMs : 0;
      return stays;
    },
  };
}

/** d, f^MD and f^ES of each device's task; [M]. */
function createTaskCosts(plan: WorkloadPlan, deviceCount: number) {
  const target = findModelShape(plan.target);
  const draft = findModelShape(plan.draft);
  const kinds = plan.tasks.map(({ windowTokens }) => ({
    windowTokens,
    payloadBits: windowTokens * payloadBitsPerToken(draft, plan.payloadLaw),
    draft: windowCost(draft, windowTokens),
    target: windowCost(target, windowTokens),
  }));
  const longestContext = Math.min(target.contextLength, draft.contextLength);
  const room = (): Float64Array => new Float64Array(deviceCount);
  const [payloadBits, deviceFlop, edgeFlop] = [room(), room(), room()];
  return {
    payloadBits,
    deviceFlop,
    edgeFlop,
    write(device: number, kind: number, contextTokens: number): void {
      const cost = kinds[kind] as (typeof kinds)[number];
      const context = Math.min(contextTokens, longestContext - cost.windowTokens);
      payloadBits[device] = cost.payloadBits;
      deviceFlop[device] = cost.draft.fixed + cost.draft.perContextToken * context;
      edgeFlop[device] = cost.target.fixed + cost.target.perContextToken * context;
    },
  };
}

interface Answers {
  readonly leftTokens: Float64Array;
  readonly contextTokens: Float64Array;
}

/** A window always adds the bonus token, the target's own. */
function growByWindow({ leftTokens, contextTokens }: Answers, device: number, keptTokens: number): void {
  const added = Math.min(leftTokens[device] as number, 1 + Math.floor(keptTokens));
  leftTokens[device] = (leftTokens[device] as number) - added;
  contextTokens[device] = (contextTokens[device] as number) + added;
}

/** Only an end ends a session here, whatever length was drawn for its answer. */
function grow({ leftTokens, contextTokens }: Answers, device: number, tokens: number): void {
  if (tokens === Number.POSITIVE_INFINITY) {
    leftTokens[device] = 0;
    return;
  }
  leftTokens[device] = Math.max(1, (leftTokens[device] as number) - tokens);
  contextTokens[device] = (contextTokens[device] as number) + tokens;
}

function createStarters(deviceCount: number, share: number) {
  const places = Math.max(1, Math.round(share * deviceCount));
  const lots = new Float64Array(deviceCount);
  const chosen = new Uint8Array(deviceCount);
  return {
    /** Replaces sessions that have ended by random idle devices. @param leftTokens 0 for idle devices */
    choose(leftTokens: Float64Array, random: Random): void {
      chosen.fill(0);
      const idle: number[] = [];
      for (let device = 0; device < deviceCount; device++) {
        lots[device] = random.uniform();
        if (leftTokens[device] === 0) idle.push(device);
      }
      const free = places - (deviceCount - idle.length);
      if (free <= 0) return;
      idle.sort((left, right) => (lots[left] as number) - (lots[right] as number));
      for (const device of idle.slice(0, free)) chosen[device] = 1;
    },
    isChosen: (device: number): boolean => chosen[device] === 1,
  };
}

/** FLOP of a window. Its later tokens attend to the earlier ones. */
function windowCost(shape: ModelShape, windowTokens: number) {
  const perToken = flopPerToken(shape, 0);
  const perContextToken = flopPerToken(shape, 1) - perToken;
  const withinWindow = (perContextToken * windowTokens * (windowTokens - 1)) / 2;
  return { fixed: windowTokens * perToken + withinWindow, perContextToken: windowTokens * perContextToken };
}

/** @param ends the end of each kind's part of [0, 1) */
export function drawKind(ends: Float64Array, place: number): number {
  let kind = 0;
  while (kind < ends.length - 1 && place >= (ends[kind] as number)) kind++;
  return kind;
}

export function partEnds(tasks: readonly TaskMix[]): Float64Array {
  const total = tasks.reduce((sum, { weight }) => sum + weight, 0);
  let end = 0;
  return Float64Array.from(tasks, ({ weight }) => {
    end += weight / total;
    return end;
  });
}
