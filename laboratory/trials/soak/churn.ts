// Devices that come and go in every way that they can: each answer is whole, broken off, cut and resumed, abandoned, refused for its key,
// or no answer at all, only a connection. What they read is compared with the toy's own text.

import type { Random } from '../../../src/core/basics/philox.ts';
import { ModelDrafter } from '../../../src/models/port/drafter.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import type { Connect, ConnectionHandler } from '../../../src/network/transport/transport.ts';
import { connectWebSocket } from '../../../src/network/transport-node/websocket-client.ts';
import type { TurnReport } from '../../../src/processes/device/turn-report.ts';
import { type ReadAnswer, readTask, type ToyTask } from '../../readers/toy-reader.ts';

/** Kinds of churn, in parts of a hundred. */
const shares = { whole: 40, aborted: 15, cut: 20, abandoned: 15, 'wrong key': 8, silent: 2 } as const;
export type Churn = keyof typeof shares;
export const churnKinds: readonly Churn[] = Object.keys(shares) as Churn[];

export interface ChurnCount {
  begun: number;
  /** The whole answer has come. */
  complete: number;
  /** Refused because all places were taken for too long, or because too many waited. */
  full: number;
  resumed: number;
  /** A text that differs from the toy's. */
  wrong: number;
  /** It ended otherwise than its kind of churn lets it end. */
  failed: number;
}

export type ChurnCounts = Readonly<Record<Churn, ChurnCount>>;

export function noCounts(): ChurnCounts {
  const none = (): ChurnCount => ({ begun: 0, complete: 0, full: 0, resumed: 0, wrong: 0, failed: 0 });
  return Object.fromEntries(churnKinds.map((kind) => [kind, none()])) as Record<Churn, ChurnCount>;
}

export interface ChurnSettings {
  readonly url: string;
  readonly toySeed: number;
  readonly tasks: readonly ToyTask[];
  readonly keys: readonly string[];
  readonly counts: ChurnCounts;
  /** Takes one sentence for each fault. */
  readonly report: (text: string) => void;
}

/** Within this time a device that is to break off, or whose connection is to be cut, does so, ms. */
const longestPatienceMs = 400;
const wrongKey = 'ok_nobody';
/** An edge that comes back late on a busy machine is no fault. */
const giveUpAfterMs = 60_000;

/** One device at a time; it has a draft model of its own. */
export class ChurningDevice implements AsyncDisposable {
  readonly #settings: ChurnSettings;
  readonly #random: Random;
  readonly #model;
  readonly #drafter;

  constructor(settings: ChurnSettings, random: Random) {
    this.#settings = settings;
    this.#random = random;
    this.#model = createToyModel({ seed: settings.toySeed, role: 'draft', agreement: 0.8, sequences: 2 });
    this.#drafter = new ModelDrafter(this.#model);
  }

  /** Never throws. */
  async once(): Promise<void> {
    const kind = this.#draw();
    const count = this.#settings.counts[kind];
    count.begun += 1;
    try {
      if (kind === 'silent') await this.#keepSilent();
      else await this.#ask(kind, count);
    } catch (error) {
      this.#fail(kind, error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#drafter[Symbol.asyncDispose]();
    await this.#model.close();
  }

  #draw(): Churn {
    let left = this.#random.integer(100);
    for (const kind of churnKinds) {
      left -= shares[kind];
      if (left < 0) return kind;
    }
    return 'whole';
  }

  async #ask(kind: Exclude<Churn, 'silent'>, count: ChurnCount): Promise<void> {
    const { tasks, keys } = this.#settings;
    const task = this.#pick(tasks);
    const patienceMs = this.#random.integer(longestPatienceMs);
    const stop = new AbortController();
    const timer = kind === 'aborted' ? setTimeout(() => stop.abort(), patienceMs) : undefined;
    const options = {
      connect: this.#connect(kind, patienceMs),
      tokenizer: this.#model.tokenizer,
      drafter: this.#random.integer(3) === 0 ? null : this.#drafter,
      credentials: kind === 'wrong key' ? wrongKey : this.#pick(keys),
      giveUpAfterMs: kind === 'abandoned' ? 1 : giveUpAfterMs,
      signal: stop.signal,
    };
    const answer = await readTask(task, options);
    clearTimeout(timer);
    this.#judge(kind, count, answer);
  }

  #judge(kind: Churn, count: ChurnCount, { report, isPrefix, isRight, end }: ReadAnswer): void {
    const { outcome, tokens, connections } = report;
    if (connections > 1) count.resumed += 1;
    if (!isPrefix || (outcome.kind === 'ended' && !isRight)) {
      count.wrong += 1;
      this.#settings.report(`${kind}: a text differs from the target's own after ${tokens.length} tokens`);
    }
    if (outcome.kind === 'ended') count.complete += 1;
    if (outcome.kind === 'failed' && outcome.code === 'edge-full') count.full += 1;
    else if (!isAllowed(kind, outcome)) this.#fail(kind, end);
  }

  #fail(kind: Churn, how: string): void {
    this.#settings.counts[kind].failed += 1;
    this.#settings.report(`${kind}: ${how}`);
  }

  /** Opens a connection, sends nothing, and waits until the edge closes it. */
  async #keepSilent(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const handler: ConnectionHandler = { frame: () => {}, writable: () => {}, closed: () => resolve() };
      connectWebSocket(this.#settings.url)(() => handler).catch(reject);
    });
  }

  /** A connector whose connections break as the kind requires; an abandoned turn gets no second one. */
  #connect(kind: Churn, patienceMs: number): Connect {
    const connect = connectWebSocket(this.#settings.url);
    if (kind !== 'cut' && kind !== 'abandoned') return connect;
    let opened = 0;
    const mostCuts = kind === 'abandoned' ? 1 : 1 + this.#random.integer(3);
    return async (accept, options) => {
      if (kind === 'abandoned' && opened > 0) throw new Error('nobody is there any more');
      opened += 1;
      const connection = await connect(accept, options);
      // The connection ends without a close, as when a device leaves the network.
      const cut = (): void => connection.close('edge-unreachable', 'cut');
      if (opened <= mostCuts) setTimeout(cut, patienceMs / mostCuts);
      return connection;
    };
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[this.#random.integer(items.length)] as Item;
  }
}

function isAllowed(kind: Churn, outcome: TurnReport['outcome']): boolean {
  if (kind === 'wrong key') return outcome.kind === 'failed' && outcome.code === 'unauthorized';
  if (outcome.kind === 'ended') return true;
  if (kind === 'aborted') return outcome.kind === 'stopped';
  return kind === 'abandoned' && outcome.kind === 'failed';
}
