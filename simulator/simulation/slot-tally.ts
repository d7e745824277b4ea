// Statistics of a run: one summary, and table rows that each cover several slots. It sees every slot once and keeps none.

import { noTermSums, type SlotTerms } from '../../src/allocation/paper/objective.ts';
import type { Certificate } from '../../src/allocation/search/certify.ts';
import type { Assignment, SlotState } from '../../src/allocation/slot/slot-state.ts';
import { Histogram } from './latency-histogram.ts';
import type { Quantity } from './quantity.ts';
import type { SlotOutcome } from './run-slots.ts';
import { endsInSlot } from './slot-world.ts';

/** Means over some slots. Names carry units; a task is one device in one slot. Null for a mean of nothing. */
export interface SlotFigures {
  readonly slots: number;
  readonly tasks: number;
  /** Per slot: the sum that policies minimise (Koh & Yang 2025, UARA), ms. */
  readonly objective: number | null;
  /** The terms per task: D^MD, D^ES, lambda (D^MD - d/R)^2, w (E^CP + E^CM) / B. */
  readonly deviceMsMean: number | null;
  readonly edgeMsMean: number | null;
  readonly mismatchMsMean: number | null;
  readonly energyTermMsMean: number | null;
  /** max(D^MD, d/R) + D^ES: drafting and sending overlap. Tasks that never end are left out. */
  readonly latencyMsMean: number | null;
  /** D^MD + D^ES, as in the objective. */
  readonly serialMsMean: number | null;
  /** E^CP + E^CM. */
  readonly energyJMean: number | null;
  readonly computeEnergyJMean: number | null;
  readonly transmitEnergyJMean: number | null;
  readonly unservedShare: number | null;
  /** Tasks with infinite latency: they have no share of a resource that they need. */
  readonly endlessTasks: number;
  /** Served tasks with another server than in the slot before. */
  readonly handoverShare: number | null;
  /** k kappa; mean over servers. */
  readonly queueMsMean: number;
  /** Under the objective `felt`, as predicted for a task: ms per token of its answer, a slot for a token where no server serves it. */
  readonly predictedMsPerTokenMean?: number | null;
  /** The same: ms to the first token. */
  readonly predictedFirstTokenMsMean?: number | null;
  /** The same: tokens of all devices that get some within a slot, in the mean of the slots. */
  readonly predictedTokensPerSecond?: number;
  /** Mean over the devices with a task. */
  readonly batteryMean: number | null;
  /** (cost - bound) / bound of a slot's objective, against the pool bound and the dual bound; means over the slots with a bound. */
  readonly poolGapMean?: number | null;
  readonly dualGapMean?: number | null;
  /** Per task: time of handovers; only where a handover costs something. */
  readonly handoverMsMean?: number | null;
  /** Tasks that ended; only where unfinished tasks are carried over. */
  readonly finishedTasks?: number;
  /** Latency of these: from the task's first slot to its end, the slots of waiting included. */
  readonly taskLatencyMsMean?: number | null;
}

/** A table row: the slots from `firstSlot` on. */
export interface SlotRow extends SlotFigures {
  readonly firstSlot: number;
}

/** Figures of all slots, and the quantiles of the latency. */
export interface SlotSummary extends SlotFigures {
  readonly latencyMsP50: number | null;
  readonly latencyMsP95: number | null;
  /** As {@link SlotFigures.taskLatencyMsMean}. */
  readonly taskLatencyMsP95?: number | null;
}

const always = 'always';
/** Figures of the paper's equations, which the objective `felt` does not count. */
const paper = 'paper';

/** What people read of the summary, most important first. */
export const slotQuantities: Readonly<Record<keyof SlotSummary, Quantity>> = {
  predictedMsPerTokenMean: { words: 'time for each token, predicted', unit: 'ms', better: 'less', shown: always },
  predictedFirstTokenMsMean: { words: 'time to the first token, predicted', unit: 'ms', better: 'less', shown: always },
  predictedTokensPerSecond: { words: 'all devices, predicted', unit: 'tokens/s', better: 'more', shown: always },
  objective: { words: 'objective that policies minimise, for a slot', unit: 'ms', better: 'less', shown: always },
  latencyMsMean: { words: "latency of a task by the paper's equations", unit: 'ms', better: 'less', shown: paper },
  latencyMsP50: { words: 'this latency, median', unit: 'ms', better: 'less' },
  latencyMsP95: { words: 'this latency, 95 % of the tasks have less', unit: 'ms', better: 'less', shown: paper },
  taskLatencyMsMean: { words: 'from the begin of a task to its end', unit: 'ms', better: 'less', shown: always },
  taskLatencyMsP95: { words: 'from the begin to the end, 95 % have less', unit: 'ms', better: 'less' },
  finishedTasks: { words: 'tasks that ended', unit: 'count', better: 'more' },
  deviceMsMean: { words: 'drafting for a task (D^MD)', unit: 'ms', better: 'less', shown: paper },
  edgeMsMean: {
    words: 'queue and computing at the server for a task (D^ES)',
    unit: 'ms',
    better: 'less',
    shown: paper,
  },
  serialMsMean: { words: 'D^MD + D^ES of a task', unit: 'ms', better: 'less' },
  // A time squared, times lambda: it may be minutes, though no device waits that long.
  mismatchMsMean: { words: 'penalty, lambda (D^MD - d/R)^2, of a task', unit: 'ms', better: 'less', shown: paper },
  energyTermMsMean: { words: 'energy of a task as the objective weighs it', unit: 'ms', better: 'less' },
  energyJMean: { words: 'energy of a device for a task', unit: 'J', better: 'less', shown: always },
  computeEnergyJMean: { words: 'energy of drafting for a task', unit: 'J', better: 'less' },
  transmitEnergyJMean: { words: 'energy of sending for a task', unit: 'J', better: 'less' },
  batteryMean: { words: 'battery left, mean of devices with a task', unit: 'share', better: 'more', shown: always },
  unservedShare: { words: 'tasks that no server serves', unit: 'share', better: 'less', shown: always },
  endlessTasks: { words: 'tasks that never end', unit: 'count', better: 'less' },
  queueMsMean: { words: 'queue of a server', unit: 'ms', better: 'less' },
  handoverShare: { words: 'tasks at another server than before', unit: 'share', shown: always },
  handoverMsMean: { words: 'handover of a task', unit: 'ms', better: 'less' },
  poolGapMean: { words: 'objective above a loose lower bound', unit: 'share', better: 'less' },
  dualGapMean: { words: 'objective above the dual bound', unit: 'share', better: 'less', shown: always },
  slots: { words: 'slots', unit: 'count' },
  tasks: { words: 'tasks, each of a device in a slot', unit: 'count' },
};

/** Sums over slots; see {@link createSlotTally}. */
export interface SlotTally {
  add(outcome: Pick<SlotOutcome, 'state' | 'assignment' | 'terms' | 'certificate'>): void;
  rows(): readonly SlotRow[];
  summary(): SlotSummary;
}

const noSums = {
  ...noTermSums,
  slots: 0,
  tasks: 0,
  endless: 0,
  handovers: 0,
  queueMs: 0,
  battery: 0,
  /** Slots under the objective `felt`. */
  feltSlots: 0,
  msPerToken: 0,
  firstTokenMs: 0,
  tokensPerSecond: 0,
  /** Tasks of slots in which a handover costs something. */
  textTasks: 0,
  poolGap: 0,
  poolSlots: 0,
  dualGap: 0,
  dualSlots: 0,
  /** Slots in which unfinished tasks are carried. */
  carryingSlots: 0,
  finished: 0,
  taskLatencyMs: 0,
};
type Sums = typeof noSums;

/** @param slotsPerRow at least 1 */
export function createSlotTally(slotsPerRow: number): SlotTally {
  const whole = { ...noSums };
  const blocks: (Sums & { readonly firstSlot: number })[] = [];
  const latencies = new Histogram();
  const taskLatencies = new Histogram();
  return {
    add({ state, assignment, terms, certificate }) {
      if (state.slot % slotsPerRow === 0 || blocks.length === 0) blocks.push({ firstSlot: state.slot, ...noSums });
      const block = blocks.at(-1) as (typeof blocks)[number];
      const slot = sumSlot(state, assignment, terms);
      sumFelt(state, terms, slot);
      sumGaps(certificate, slot);
      sumFinished(state, assignment, terms, slot, taskLatencies);
      for (const key of sumKeys) {
        whole[key] += slot[key];
        block[key] += slot[key];
      }
      for (let device = 0; device < state.deviceCount; device++) {
        const latencyMs = terms.latencyMs[device] as number;
        if (Number.isFinite(latencyMs)) latencies.add(latencyMs);
      }
    },
    rows: () => blocks.map((block) => ({ firstSlot: block.firstSlot, ...figuresOf(block) })),
    summary: () => ({
      ...figuresOf(whole),
      latencyMsP50: finite(latencies.quantile(0.5)),
      latencyMsP95: finite(latencies.quantile(0.95)),
      ...(whole.carryingSlots > 0 ? { taskLatencyMsP95: finite(taskLatencies.quantile(0.95)) } : {}),
    }),
  };
}

const sumKeys = Object.keys(noSums) as (keyof Sums)[];
/** Reused for each slot. */
const slotSums: Sums = { ...noSums };

function sumSlot(state: SlotState, { server }: Assignment, terms: SlotTerms): Sums {
  const out = Object.assign(slotSums, terms.sum);
  out.slots = 1;
  out.tasks = state.deviceCount;
  out.textTasks = state.handover === undefined ? 0 : state.deviceCount;
  // Endless tasks are no part of the mean latency.
  out.latencyMs = out.endless = out.handovers = out.queueMs = out.battery = 0;
  for (let device = 0; device < state.deviceCount; device++) {
    const latencyMs = terms.latencyMs[device] as number;
    if (Number.isFinite(latencyMs)) out.latencyMs += latencyMs;
    else out.endless++;
    const before = state.previousServer[device] as number;
    const now = server[device] as number;
    if (before >= 0 && now >= 0 && before !== now) out.handovers++;
    out.battery += state.battery[device] as number;
  }
  for (let one = 0; one < state.serverCount; one++)
    out.queueMs += (state.queueDelayMs[one] as number) / state.serverCount;
  return out;
}

/** What the objective `felt` predicts. */
function sumFelt({ objective, deviceCount, slotMs }: SlotState, terms: SlotTerms, out: Sums): void {
  out.feltSlots = objective.kind === 'felt' ? 1 : 0;
  out.msPerToken = out.firstTokenMs = out.tokensPerSecond = 0;
  if (out.feltSlots === 0) return;
  for (let device = 0; device < deviceCount; device++) {
    const msPerToken = terms.msPerToken[device] as number;
    out.msPerToken += msPerToken;
    out.firstTokenMs += terms.firstTokenMs[device] as number;
    if (msPerToken < slotMs) out.tokensPerSecond += 1e3 / msPerToken;
  }
}

/** Tasks that end in this slot, where those that do not are carried over. */
function sumFinished(
  state: SlotState,
  { server }: Assignment,
  terms: SlotTerms,
  out: Sums,
  latencies: Histogram,
): void {
  const { waitedMs } = state;
  out.carryingSlots = waitedMs === undefined ? 0 : 1;
  out.finished = out.taskLatencyMs = 0;
  if (waitedMs === undefined) return;
  for (let device = 0; device < state.deviceCount; device++) {
    if (!endsInSlot(state, terms, server[device] as number, device)) continue;
    const latencyMs = (waitedMs[device] as number) + (terms.latencyMs[device] as number);
    out.finished++;
    out.taskLatencyMs += latencyMs;
    latencies.add(latencyMs);
  }
}

/** A slot with infinite cost has an infinite gap, which is left out. */
function sumGaps(certificate: Certificate | undefined, out: Sums): void {
  const { poolGap, dualGap } = certificate ?? {};
  out.poolSlots = Number.isFinite(poolGap) ? 1 : 0;
  out.poolGap = out.poolSlots === 1 ? (poolGap as number) : 0;
  out.dualSlots = Number.isFinite(dualGap) ? 1 : 0;
  out.dualGap = out.dualSlots === 1 ? (dualGap as number) : 0;
}

function figuresOf(sums: Sums): SlotFigures {
  const { slots, tasks } = sums;
  const perTask = (sum: number): number | null => finite(sum / tasks);
  return {
    slots,
    tasks,
    objective: finite(sums.costMs / slots),
    deviceMsMean: perTask(sums.deviceMs),
    edgeMsMean: perTask(sums.edgeMs),
    mismatchMsMean: perTask(sums.mismatchMs),
    energyTermMsMean: perTask(sums.energyMs),
    latencyMsMean: finite(sums.latencyMs / (tasks - sums.endless)),
    serialMsMean: perTask(sums.serialMs),
    energyJMean: perTask(sums.computeEnergyJ + sums.transmitEnergyJ),
    computeEnergyJMean: perTask(sums.computeEnergyJ),
    transmitEnergyJMean: perTask(sums.transmitEnergyJ),
    unservedShare: perTask(sums.unservedCount),
    endlessTasks: sums.endless,
    handoverShare: finite(sums.handovers / (tasks - sums.unservedCount)),
    queueMsMean: sums.queueMs / slots,
    batteryMean: perTask(sums.battery),
    ...(sums.poolSlots > 0 ? { poolGapMean: sums.poolGap / sums.poolSlots } : {}),
    ...(sums.dualSlots > 0 ? { dualGapMean: sums.dualGap / sums.dualSlots } : {}),
    ...(sums.carryingSlots > 0
      ? { finishedTasks: sums.finished, taskLatencyMsMean: finite(sums.taskLatencyMs / sums.finished) }
      : {}),
    ...(sums.feltSlots > 0
      ? {
          predictedMsPerTokenMean: perTask(sums.msPerToken),
          predictedFirstTokenMsMean: perTask(sums.firstTokenMs),
          predictedTokensPerSecond: sums.tokensPerSecond / slots,
        }
      : {}),
    ...(sums.textTasks > 0 ? { handoverMsMean: sums.handoverMs / sums.textTasks } : {}),
  };
}

/** A number, or null where JSON has none. */
export function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
