// Thousands of made-up members (crowd.ts) at a real controller, over real connections, in threads of their own.

import { serveWork, type Work } from '../../../simulator/runner/worker-pool.ts';
import { machineClock } from '../../../src/network/transport/machine-clock.ts';
import { connectWebSocket } from '../../../src/network/transport-node/websocket-client.ts';
import { ControlClient, type ControlNote, reachBy } from '../../../src/processes/controller/control-client.ts';
import { CrowdDevice, createTown, crowdEdge, crowdEdgeId } from './crowd.ts';

/** What a thread holds, and what its members have counted since the last question. */
export interface CrowdTally {
  readonly connected: number;
  /** Connections that were lost, and members that were refused or could not follow. */
  readonly lost: number;
  readonly refused: number;
  /** Attempts to connect that failed; the member tries again. */
  readonly failedAttempts: number;
  /** Devices that read an answer. */
  readonly reading: number;
  /** From the report that an answer has ended to the order for the next one, ms. */
  readonly orderDelaysMs: readonly number[];
  /** How late timers of the thread were at most, ms: the load of this side. */
  readonly lateMs: number;
}

export interface CrowdPlan {
  readonly url: string;
  readonly edges: number;
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

const nothing = { lost: 0, refused: 0, failedAttempts: 0, lateMs: 0 };

/** The members of a thread; the first thread has all edges. */
class Crowd {
  readonly #plan: CrowdPlan;
  readonly #clients: ControlClient[] = [];
  readonly #devices: CrowdDevice[] = [];
  #counts = { ...nothing };
  #delays: number[] = [];

  constructor(plan: CrowdPlan) {
    this.#plan = plan;
    this.#watchTimers();
    const town = createTown(plan.edges);
    for (let edge = 0; plan.first === 0 && edge < plan.edges; edge += 1) {
      const report = crowdEdge(town, edge, plan.placesOfEdge);
      this.#join('edge', crowdEdgeId(edge), () => report);
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
      orderDelaysMs: this.#delays,
      connected: this.#clients.filter(({ isConnected }) => isConnected).length,
      reading: this.#devices.filter(({ isReading }) => isReading).length,
    };
    this.#counts = { ...nothing };
    this.#delays = [];
    return tally;
  }

  #openDevice(): void {
    const { edges, first, step } = this.#plan;
    const device = new CrowdDevice(createTown(edges), first + step * this.#devices.length, machineClock.nowMs());
    this.#devices.push(device);
    let askedAtMs: number | null = null;
    const client = this.#join(
      'device',
      device.id,
      () => device.report(machineClock.nowMs()),
      (message) => {
        device.follow(message);
        if (message.kind !== 'assign' || askedAtMs === null) return;
        this.#delays.push(machineClock.nowMs() - askedAtMs);
        askedAtMs = null;
      },
    );
    const turnLater = (): void => {
      machineClock.after(Math.max(1, device.turnsAtMs - machineClock.nowMs()), () => {
        const wasReading = device.isReading;
        device.turn(machineClock.nowMs());
        if (wasReading) askedAtMs = machineClock.nowMs();
        client.reportNow();
        turnLater();
      });
    };
    turnLater();
  }

  #join(
    kind: 'edge' | 'device',
    id: string,
    report: () => ReturnType<CrowdDevice['report']> | ReturnType<typeof crowdEdge>,
    onOrder: (message: Parameters<CrowdDevice['follow']>[0]) => void = () => {},
  ): ControlClient {
    const reach = reachBy(connectWebSocket(this.#plan.url));
    const client = new ControlClient({
      reach: (accept, failed) =>
        reach(accept, () => {
          this.#counts.failedAttempts += 1;
          failed();
        }),
      role: kind,
      id,
      reportEveryMs: this.#plan.reportEveryMs,
      report,
      onOrder,
      note: (event) => this.#note(event),
    });
    this.#clients.push(client);
    return client;
  }

  #note({ kind }: ControlNote): void {
    if (kind === 'lost') this.#counts.lost += 1;
    else if (kind !== 'connected') this.#counts.refused += 1;
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
