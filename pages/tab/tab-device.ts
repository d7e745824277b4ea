// A device in a worker of a page: asks the edge what there is to draft with, opens the tokenizer, drafts by look-up until the engine of the
// other worker has the weights, and answers questions. It touches no worker and no socket itself: the ports do.

import { asOutriderError, OutriderError } from '../../src/core/basics/errors.ts';
import { idealLink } from '../../src/core/protocol/wire/link-model-settings.ts';
import { AdaptiveDrafter } from '../../src/models/port/adaptive-drafter.ts';
import { ModelDrafter } from '../../src/models/port/drafter.ts';
import type { Message, Tokenizer } from '../../src/models/port/model.ts';
import { createNgramModel } from '../../src/models/port/ngram.ts';
import type { Connect } from '../../src/network/transport/transport.ts';
import { createDevice, type Device } from '../../src/processes/device/device.ts';
import type { Turn } from '../../src/processes/device/turn.ts';
import type { WeightsInfo } from '../../src/processes/http/weights-info.ts';
import { bearer } from '../parts/key-keeper.ts';
import { whileLoading } from '../parts/while-loading.ts';
import { EngineModel, type EnginePort } from './engine-model.ts';
import { SwitchingDrafter } from './switching-drafter.ts';
import type {
  Failure,
  FromDevice,
  FromEngine,
  LoadOrder,
  LookUpReason,
  TabAskOptions,
  TabReport,
  TabState,
} from './tab-messages.ts';
import { openTabTokenizer } from './tab-tokenizer.ts';

/** A worker with an engine. */
export interface EngineWorker extends EnginePort {
  load(order: LoadOrder): void;
}

export interface TabPorts {
  readonly fetch: (url: string, init: { readonly headers: Readonly<Record<string, string>> }) => Promise<Response>;
  readonly connect: (edge: string) => Connect;
  /** Null: this browser can't run the engine. */
  readonly startEngine: ((onMessage: (message: FromEngine) => void) => EngineWorker) | null;
  readonly post: (message: FromDevice) => void;
}

/** Loading is tried again after this time, ms. */
const againMs = 60_000;
/** A phone may sleep, and a tab be frozen, for so long in the middle of an answer, ms. */
const giveUpAfterMs = 600_000;
/** How often the connection of an answer is checked, ms. */
const watchMs = 500;

/** The device of one tab. */
export class TabDevice {
  readonly #ports: TabPorts;
  readonly #edge: string;
  readonly #key: string | undefined;
  /** Null: the answer has not begun yet. */
  readonly #turns = new Map<number, Turn | null>();
  readonly #devices = new Map<number, Device>();
  readonly #info: WeightsInfo;
  readonly #tokenizer: Tokenizer;
  readonly #drafter: SwitchingDrafter;
  #state: TabState;
  #again: ReturnType<typeof setTimeout> | undefined;

  private constructor(edge: string, key: string | undefined, ports: TabPorts, info: WeightsInfo, tokenizer: Tokenizer) {
    [this.#edge, this.#key, this.#ports, this.#info, this.#tokenizer] = [edge, key, ports, info, tokenizer];
    const lookUp = new ModelDrafter(createNgramModel({ tokenizer }));
    this.#drafter = new SwitchingDrafter(lookUp, () => this.#drafting('engine-failed'));
    const { model, name, weights } = info;
    const totalBytes = weights?.bytes ?? 0;
    const draft = weights === null ? null : name;
    this.#state = { model, draft, loadedBytes: 0, totalBytes, lookUp: 'no-draft', isKept: true };
  }

  /** @param edge its address over http @throws OutriderError */
  static async open(edge: string, key: string | undefined, ports: TabPorts): Promise<TabDevice> {
    const ask = (path: string): Promise<Response> => answerOf(`${edge}${path}`, key, ports);
    const info = (await (await ask('/weights')).json()) as WeightsInfo;
    const header = new Uint8Array(await (await ask(`/weights/${info.header.sha256}`)).arrayBuffer());
    const device = new TabDevice(edge, key, ports, info, await openTabTokenizer(header, info));
    device.#loadEngine();
    return device;
  }

  get state(): TabState {
    return this.#state;
  }

  /** Posts what comes of the answer, and its end. */
  async ask(id: number, messages: readonly Message[], options: TabAskOptions): Promise<void> {
    const { post } = this.#ports;
    let isLost = false;
    const watch = setInterval(() => {
      const now = turn?.status.edge === null && turn.status.writtenTokens > 0;
      if (now !== isLost) post({ kind: 'link', id, isLost: now });
      isLost = now;
    }, watchMs);
    let turn: Turn | undefined;
    this.#turns.set(id, null);
    try {
      const { emulatedRoundTripMs = 0, ...rest } = options;
      const device = await this.#deviceAt(emulatedRoundTripMs);
      const onLoading = (sentence: string): void => post({ kind: 'loading', id, sentence });
      turn = device.ask(messages, { ...rest, giveUpAfterMs, onLoading });
      if (this.#turns.has(id)) this.#turns.set(id, turn);
      else turn.stop();
      for await (const { pieces } of turn) post({ kind: 'pieces', id, pieces });
      post({ kind: 'ended', id, report: await reportOf(turn) });
    } catch (error) {
      post({ kind: 'failed', id, failure: failureOf(error) });
    } finally {
      clearInterval(watch);
      this.#turns.delete(id);
    }
  }

  /** Ends its answers, and loads nothing more. */
  close(): void {
    clearTimeout(this.#again);
    for (const id of this.#turns.keys()) this.stop(id);
  }

  stop(id: number): void {
    const turn = this.#turns.get(id);
    if (turn === null) this.#turns.delete(id);
    else turn?.stop();
  }

  /** One for each emulated network: what a device has measured counts for that network only. */
  async #deviceAt(roundTripMs: number): Promise<Device> {
    const known = this.#devices.get(roundTripMs);
    if (known !== undefined) return known;
    const edge = await this.#connectAt(roundTripMs);
    // Another answer may have begun meanwhile.
    const made = this.#devices.get(roundTripMs);
    if (made !== undefined) return made;
    const credentials = this.#key === undefined ? {} : { credentials: this.#key };
    const device = createDevice({ edge, tokenizer: this.#tokenizer, drafter: this.#drafter, ...credentials });
    this.#devices.set(roundTripMs, device);
    return device;
  }

  /** What emulates a network is loaded where one is asked for. */
  async #connectAt(roundTripMs: number): Promise<Connect> {
    const direct = this.#ports.connect(this.#edge);
    if (roundTripMs === 0) return direct;
    const { createEmulatedLink } = await import('../../src/network/transport/emulated-link.ts');
    return createEmulatedLink(direct, { ...idealLink, roundTripMs }).connect;
  }

  #loadEngine(): void {
    const { weights } = this.#info;
    const { startEngine } = this.#ports;
    if (weights === null) return;
    if (startEngine === null) {
      this.#drafting('no-simd');
      return;
    }
    this.#drafting('loading');
    let model: EngineModel | undefined;
    const engine = startEngine((message) => {
      if (message.kind === 'progress') this.#change({ loadedBytes: message.loadedBytes });
      else if (message.kind === 'loaded') model = this.#useEngine(message, engine);
      else if (message.kind === 'not-loaded') this.#notLoaded(message.reason, engine, model);
      else model?.take(message);
    });
    engine.load({ kind: 'load', edge: this.#edge, key: this.#key, weights });
  }

  #useEngine(loaded: Extract<FromEngine, { readonly kind: 'loaded' }>, engine: EngineWorker): EngineModel {
    const model = new EngineModel(this.#info.name, this.#tokenizer, loaded.limits, engine);
    this.#drafter.use(new AdaptiveDrafter(new ModelDrafter(model)));
    this.#change({ lookUp: null, isKept: loaded.isKept, loadedBytes: this.#state.totalBytes });
    return model;
  }

  #notLoaded(reason: LookUpReason, engine: EngineWorker, model: EngineModel | undefined): void {
    model?.fail(new Error(reason));
    engine.close();
    this.#drafting(reason);
    if (reason === 'cut') this.#again = setTimeout(() => this.#loadEngine(), againMs);
  }

  #drafting(lookUp: LookUpReason): void {
    this.#change({ lookUp });
  }

  #change(changes: Partial<TabState>): void {
    this.#state = { ...this.#state, ...changes };
    this.#ports.post({ kind: 'state', state: this.#state });
  }
}

/** @throws OutriderError */
async function answerOf(url: string, key: string | undefined, { fetch }: TabPorts): Promise<Response> {
  const answer = await whileLoading(() => fetch(url, { headers: bearer(key) })).catch((error: unknown) => {
    const { message } = error as Error;
    throw new OutriderError(
      'edge-unreachable',
      `the edge does not answer: ${message}`,
      'check that it runs, and try again',
    );
  });
  if (answer.ok) return answer;
  const { status } = answer;
  if (status === 503) throw new OutriderError('edge-loading', 'the edge is not ready', 'try again later');
  if (status === 401 || status === 403) {
    const remedy = 'ask the operator for a key with the scope verify';
    throw new OutriderError('unauthorized', 'the key is missing, wrong, or not for drafting', remedy);
  }
  const remedy = 'let the edge answer alone';
  throw new OutriderError('model-not-found', `this edge has nothing for tabs to draft with (${status})`, remedy);
}

async function reportOf(turn: Turn): Promise<TabReport> {
  const report = await turn.report;
  const { outcome, tokens, servedBy } = report;
  return {
    outcome: outcome.kind,
    reason: 'reason' in outcome ? outcome.reason : null,
    text: report.text,
    tokens: tokens.length,
    mode: report.mode,
    msPerToken: report.msPerToken,
    timeToFirstTokenMs: report.timeToFirstTokenMs,
    roundTripMs: report.roundTripMs,
    acceptance: report.acceptance,
    acceptedTokens: report.acceptedTokens,
    sentDrafts: report.sentDrafts,
    draftMs: report.draftMs,
    connections: report.connections,
    edges: servedBy.map(({ edge }) => edge),
  };
}

export function failureOf(error: unknown): Failure {
  const { code, message, remedy } = asOutriderError(error);
  return { code, message, remedy };
}
