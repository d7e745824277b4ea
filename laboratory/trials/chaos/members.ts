// The processes of `trial chaos`: edges and a controller on ports of their own, which can be killed, stopped, drained and started again.

import { setTimeout as sleep } from 'node:timers/promises';
import { type ControllerProcess, startControllerProcess } from '../../../src/cli/children/controller-process.ts';
import { type EdgeProcess, startEdgeProcess } from '../../../src/cli/children/edge-process.ts';

/** A process that faults act on. */
export interface ChaosMember {
  readonly name: string;
  /** Whether it serves: it runs, is not stopped, does not drain. */
  readonly isWell: boolean;
  kill(downMs: number): Promise<void>;
  stop(forMs: number): Promise<void>;
}

export class ChaosEdge implements ChaosMember {
  readonly name: string;
  isWell = true;
  readonly #flags: readonly string[];
  #process: EdgeProcess;
  #port: number;

  private constructor(name: string, flags: readonly string[], process: EdgeProcess) {
    this.name = name;
    this.#flags = flags;
    this.#process = process;
    this.#port = Number(new URL(process.url).port);
  }

  static async start(name: string, flags: readonly string[]): Promise<ChaosEdge> {
    return new ChaosEdge(name, flags, await startEdgeProcess([...flags, '--name', name], () => {}));
  }

  async kill(downMs: number): Promise<void> {
    await this.#end('SIGKILL', downMs);
  }

  /** Ends in order: it tells its devices, and lets answers end for a few seconds. */
  async drain(downMs: number): Promise<void> {
    await this.#end('SIGTERM', downMs);
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
    const lost = this.#process.lost;
    process.kill(this.#process.processId, signal);
    await lost;
    await sleep(downMs);
    this.#process = await startEdgeProcess([...this.#flags, '--name', this.name], () => {}, { port: this.#port });
    this.isWell = true;
  }
}

export class ChaosController implements ChaosMember {
  readonly name = 'controller';
  isWell = true;
  readonly #flags: readonly string[];
  #process: ControllerProcess;

  private constructor(flags: readonly string[], process: ControllerProcess) {
    this.#flags = flags;
    this.#process = process;
  }

  static async start(flags: readonly string[]): Promise<ChaosController> {
    return new ChaosController(flags, await startControllerProcess(flags));
  }

  get url(): string {
    return this.#process.url;
  }

  async kill(downMs: number): Promise<void> {
    this.isWell = false;
    const port = Number(new URL(this.#process.url).port);
    await this.#process.kill();
    await sleep(downMs);
    this.#process = await startControllerProcess(this.#flags, { port });
    this.isWell = true;
  }

  async stop(forMs: number): Promise<void> {
    this.isWell = false;
    process.kill(this.#process.processId, 'SIGSTOP');
    await sleep(forMs);
    process.kill(this.#process.processId, 'SIGCONT');
    this.isWell = true;
  }

  async close(): Promise<void> {
    await this.#process.kill();
  }
}
