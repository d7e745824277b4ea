// Thousands of made-up members (crowd.ts) at a real controller, over real connections, in threads of their own.

import { serveWork, type Work } from '../../../simulator/runner/worker-pool.ts';
import { reachController } from '../../../src/cli/options/member-options.ts';
import { machineClock } from '../../../src/network/transport/machine-clock.ts';
import type { ControlClient, ControlNote } from '../../../src/processes/controller/control-client.ts';
import { CrowdDevice, createTown, crowdEdge } from './crowd.ts';
import {
  type CrowdMemberOptions,
  type FirstOrder,
  FirstOrders,
  joinCrowdDevice,
  joinCrowdEdge,
  MemberBytes,
} from './crowd-member.ts';

/** What a thread holds, and what its members have counted since the last question. */
export interface CrowdTally {
  readonly connected: number;
  /** By cell: connections that were lost, and members that were refused or could not follow. */
  readonly lost: readonly number[];
  readonly refused: readonly number[];
  /** Attempts to connect that failed; the member tries again. */
  readonly failedAttempts: number;
  /** Devices that read an answer. */
  readonly reading: number;
  /** By devices since the start, WebSocket headers without. */
  readonly deviceSentBytes: number;
  /** From the report that an answer has ended to the order for the next one, ms. */
  readonly orderDelaysMs: readonly number[];
  /** One for each epoch since the start, ms since 1970. */
  readonly firstOrders: readonly FirstOrder[];
  /** How late timers of the thread were at most, ms: the load of this side. */
  readonly lateMs: number;
}

export interface CrowdPlan {
  /** Addresses of all controllers, with commas between them. */
  readonly url: string;
  /** Each is a town of its own; devices are dealt out to them in turn. */
  readonly cells: readonly string[];
  readonly edgesOfCell: number;
  readonly placesOfEdge: number;
  readonly reportEveryMs: number;
  /** This thread has every `step`-th device, from this one on. */
  readonly first: number;
  readonly step: number;
  readonly joinsPerSecond: number;
}

let crowd: Crowd | undefined;

/** The question is a number of devices: new ones join until the thread has as many. Then it returns its tally. */
export const crowdWork: Work<number, CrowdTally, CrowdPlan> = {
  role: 'crowd of a controller',
  file: import.meta.url,
  async measure(devices, plan) {
    crowd ??= new Crowd(plan);
    await crowd.grow(devices);
    return crowd.tally();
  },
};

const nothing = { failedAttempts: 0, lateMs: 0 };

/** The members of a thread; the first thread has all edges. */
class Crowd {
  readonly #plan: CrowdPlan;
  readonly #clients: ControlClient[] = [];
  readonly #devices: CrowdDevice[] = [];
  readonly #firstOrders = new FirstOrders();
  readonly #deviceBytes = new MemberBytes();
  #counts = { ...nothing };
  #lost: number[] = [];
  #refused: number[] = [];
  #delays: number[] = [];

  constructor(plan: CrowdPlan) {
    this.#plan = plan;
    this.#clear();
    this.#watchTimers();
    const town = createTown(plan.edgesOfCell);
    for (const cell of plan.first === 0 ? plan.cells.keys() : []) {
      for (let edge = 0; edge < plan.edgesOfCell; edge += 1) {
        const report = crowdEdge(town, edge, plan.placesOfEdge);
        this.#clients.push(joinCrowdEdge(edge, report, this.#memberOf(cell)));
      }
    }
  }

  async grow(to: number): Promise<void> {
    const { joinsPerSecond } = this.#plan;
    const startMs = machineClock.nowMs();
    for (let joined = 0; this.#devices.length < to; joined += 1) {
      const waitMs = startMs + (1000 * joined) / joinsPerSecond - machineClock.nowMs();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      this.#openDevice();
    }
  }

  tally(): CrowdTally {
    const tally = {
      ...this.#counts,
      lost: this.#lost,
      refused: this.#refused,
      orderDelaysMs: this.#delays,
      firstOrders: this.#firstOrders.all,
      connected: this.#clients.filter(({ isConnected }) => isConnected).length,
      reading: this.#devices.filter(({ isReading }) => isReading).length,
      deviceSentBytes: this.#deviceBytes.count.sentBytes,
    };
    this.#clear();
    return tally;
  }

  #clear(): void {
    this.#counts = { ...nothing };
    this.#lost = this.#plan.cells.map(() => 0);
    this.#refused = this.#plan.cells.map(() => 0);
    this.#delays = [];
  }

  #openDevice(): void {
    const { edgesOfCell, cells, first, step } = this.#plan;
    const number = first + step * this.#devices.length;
    const device = new CrowdDevice(createTown(edgesOfCell), number, machineClock.nowMs());
    this.#devices.push(device);
    const member = this.#memberOf(number % cells.length);
    const client = joinCrowdDevice(device, {
      ...member,
      reach: this.#deviceBytes.countOn(member.reach),
      onOrder: (message, waitedMs) => {
        this.#firstOrders.add(message, performance.timeOrigin + performance.now());
        if (waitedMs !== null) this.#delays.push(waitedMs);
      },
    });
    this.#clients.push(client);
  }

  #memberOf(cell: number): CrowdMemberOptions {
    const { url, cells, reportEveryMs } = this.#plan;
    const reach = reachController({ controller: url });
    return {
      reach: (accept, failed, elsewhere) => {
        const failedHere = (): void => {
          this.#counts.failedAttempts += 1;
          failed();
        };
        return reach(accept, failedHere, elsewhere);
      },
      cell: cells[cell],
      clock: machineClock,
      reportEveryMs,
      note: (event) => this.#note(event, cell),
    };
  }

  #note({ kind }: ControlNote, cell: number): void {
    if (kind === 'connected') return;
    const counts = kind === 'lost' ? this.#lost : this.#refused;
    counts[cell] = (counts[cell] ?? 0) + 1;
  }

  #watchTimers(): void {
    const everyMs = 50;
    const fromMs = machineClock.nowMs();
    machineClock.after(everyMs, () => {
      this.#counts.lateMs = Math.max(this.#counts.lateMs, machineClock.nowMs() - fromMs - everyMs);
      this.#watchTimers();
    });
  }
}

serveWork(crowdWork);
