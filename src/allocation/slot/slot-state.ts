// The state that a policy sees and the assignment that it decides, for one time slot of the UARA problem (Koh & Yang 2025). Arrays are
// indexed by device i (0 .. M-1), by server j (0 .. E-1), or by link (i * E + j unless candidates are listed). Times are in ms, rates in
// bit/s, powers in W, ratios linear. A policy must not keep or change these arrays: the simulator reuses them for the next slot.

import type { PaceState } from './pace-state.ts';

/** The form and the weights of the objective. */
export interface ObjectiveSettings {
  /**
   * `paper`: latency, mismatch and energy of a window (Koh & Yang 2025). `felt`: predicted ms for each token of an answer, and energy;
   * it needs {@link SlotState.pace}. Default: `paper`.
   */
  readonly kind?: 'paper' | 'felt' | undefined;
  /** Weight of the mismatch term lambda * (D^MD - d/R)^2, per ms: a configured value per second is divided by 1,000 once. */
  readonly lambdaPerMs: number;
  /**
   * Under `felt`, how many times a ms until the first token counts, against one of the rest of the answer; from 1; left out:
   * {@link usualFirstTokenWeight}.
   */
  readonly firstTokenWeight?: number | undefined;
  /** Weight w of the energy term, ms per (J / battery share). */
  readonly energyWeight: number;
  /**
   * Transmission energy. `band`: delta_CM * y W_j P, linear in the share, as the paper prints it (W_j in MHz, P in W, per slot).
   * `airtime`: delta_CM * P * d/R, power times time on air (d/R in s).
   */
  readonly energyModel: 'band' | 'airtime';
  /** `fixed-snr`: R = y W_j log2(1 + SNR), eq. 5. `concentrated`: all power in the allotted band, R = y W_j log2(1 + SNR / y). */
  readonly radioModel: 'fixed-snr' | 'concentrated';
  /** delta_CP, J per FLOP. */
  readonly computeEnergyPerFlop: number;
  /** delta_CM, J per (MHz W) for `band`, J per (W s) for `airtime`. */
  readonly transmitEnergyFactor: number;
  /** Links below it, over the server's whole band, are not eligible; linear (-5 dB = 0.316). */
  readonly minimumSnr: number;
  /** What a slot costs a device that no server serves, ms; left out: `slotMs`. No decision changes it, so no optimum depends on it. */
  readonly unservedMs?: number | undefined;
}

/** Chosen from the curve of `outrider bench felt` (docs/research/allocation.md, The first token). */
export const usualFirstTokenWeight = 1;

/** The candidate servers of each device, where listing all links would be too long: 100,000 devices among 10,000 servers. */
export interface CandidateLinks {
  /** Links start[i] .. start[i + 1] - 1 are those of device i; [M + 1]. */
  readonly start: Int32Array;
  /** The server of each link, ascending within a device; [links]. */
  readonly server: Int32Array;
}

/** The price of leaving the server that holds the text of a device's session. */
export interface HandoverState {
  /** The server that holds the device's text, -1 for none: then no server costs a handover; [M]. */
  readonly textServer: Int32Array;
  /** FLOP of evaluating the text on another server; [M]. */
  readonly textFlop: Float64Array;
  /** FLOP/s of a server for this evaluation; [E]. */
  readonly textFlopPerSecond: Float64Array;
  /** ms of sending the text's keys and values to another server; [M]. */
  readonly transferMs: Float64Array;
}

/** Data for a forecast, beside the slot itself. */
export interface Outlook {
  /** `gain` and `snr` are this many slots old (stale CSI); costs are counted with those of the slot itself. */
  readonly gainAgeSlots: number;
  /** Positions of devices one slot ago, two slots ago, and so on; at least one more than `gainAgeSlots`. Metres; [M] each. */
  readonly deviceX: readonly Float64Array[];
  readonly deviceY: readonly Float64Array[];
  /** Unfinished work of servers, ms of their whole time, with the queue law `backlog`; otherwise 0; [E]. */
  readonly backlogMs: Float64Array;
  /** kappa, ms: the delay of a task for each whole slot of backlog; 0 where the queue does not depend on work. */
  readonly kappaMs: number;
  /** Energy of a full battery, J; infinite where it is not used up; [M]. */
  readonly batteryJ: Float64Array;
}

/** One slot as policies see it. */
export interface SlotState {
  /** Counts from 0. */
  readonly slot: number;
  /** The run's seed; random policies key their draws by seed and slot, so the same state gives the same assignment. */
  readonly seed: number;
  readonly slotMs: number;
  /** M. */
  readonly deviceCount: number;
  /** E. */
  readonly serverCount: number;
  readonly objective: ObjectiveSettings;

  /** d_i, bits to send; [M]. */
  readonly payloadBits: Float64Array;
  /** f_i^MD, FLOP on the device; [M]. */
  readonly deviceFlop: Float64Array;
  /** f_i^ES, FLOP on the edge; [M]. */
  readonly edgeFlop: Float64Array;
  /** F_i^MD, FLOP/s of the device; [M]. */
  readonly deviceFlopPerSecond: Float64Array;
  /** P_i, W; [M]. */
  readonly transmitPowerW: Float64Array;
  /** B_i, remaining share, (0, 1]; [M]. */
  readonly battery: Float64Array;
  /** Metres; [M]. */
  readonly deviceX: Float64Array;
  readonly deviceY: Float64Array;

  /** F_j^ES, FLOP/s of the server; [E]. */
  readonly serverFlopPerSecond: Float64Array;
  /** W_j, Hz; [E]. */
  readonly bandwidthHz: Float64Array;
  /** k_j * kappa, ms that a task waits before it starts; [E]. */
  readonly queueDelayMs: Float64Array;
  /** Metres; [E]. */
  readonly serverX: Float64Array;
  readonly serverY: Float64Array;

  /** The links of `gain` and `snr`; absent: all of them, link i * E + j. Read both through links.ts. */
  readonly candidates?: CandidateLinks;
  /** |h_ij|^2, linear power gain; [M * E], or one for each candidate link. */
  readonly gain: Float64Array;
  /** P_i |h_ij|^2 / (N_0 W_j), linear, over the server's whole band; [M * E], or one for each candidate link. */
  readonly snr: Float64Array;

  /** Since the task's first slot, ms; only where unfinished tasks are carried over to the next slot; [M]. */
  readonly waitedMs?: Float64Array | undefined;

  /** The association of the slot before, -1 for none; [M]. */
  readonly previousServer: Int32Array;
  /** Needed by the objective `felt` and by predictPace. */
  readonly pace?: PaceState | undefined;
  /** Absent: a handover costs nothing. */
  readonly handover?: HandoverState | undefined;
  readonly outlook?: Outlook | undefined;
}

/** A policy's decision: x, y and z. */
export interface Assignment {
  /** The server of each device, 0 .. E-1, or -1: not served in this slot (no eligible link); [M]. */
  readonly server: Int32Array;
  /** y_i, share of the server's band, [0, 1], at most 1 in sum per server; [M]. */
  readonly bandwidthShare: Float64Array;
  /** z_i, share of the server's computing, [0, 1], at most 1 in sum per server; [M]. */
  readonly computeShare: Float64Array;
}

/** Decides one slot. Pure: the same state, the same assignment. */
export type Policy = (state: SlotState) => Assignment;
