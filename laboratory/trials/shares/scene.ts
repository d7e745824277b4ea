// The scene of trial shares: an edge with a paced toy target on a real socket, and devices that want all they can get. It measures what
// each device got while a window of time lasted.

import { setTimeout as sleep } from 'node:timers/promises';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { defined } from '../../../src/core/basics/defined.ts';
import { edgeKey } from '../../../src/core/protocol/edge/edge-key.ts';
import { bytesOnLink } from '../../../src/core/protocol/wire/link-model.ts';
import { linearStepTime } from '../../../src/core/scheduling/step-time.ts';
import { preciseSleep } from '../../../src/models/engines/precise-sleep.ts';
import { ModelDrafter } from '../../../src/models/port/drafter.ts';
import { paceModel } from '../../../src/models/port/paced.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { machineClock } from '../../../src/network/transport/machine-clock.ts';
import type { Connect, Connection } from '../../../src/network/transport/transport.ts';
import { connectWebSocket } from '../../../src/network/transport-node/websocket-client.ts';
import type { EdgeList } from '../../../src/processes/device/edge-list.ts';
import { startTurn, type Turn } from '../../../src/processes/device/turn.ts';
import { listenEdge, startEdge } from '../../../src/processes/edge/edge.ts';
import type { SessionShares } from '../../../src/processes/edge/edge-shares.ts';
import { ids, sameText, toyTask } from '../../readers/toy-reader.ts';
import { openSharingController } from './sharing-controller.ts';

const toySeed = 21;
const promptTokens = 12;
/** Longer than any window of the trial can fill. */
const answerTokens = 60_000;
const contextLength = answerTokens + 100;
/** Tokens of each text that are compared with the toy's own. */
const comparedTokens = 200;

/** What a device does. */
export interface DevicePlan {
  /** How often its drafts are right, [0, 1]; at 1 every draft row becomes a token. Null: it does not draft, and takes one row a step. */
  readonly agreement: number | null;
  /** Frames are filled up to this, bytes; 0: they are not. */
  readonly padding: number;
  /** Id of its key; all keys have the same share. */
  readonly key: string;
}

export interface ScenePlan {
  readonly devices: readonly DevicePlan[];
  /** Time of a step, and of each of its rows. */
  readonly stepMs: number;
  readonly rowMs: number;
  /** What the steps have room for. */
  readonly maxRows: number;
  readonly downlinkBitsPerSecond?: number;
  /** Rate of the edge's uplink, which a controller shares among the devices; left out: there is none. */
  readonly uplinkBitsPerSecond?: number;
}

/** What one device got in a window, or has got so far. */
export interface Got {
  readonly tokens: number;
  /** On the wire, headers included. */
  readonly downBytes: number;
  readonly upBytes: number;
}

/** What all got, in order, and what the edge did. */
export interface WindowFound {
  readonly ms: number;
  readonly devices: readonly Got[];
  readonly steps: number;
  readonly rows: number;
}

export interface ShareScene extends AsyncDisposable {
  /** @param shares of each device, in order */
  setShares(shares: readonly Pick<SessionShares, 'compute' | 'downlink'>[]): void;
  /** Shares the edge's uplink from the controller's next slot on. @param weights of each device, in order */
  setUplinkShares(weights: readonly number[]): void;
  /** Steps longer than the pace allows, over all steps. */
  readonly lateSteps: { readonly late: number; readonly steps: number };
  window(ms: number, signal: AbortSignal): Promise<WindowFound>;
  /** The number of devices with a text that does not begin as the toy's own, or that have failed. */
  wrongTexts(): Promise<number>;
}

/** Resolves when every device has its first tokens. */
export async function openShareScene({
  devices: plans,
  stepMs,
  rowMs,
  maxRows,
  ...rates
}: ScenePlan): Promise<ShareScene> {
  await using stack = new CloseStack();
  const toy = createToyModel({ seed: toySeed, role: 'target', sequences: plans.length, contextLength });
  const profile = { name: 'trial', description: 'the trial', stepMs, rowMs, rowCap: maxRows, source: 'Chosen' };
  const model = stack.use(paceModel(toy, profile, { clock: machineClock, sleepUntil: preciseSleep(machineClock) }));
  const { downlinkBitsPerSecond, uplinkBitsPerSecond: bitsPerSecond } = rates;
  const edge = stack.use(
    await startEdge({
      model,
      maxRows,
      stepTime: linearStepTime(stepMs, rowMs),
      learnsStepTime: false,
      lookUpTokens: 0,
      keyOf: edgeKey,
      ...defined({ downlinkBitsPerSecond }),
    }),
  );
  const listener = await listenEdge(edge, { host: '127.0.0.1', port: 0 });
  stack.defer(() => listener.close());
  const url = `ws://127.0.0.1:${listener.port}`;
  const controller =
    bitsPerSecond === undefined ? null : stack.use(await openSharingController({ edge, model, url, bitsPerSecond }));
  const devices = plans.map((plan, number) => new Device(plan, number));
  for (const device of devices) stack.defer(() => device.close());
  await Promise.all(
    devices.map(async (device, number) => {
      const metered = device.metered(connectWebSocket(url));
      const agent = await controller?.join(number, metered);
      const turn = device.read(agent?.edges ?? metered);
      agent?.follow(turn);
    }),
  );
  while (!devices.every(({ got, hasFailed }) => got.tokens > 0 || hasFailed)) await sleep(5);
  const now = () => {
    const { steps, rows } = edge.status;
    return { atMs: performance.now(), got: devices.map(({ got }) => got), steps, rows };
  };
  const opened = stack.move();
  return {
    setShares(shares) {
      const named = shares.map((share, number) => ({ session: devices[number]?.session ?? '', ...share }));
      const { unknown } = edge.setShares(named);
      if (unknown.length > 0) throw new Error(`the edge does not know ${unknown.length} sessions of the trial`);
    },
    setUplinkShares: (weights) => controller?.setShares(weights),
    get lateSteps() {
      const { steps, overranSteps, prefillSteps, overranPrefillSteps } = model.pacing;
      return { late: overranSteps + overranPrefillSteps, steps: steps + prefillSteps };
    },
    async window(ms, signal) {
      const before = now();
      await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
      const after = now();
      return {
        ms: after.atMs - before.atMs,
        devices: after.got.map((got, number) => difference(got, before.got[number] as Got)),
        steps: after.steps - before.steps,
        rows: after.rows - before.rows,
      };
    },
    async wrongTexts() {
      const areWrong = await Promise.all(devices.map((device) => device.isWrong()));
      return areWrong.filter(Boolean).length;
    },
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

function difference(after: Got, before: Got): Got {
  return {
    tokens: after.tokens - before.tokens,
    downBytes: after.downBytes - before.downBytes,
    upBytes: after.upBytes - before.upBytes,
  };
}

class Device {
  session = '';
  hasFailed = false;
  readonly #padding: number;
  readonly #key: string;
  readonly #prompt: readonly number[];
  readonly #model;
  readonly #drafter: ModelDrafter | null;
  readonly #sockets: Connection[] = [];
  readonly #begin: number[] = [];
  readonly #end = new AbortController();
  #tokens = 0;
  #reading: Promise<void> = Promise.resolve();

  constructor({ agreement, padding, key }: DevicePlan, number: number) {
    this.#padding = padding;
    this.#key = key;
    this.#prompt = ids(promptTokens, 1000 + 50 * number);
    const own =
      agreement === null || agreement === 1 ? ({ role: 'target' } as const) : ({ role: 'draft', agreement } as const);
    this.#model = createToyModel({ ...own, seed: toySeed, sequences: 1, contextLength });
    this.#drafter = agreement === null ? null : new ModelDrafter(this.#model);
  }

  /** What it has got so far. */
  get got(): Got {
    const sum = (key: 'sentBytes' | 'sentFrames' | 'receivedBytes' | 'receivedFrames'): number =>
      this.#sockets.reduce((total, socket) => total + socket[key], 0);
    // Nearly all frames are as long as the padding.
    const headerBytes = (direction: 'up' | 'down'): number => bytesOnLink(direction, this.#padding) - this.#padding;
    return {
      tokens: this.#tokens,
      downBytes: sum('receivedBytes') + headerBytes('down') * sum('receivedFrames'),
      upBytes: sum('sentBytes') + headerBytes('up') * sum('sentFrames'),
    };
  }

  /** Counts the bytes that pass the sockets. */
  metered(connect: Connect): Connect {
    return async (accept, options) => {
      const socket = await connect(accept, options);
      this.#sockets.push(socket);
      return socket;
    };
  }

  read(connect: Connect | EdgeList): Turn {
    const turn = startTurn({
      connect,
      credentials: this.#key,
      tokenizer: this.#model.tokenizer,
      drafter: this.#drafter,
      prompt: this.#prompt,
      maxAnswerTokens: answerTokens,
      maxAhead: 64,
      minChainConfidence: 0,
      hedges: 0,
      padding: this.#padding,
      signal: this.#end.signal,
      onStep: ({ state }) => {
        this.session = state.turn.session;
      },
    });
    this.#reading = this.#read(turn).catch(() => {
      this.hasFailed = true;
    });
    return turn;
  }

  async isWrong(): Promise<boolean> {
    const begin = this.#begin.slice(0, comparedTokens);
    const { reference } = await toyTask(toySeed, this.#prompt, begin.length);
    return this.hasFailed || begin.length === 0 || !sameText(begin, reference);
  }

  async close(): Promise<void> {
    this.#end.abort();
    await this.#reading;
    await this.#drafter?.[Symbol.asyncDispose]();
  }

  async #read(turn: Turn): Promise<void> {
    for await (const { tokens } of turn) {
      this.#tokens += tokens.length;
      if (this.#begin.length < comparedTokens) this.#begin.push(...tokens);
    }
  }
}
