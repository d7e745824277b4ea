// A process of `trial chaos`, an edge, a controller or a store on a port of its own, or the engine of an edge, which can be killed, stopped,
// drained and started again.

import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalStore } from '../../../simulator/files/nats-server.ts';
import type { ControllerProcess } from '../../../simulator/fleet/controller-process.ts';
import type { EdgeProcess } from '../../../src/cli/children/edge-process.ts';
import type { WorkerProcess } from '../../measuring/worker-process.ts';

type Member = EdgeProcess | ControllerProcess | WorkerProcess | LocalStore;
type Start = (port: number) => Promise<Member>;

/** A process that faults act on. */
export class ChaosMember {
  /** Whether it serves: it runs, is not stopped, does not drain. */
  isWell = true;
  readonly #start: Start;
  #process: Member;

  private constructor(start: Start, process: Member) {
    this.#start = start;
    this.#process = process;
  }

  /** @param start port 0: a free one, or none */
  static async start(start: Start): Promise<ChaosMember> {
    return new ChaosMember(start, await start(0));
  }

  get url(): string {
    return this.#process.url;
  }

  kill(downMs: number): Promise<void> {
    return this.#end('SIGKILL', downMs);
  }

  /** Ends in order: devices are notified, and answers may end for a few seconds. */
  drain(downMs: number): Promise<void> {
    return this.#end('SIGTERM', downMs);
  }

  async stop(forMs: number): Promise<void> {
    this.isWell = false;
    process.kill(this.#process.processId, 'SIGSTOP');
    await sleep(forMs);
    process.kill(this.#process.processId, 'SIGCONT');
    this.isWell = true;
  }

  async close(): Promise<void> {
    await this.#process.close();
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM', downMs: number): Promise<void> {
    this.isWell = false;
    const { processId, lost, url } = this.#process;
    process.kill(processId, signal);
    await lost;
    await sleep(downMs);
    this.#process = await this.#start(Number(new URL(url).port));
    this.isWell = true;
  }
}
