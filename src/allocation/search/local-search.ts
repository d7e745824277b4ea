// Moves and swaps until none helps. A move takes one device to another server; a swap exchanges the servers of two. Koh & Yang's
// TMA only swaps, so it never changes how many devices a server has. Changes are screened by their floors in O(1), and confirmed by
// exact costs, the best floor first.

import { findProblemLink, type Problem, ProblemWork } from './problem.ts';
import { DeviceQueue, Offers } from './search-lists.ts';
import { change, type SearchState } from './search-state.ts';
import { estimateError } from './sharing-rule.ts';

/**
 * Far more than a search needs. Where costs are many magnitudes larger than their differences, rounding can show savings without end.
 */
const mostExaminationsPerDevice = 500;

export interface SearchMoves {
  readonly canMove: boolean;
  readonly canSwap: boolean;
  /** A change has to save this share of the cost of its two servers; at least 1e-9, against rounding. */
  readonly leastSaving: number;
  /** Stops after examining this many devices; default: when no change is left, at the latest after {@link mostExaminationsPerDevice} times all. */
  readonly mostExaminations?: number;
}

/** Every change, as long as it saves more than rounding. */
export const allMoves: SearchMoves = { canMove: true, canSwap: true, leastSaving: 1e-9 };

/** Changes the partition in place until no move and no swap saves enough, or so many devices were examined. @returns the number of changes */
export function searchLocally(problem: Problem, state: SearchState, moves: SearchMoves = allMoves): number {
  return new LocalSearch(problem, state, moves).run();
}

class LocalSearch extends ProblemWork {
  readonly #state: SearchState;
  readonly #moves: SearchMoves;
  readonly #waiting = new DeviceQueue(this.problem.deviceCount);
  readonly #offers = new Offers();
  /** Counts changes. A device gains nothing from servers that have not changed since it was examined. */
  #clock = 0;
  readonly #examinedAt = new Int32Array(this.problem.deviceCount).fill(-1);
  readonly #changedAt = new Int32Array(this.problem.serverCount);

  constructor(problem: Problem, state: SearchState, moves: SearchMoves) {
    super(problem);
    this.#state = state;
    this.#moves = moves;
  }

  run(): number {
    const { rule, partition } = this.#state;
    const most = this.#moves.mostExaminations ?? mostExaminationsPerDevice * this.problem.deviceCount;
    for (let server = 0; server < this.problem.serverCount; server++) rule.screen(server, this.#moves);
    for (const [device, link] of partition.linkOf.entries()) if (link >= 0) this.#waiting.push(device);
    for (let count = 0; count < most; count++) {
      const device = this.#waiting.pop();
      if (device < 0) break;
      this.#screen(device);
      const entry = this.#confirm(device);
      if (entry >= 0) this.#change(device, entry);
      else this.#examinedAt[device] = this.#clock;
    }
    return this.#clock;
  }

  /** Offers every change of a device with a floor that saves enough. */
  #screen(device: number): void {
    const { linkServer, linkStart } = this.problem;
    const { partition, rule } = this.#state;
    const { canMove, canSwap, leastSaving } = this.#moves;
    const linkOut = partition.linkOf[device] as number;
    const server = linkServer[linkOut] as number;
    const serverChangedAt = this.#changedAt[server] as number;
    const seenAt = this.#examinedAt[device] as number;
    const leavingMs = canMove ? rule.changeFloor(server, -1, linkOut) : 0;
    const end = linkStart[device + 1] as number;
    this.#offers.clear();
    for (let linkIn = linkStart[device] as number; linkIn < end; linkIn++) {
      const target = linkServer[linkIn] as number;
      const since = Math.max(serverChangedAt, this.#changedAt[target] as number);
      if (target === server || since <= seenAt) continue;
      const threshold = -leastSaving * ((rule.costMs[server] as number) + (rule.costMs[target] as number));
      if (canMove) {
        const floor = leavingMs + rule.changeFloor(target, linkIn, -1, threshold - leavingMs);
        if (floor < threshold) this.#offers.add(floor, linkIn, -1);
      }
      if (canSwap) this.#screenSwaps(device, server, linkIn, since, threshold);
    }
  }

  /** Swaps with the devices of one server. The hot loop: floors are written out (see sharing-rule.ts). */
  #screenSwaps(device: number, server: number, linkIn: number, since: number, threshold: number): void {
    const { linkServer, workRoot } = this.problem;
    const { first, next } = this.#state.partition;
    const { addedMs, heldMs, slackMs, workSum, workSpeed } = this.#state.rule;
    const target = linkServer[linkIn] as number;
    const root = workRoot[device] as number;
    const slack = (slackMs[target] as number) + (slackMs[server] as number);
    const base = (addedMs[linkIn] as number) - (heldMs[device] as number) + slack;
    const twiceTarget = 2 * (workSum[target] as number);
    const twiceServer = 2 * (workSum[server] as number);
    const targetPrice = 1 / (workSpeed[target] as number);
    const serverPrice = 1 / (workSpeed[server] as number);
    for (let other = first[target] as number; other >= 0; other = next[other] as number) {
      // The other device has examined this pair since either server changed.
      if ((this.#examinedAt[other] as number) >= since) continue;
      const otherIn = findProblemLink(this.problem, other, server);
      if (otherIn < 0) continue;
      const more = root - (workRoot[other] as number);
      const workMs = more * ((twiceTarget + more) * targetPrice - (twiceServer - more) * serverPrice);
      const floor = base + (addedMs[otherIn] as number) - (heldMs[other] as number) + workMs;
      if (floor < threshold) this.#offers.add(floor, linkIn, otherIn);
    }
  }

  /** @returns the best offer that saves enough, or -1 */
  #confirm(device: number): number {
    const { linkServer, linkDevice } = this.problem;
    const { partition, rule } = this.#state;
    const offers = this.#offers;
    const linkOut = partition.linkOf[device] as number;
    const server = linkServer[linkOut] as number;
    const serverMs = rule.costMs[server] as number;
    let best = -1;
    let bestMs = 0;
    for (let entry = offers.takeBest(bestMs); entry >= 0; entry = offers.takeBest(bestMs)) {
      const linkIn = offers.linkIn[entry] as number;
      const otherIn = offers.otherIn[entry] as number;
      const target = linkServer[linkIn] as number;
      const otherOut = otherIn < 0 ? -1 : (partition.linkOf[linkDevice[otherIn] as number] as number);
      const targetMs = rule.costMs[target] as number;
      const wantedMs = Math.min(bestMs, -this.#moves.leastSaving * (serverMs + targetMs));
      const estimateMs = rule.estimate(target, linkIn, otherOut) + rule.estimate(server, otherIn, linkOut);
      // Without a formula for an estimate this compares with NaN.
      if (estimateMs * (1 - estimateError) - (serverMs + targetMs) * (1 + estimateError) >= wantedMs) continue;
      const addedMs = rule.probe(target, linkIn, otherOut) - targetMs;
      if (addedMs + rule.changeFloor(server, otherIn, linkOut) >= bestMs) continue;
      const changeMs = addedMs + rule.probe(server, otherIn, linkOut) - serverMs;
      if (changeMs < wantedMs) {
        bestMs = changeMs;
        best = entry;
      }
    }
    return best;
  }

  #change(device: number, entry: number): void {
    const { linkServer } = this.problem;
    const server = linkServer[this.#state.partition.linkOf[device] as number] as number;
    const linkIn = this.#offers.linkIn[entry] as number;
    change(this.problem, this.#state, linkIn, this.#offers.otherIn[entry] as number);
    this.#clock++;
    this.#settle(server);
    this.#settle(linkServer[linkIn] as number);
  }

  /** Recomputes a server, and queues every device that can reach it. */
  #settle(server: number): void {
    this.#state.rule.settle(server);
    this.#state.rule.screen(server, this.#moves);
    this.#changedAt[server] = this.#clock;
    for (const link of this.problem.linksOfServer[server] as Int32Array)
      this.#waiting.push(this.problem.linkDevice[link] as number);
  }
}
