// The scene of trial abuse: an edge as an operator would run it, with keys and a log, and the process of the attacker.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type EdgeProcess, startEdgeProcess } from '../../../src/cli/children/edge-process.ts';
import type { KeyScope } from '../../../src/core/access/key-book.ts';
import { addKeyTo, revokeKeyIn } from '../../../src/files/key-files.ts';
import { residentMB } from '../../../src/files/process-usage.ts';
import { collectGarbage, inspectorIn, inspectorOptions } from '../../measuring/collect-garbage.ts';
import { processorSeconds } from '../../measuring/cpu-time.ts';
import { startWorker, toyWorker, type WorkerProcess } from '../../measuring/worker-process.ts';
import { toySeed } from '../hostile/raw-device.ts';
import { type Order, ordinaryUse } from './attack.ts';

export const places = 8;
const ordinaryContextLength = 2048;
/** Honest keys of devices, and of clients over HTTP. */
export const honestCount = 4;
export const honestHttpCount = 2;
/** Short steps, so that a few seconds hold many answers. */
export const profile = 'edge-8b-rtx4090';

const attackerFile: string = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './attacker.ts' : './attacker.js', import.meta.url),
);

export interface Keys {
  readonly honest: readonly string[];
  readonly honestHttp: readonly string[];
  readonly attacker: string;
  readonly ordinary: string;
  readonly withdrawn: string;
}

/** One line of the edge's log. */
export interface LogRecord {
  readonly address?: string | null;
  readonly key?: string | null;
}

/** Linux gives all of 127.0.0.0/8 to the loopback interface; elsewhere the attacker shares the address of the readers. */
function attackerAddress(): string {
  return process.platform === 'linux' && networkInterfaces()['lo'] !== undefined ? '127.0.0.66' : '127.0.0.1';
}

type InspectedEdge = EdgeProcess & { readonly inspector: Promise<string> };

/** Where edges of a scene are started, one after the other where one dies. */
interface Ground {
  readonly folder: string;
  readonly contextLength: number;
  /** What runs the toy; null: the edge itself. */
  readonly worker: WorkerProcess | null;
}

export interface SceneOptions {
  /** Tokens of a text on the edge. */
  readonly contextLength?: number;
  /** Whether the edge's engine is a process of its own. */
  readonly remoteEngine: boolean;
}

export class AbuseScene implements AsyncDisposable {
  readonly keys: Keys;
  readonly from: string = attackerAddress();
  readonly #ground: Ground;
  edge: InspectedEdge;
  #attacker: ChildProcess | null = null;
  #deaths = 0;
  #isClosing = false;
  #sampler: NodeJS.Timeout | null = null;
  idleMB = 0;
  peakMB = 0;

  private constructor(ground: Ground, keys: Keys, edge: InspectedEdge) {
    this.#ground = ground;
    this.keys = keys;
    this.edge = edge;
    this.#watch();
  }

  static async open({ contextLength = ordinaryContextLength, remoteEngine }: SceneOptions): Promise<AbuseScene> {
    const folder = await mkdtemp(join(tmpdir(), 'outrider-abuse-'));
    const keyFile = join(folder, 'keys.json');
    const terms = { expires: null, share: 1, maxSessions: null, maxWaiting: null } as const;
    const make = async (name: string, ...scopes: KeyScope[]): Promise<string> =>
      (await addKeyTo(keyFile, { name, scopes, ...terms }, Date.now())).key;
    const honest: string[] = [];
    const honestHttp: string[] = [];
    while (honest.length < honestCount) honest.push(await make(`honest-${honest.length + 1}`, 'verify'));
    while (honestHttp.length < honestHttpCount)
      honestHttp.push(await make(`honest-http-${honestHttp.length + 1}`, 'chat'));
    const attacker = await make('attacker', 'verify', 'chat', 'metrics');
    const ordinary = await make('ordinary', 'verify', 'chat');
    const withdrawn = await make('withdrawn', 'verify', 'chat');
    await revokeKeyIn(keyFile, 'withdrawn', Date.now());
    const keys = { honest, honestHttp, attacker, ordinary, withdrawn };
    const command = toyWorker(toySeed, places, contextLength);
    const worker = remoteEngine ? await startWorker(command, join(folder, 'engine')) : null;
    const ground = { folder, contextLength, worker };
    return new AbuseScene(ground, keys, await startEdge(ground));
  }

  get deaths(): number {
    return this.#deaths;
  }

  get port(): number {
    return Number(new URL(this.edge.url).port);
  }

  /** Where clients of the API ask. */
  get baseUrl(): string {
    return `${this.edge.url.replace(/^ws/, 'http')}/v1`;
  }

  /** Lets the edge collect its garbage: what it does not hold any more does not count as its memory. */
  async collect(): Promise<void> {
    await collectGarbage(this.edge);
  }

  /** Resident memory of the edge at this moment, MB. */
  async memoryMB(): Promise<number> {
    return (await residentMB(this.edge.processId)) ?? Number.NaN;
  }

  /**
   * Runs an attack, or ordinary use, in the attacker's process, which is ended if it does not return.
   * @returns when it began, and the processor time of the edge since
   */
  async run(
    attack: string,
    seconds: number,
    honestPrompt: readonly number[],
  ): Promise<{ readonly startMs: number; readonly busySeconds: number }> {
    const child = fork(attackerFile, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#attacker = child;
    await once(child, 'message');
    const startMs = performance.now();
    const busyBefore = await this.#busySeconds();
    const { keys, port, from } = this;
    const { contextLength } = this.#ground;
    const key = attack === ordinaryUse ? keys.ordinary : keys.attacker;
    const target = { port, key, from, contextLength, withdrawnKey: keys.withdrawn, honestPrompt };
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, (seconds + 10) * 1000);
      child.once('message', () => resolve());
      // Such an attack was not made to its end.
      child.once('exit', () => reject(new Error(`the process of the attack ${attack} has ended`)));
      child.once('message', () => clearTimeout(timer)).once('exit', () => clearTimeout(timer));
      child.send({ attack, seconds, target } satisfies Order);
    });
    child.kill('SIGKILL');
    this.#attacker = null;
    return { startMs, busySeconds: (await this.#busySeconds()) - busyBefore };
  }

  /** Processor time of the edge since its start, seconds. */
  async #busySeconds(): Promise<number> {
    return (await processorSeconds(this.edge.processId)) ?? Number.NaN;
  }

  /** Memory of the edge from now on counts as idle. */
  async settleMemory(): Promise<void> {
    this.idleMB = await this.memoryMB();
    this.peakMB = this.idleMB;
    this.#sampler = setInterval(() => void this.#sample(), 50);
  }

  /** Records of the edge's log from line `from` on, and the number of lines. */
  async log(from: number): Promise<{ readonly records: readonly LogRecord[]; readonly lines: number }> {
    const text = await readFile(join(this.#ground.folder, 'edge.log'), 'utf8').catch(() => '');
    const lines = text.split('\n').slice(0, -1);
    return { records: lines.slice(from).map((line) => JSON.parse(line) as LogRecord), lines: lines.length };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true;
    if (this.#sampler !== null) clearInterval(this.#sampler);
    this.#attacker?.kill('SIGKILL');
    await this.edge.close();
    await this.#ground.worker?.close();
    await rm(this.#ground.folder, { recursive: true, force: true });
  }

  async #sample(): Promise<void> {
    const resident = await residentMB(this.edge.processId);
    if (resident !== undefined) this.peakMB = Math.max(this.peakMB, resident);
  }

  #watch(): void {
    const watched = this.edge;
    void watched.lost.then(async () => {
      if (this.#isClosing) return;
      this.#deaths += 1;
      // Where it was: readers know no other place.
      this.edge = await startEdge(this.#ground, this.port);
      this.#watch();
    });
  }
}

async function startEdge({ folder, contextLength, worker }: Ground, port = 0): Promise<InspectedEdge> {
  const toy = `toy:${toySeed}`;
  const flags = {
    ...(worker === null ? { model: toy } : { engine: worker.url, tokenizer: toy }),
    profile,
    sessions: places,
    context: contextLength,
    keys: join(folder, 'keys.json'),
    'log-file': join(folder, 'edge.log'),
    'log-format': 'json',
    'log-level': 'info',
    'log-file-size': 500,
  };
  const words = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, `${value}`]);
  const { promise: inspector, resolve } = Promise.withResolvers<string>();
  const onNote = (line: string): void => {
    const address = inspectorIn(line);
    if (address !== undefined) resolve(address);
  };
  return { ...(await startEdgeProcess(words, onNote, { port, nodeOptions: inspectorOptions })), inspector };
}
