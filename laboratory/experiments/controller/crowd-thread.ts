// Thousands of made-up members (crowd.ts) at a real controller, over real connections, in threads of their own.

import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { machineClock } from '../../../src/network/transport/machine-clock.ts';
import { connectWebSocket } from '../../../src/network/transport-node/websocket-client.ts';
import { ControlClient, type ControlNote, reachBy } from '../../../src/processes/controller/control-client.ts';
import { CrowdDevice, createTown, crowdEdge, crowdEdgeId } from './crowd.ts';

/** What a thread holds, and what its members have counted since they were asked last. */
export interface CrowdTally {
  readonly connected: number;
  /** Connections that were lost, and members that were refused or could not follow. */
  readonly lost: number;
  readonly refused: number;
  /** Attempts to connect that failed; the member tries again. */
  readonly failedAttempts: number;
  readonly reports: number;
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
  /** New connections in a second. */
  readonly joinsPerSecond: number;
}

type Question =
  | { readonly kind: 'edges' }
  | { readonly kind: 'grow'; readonly to: number }
  | { readonly kind: 'tally' };

const role = 'crowd of a controller';

/** A thread of made-up members. */
export class CrowdThread implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #waiting: ((answer: unknown) => void)[] = [];
  readonly #failed: Promise<never>;

  constructor(plan: CrowdPlan) {
    this.#worker = new Worker(fileURLToPath(import.meta.url), { workerData: { role, plan } });
    this.#worker.on('message', (answer: unknown) => this.#waiting.shift()?.(answer));
    this.#failed = new Promise((_, reject) => this.#worker.once('error', reject));
    this.#failed.catch(() => {});
  }

  /** Lets the edges of the town join. */
  async openEdges(): Promise<void> {
    await this.#ask({ kind: 'edges' });
  }

  /** Lets devices join until it has so many; resolves when all have tried. */
  async grow(to: number): Promise<void> {
    await this.#ask({ kind: 'grow', to });
  }

  async tally(): Promise<CrowdTally> {
    return (await this.#ask({ kind: 'tally' })) as CrowdTally;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }

  #ask(question: Question): Promise<unknown> {
    const answer = new Promise((resolve) => this.#waiting.push(resolve));
    this.#worker.postMessage(question);
    return Promise.race([answer, this.#failed]);
  }
}

const nothing = { lost: 0, refused: 0, failedAttempts: 0, reports: 0, lateMs: 0 };

/** What runs in the thread. */
class Crowd {
  readonly #plan: CrowdPlan;
  readonly #clients: ControlClient[] = [];
  readonly #devices: CrowdDevice[] = [];
  #counts = { ...nothing };
  #delays: number[] = [];

  constructor(plan: CrowdPlan) {
    this.#plan = plan;
    this.#watchTimers();
  }

  openEdges(): void {
    const town = createTown(this.#plan.edges);
    for (let edge = 0; edge < this.#plan.edges; edge += 1) {
      const report = crowdEdge(town, edge, this.#plan.placesOfEdge);
      this.#join(
        'edge',
        crowdEdgeId(edge),
        () => report,
        () => {},
      );
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
    onOrder: (message: Parameters<CrowdDevice['follow']>[0]) => void,
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
      report: () => {
        this.#counts.reports += 1;
        return report();
      },
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
    const [everyMs, fromMs] = [50, machineClock.nowMs()];
    machineClock.after(everyMs, () => {
      this.#counts.lateMs = Math.max(this.#counts.lateMs, machineClock.nowMs() - fromMs - everyMs);
      this.#watchTimers();
    });
  }
}

const given = workerData as { readonly role?: unknown; readonly plan: CrowdPlan } | null;
if (!isMainThread && given?.role === role) {
  const crowd = new Crowd(given.plan);
  parentPort?.on('message', (question: Question) => {
    if (question.kind === 'tally') parentPort?.postMessage(crowd.tally());
    else if (question.kind === 'grow') void crowd.grow(question.to).then(() => parentPort?.postMessage(null));
    else parentPort?.postMessage(crowd.openEdges());
  });
}
