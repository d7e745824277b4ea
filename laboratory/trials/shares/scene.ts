// The scene of trial shares: an edge with a paced toy target on a real socket, and devices that want all they can get. It measures what each
// device got while a window of time lasted.

import { setTimeout as sleep } from 'node:timers/promises';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { neutralSampling } from '../../../src/core/decoding/sampling.ts';
import { bytesOnLink } from '../../../src/core/protocol/wire/link-model.ts';
import { linearStepTime } from '../../../src/core/scheduling/step-time.ts';
import { preciseSleep } from '../../../src/models/engines/precise-sleep.ts';
import { ModelDrafter } from '../../../src/models/port/drafter.ts';
import type { LanguageModel } from '../../../src/models/port/model.ts';
import { type PacedModel, paceModel } from '../../../src/models/port/paced.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { writeToyText } from '../../../src/models/port/toy-text.ts';
import { machineClock } from '../../../src/network/transport/machine-clock.ts';
import type { Connect, Connection } from '../../../src/network/transport/transport.ts';
import { connectWebSocket } from '../../../src/network/transport-node/websocket-client.ts';
import type { EdgeList } from '../../../src/processes/device/edge-list.ts';
import { startTurn, type Turn } from '../../../src/processes/device/turn.ts';
import { type Edge, listenEdge, startEdge } from '../../../src/processes/edge/edge.ts';
import type { SessionShares } from '../../../src/processes/edge/edge-shares.ts';
import { SharingController } from './sharing-controller.ts';

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
}

export interface ScenePlan {
  readonly devices: readonly DevicePlan[];
  /** Of a step; rows cost almost nothing, as on a GPU, so that every draft is worth its row. */
  readonly stepMs: number;
  /** What the steps have room for. */
  readonly maxRows: number;
  readonly downlinkBitsPerSecond?: number;
  /** Of the edge's uplink, which a controller shares among the devices; left out: there is none. */
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

const rowMs = 0.02;

export class ShareScene implements AsyncDisposable {
  readonly #stack: CloseStack;
  readonly #edge: Edge;
  readonly #model: PacedModel;
  readonly #devices: readonly Device[];
  readonly #controller: SharingController | null;

  private constructor(
    stack: CloseStack,
    edge: Edge,
    model: PacedModel,
    devices: readonly Device[],
    controller: SharingController | null,
  ) {
    this.#stack = stack;
    this.#edge = edge;
    this.#model = model;
    this.#devices = devices;
    this.#controller = controller;
  }

  /** Resolves when every device has its first tokens. */
  static async open({ devices: plans, stepMs, maxRows, ...rates }: ScenePlan): Promise<ShareScene> {
    await using stack = new CloseStack();
    const sequences = plans.length;
    const toy = createToyModel({ seed: toySeed, role: 'target', sequences, contextLength });
    const profile = { name: 'trial', description: 'the trial', stepMs, rowMs, rowCap: maxRows, source: 'Chosen' };
    const pace = { clock: machineClock, sleepUntil: preciseSleep(machineClock) };
    const model = stack.use(paceModel(toy, profile, pace));
    const { downlinkBitsPerSecond } = rates;
    const edge = stack.use(
      await startEdge({
        model,
        maxRows,
        stepTime: linearStepTime(stepMs, rowMs),
        learnsStepTime: false,
        lookUpTokens: 0,
        ...(downlinkBitsPerSecond === undefined ? {} : { downlinkBitsPerSecond }),
      }),
    );
    const listener = await listenEdge(edge, { host: '127.0.0.1', port: 0 });
    stack.defer(() => listener.close());
    const url = `ws://127.0.0.1:${listener.port}`;
    const connect = connectWebSocket(url);
    const bitsPerSecond = rates.uplinkBitsPerSecond;
    const controller =
      bitsPerSecond === undefined ? null : stack.use(await SharingController.open({ edge, model, url, bitsPerSecond }));
    const devices = plans.map((plan, number) => new Device(plan, number));
    for (const device of devices) stack.defer(() => device.close());
    await Promise.all(
      devices.map(async (device, number) => {
        const metered = device.metered(connect);
        const agent = await controller?.join(number, metered);
        const turn = device.read(agent?.edges ?? metered);
        agent?.follow(turn);
      }),
    );
    while (!devices.every(({ got, hasFailed }) => got.tokens > 0 || hasFailed)) await sleep(5);
    return new ShareScene(stack.move(), edge, model, devices, controller);
  }

  /** @param shares of each device, in order */
  setShares(shares: readonly Pick<SessionShares, 'compute' | 'downlink'>[]): void {
    const named = shares.map((share, number) => ({ session: this.#devices[number]?.session ?? '', ...share }));
    const { unknown } = this.#edge.setShares(named);
    if (unknown.length > 0) throw new Error(`the edge does not know ${unknown.length} sessions of the trial`);
  }

  /** Of the edge's uplink, from the controller's next slot on. @param weights of each device, in order */
  setUplinkShares(weights: readonly number[]): void {
    this.#controller?.setShares(weights);
  }

  get got(): readonly Got[] {
    return this.#devices.map(({ got }) => got);
  }

  /** Steps longer than the pace allows, over all steps. */
  get lateSteps(): { readonly late: number; readonly steps: number } {
    const { steps, overranSteps, prefillSteps, overranPrefillSteps } = this.#model.pacing;
    return { late: overranSteps + overranPrefillSteps, steps: steps + prefillSteps };
  }

  async window(ms: number, signal: AbortSignal): Promise<WindowFound> {
    const before = this.#now();
    await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
    const after = this.#now();
    return {
      ms: after.atMs - before.atMs,
      devices: after.got.map((got, number) => difference(got, before.got[number] as Got)),
      steps: after.steps - before.steps,
      rows: after.rows - before.rows,
    };
  }

  /** How many devices have a text that does not begin as the toy's own, or have failed. */
  async wrongTexts(): Promise<number> {
    let wrong = 0;
    for (const device of this.#devices) if (await device.isWrong()) wrong += 1;
    return wrong;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack[Symbol.asyncDispose]();
  }

  #now() {
    const { steps, rows } = this.#edge.status;
    return { atMs: performance.now(), got: this.got.map((got) => ({ ...got })), steps, rows };
  }
}

function difference(after: Got, before: Got): Got {
  return {
    tokens: after.tokens - before.tokens,
    downBytes: after.downBytes - before.downBytes,
    upBytes: after.upBytes - before.upBytes,
  };
}

class Device {
  readonly got: { -readonly [Key in keyof Got]: Got[Key] } = { tokens: 0, downBytes: 0, upBytes: 0 };
  session = '';
  readonly #padding: number;
  readonly #prompt: readonly number[];
  readonly #model: LanguageModel;
  readonly #begin: number[] = [];
  readonly #drafter: ModelDrafter | null;
  readonly #end = new AbortController();
  #reading: Promise<void> = Promise.resolve();
  hasFailed = false;

  constructor({ agreement, padding }: DevicePlan, number: number) {
    this.#padding = padding;
    this.#prompt = Array.from({ length: promptTokens }, (_, index) => 1000 + 50 * number + index);
    const own =
      agreement === null || agreement === 1 ? ({ role: 'target' } as const) : ({ role: 'draft', agreement } as const);
    this.#model = createToyModel({ ...own, seed: toySeed, sequences: 1, contextLength });
    this.#drafter = agreement === null ? null : new ModelDrafter(this.#model);
  }

  read(connect: Connect | EdgeList): Turn {
    const turn = startTurn({
      connect,
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
    const count = Math.min(comparedTokens, this.#begin.length);
    const own = await writeToyText(toySeed, this.#prompt, neutralSampling, count);
    return this.hasFailed || count === 0 || own.join() !== this.#begin.join();
  }

  async close(): Promise<void> {
    this.#end.abort();
    await this.#reading;
    await this.#drafter?.[Symbol.asyncDispose]();
  }

  async #read(turn: ReturnType<typeof startTurn>): Promise<void> {
    for await (const { tokens } of turn) {
      this.got.tokens += tokens.length;
      if (this.#begin.length < comparedTokens)
        this.#begin.push(...tokens.slice(0, comparedTokens - this.#begin.length));
    }
  }

  /** Counts what goes over the socket. */
  metered(connect: Connect): Connect {
    const { got } = this;
    return (accept, options) =>
      connect((socket) => {
        const counted: Connection = {
          get writable() {
            return socket.writable;
          },
          get sentBytes() {
            return socket.sentBytes;
          },
          get receivedBytes() {
            return socket.receivedBytes;
          },
          get sentFrames() {
            return socket.sentFrames;
          },
          get receivedFrames() {
            return socket.receivedFrames;
          },
          send(bytes) {
            got.upBytes += bytesOnLink('up', bytes.length);
            socket.send(bytes);
          },
          close: (code, detail) => socket.close(code, detail),
        };
        const handler = accept(counted);
        return {
          frame(bytes) {
            got.downBytes += bytesOnLink('down', bytes.length);
            handler.frame(bytes);
          },
          writable: () => handler.writable(),
          closed: (reason) => handler.closed(reason),
        };
      }, options);
  }
}
