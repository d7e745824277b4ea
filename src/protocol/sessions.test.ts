// Both machines and their codecs against each other in virtual time: lost connections with frames in flight, slow links,
// drafters that are often wrong. Whatever happens, the text is the target's own.

import { describe, expect, it } from 'vitest';
import { createRandom } from '../basics/philox.ts';
import { createEnding } from '../decoding/ending.ts';
import { neutralSampling } from '../decoding/sampling.ts';
import { DeviceCodec, EdgeCodec } from './codec.ts';
import { stepDevice } from './device-session.ts';
import {
  believedLength,
  createDeviceState,
  type DeviceEvent,
  type DeviceState,
  type TurnRequest,
} from './device-state.ts';
import { createEdgeSession, readyDrafts, stepEdge } from './edge-session.ts';
import type { EdgeEffect, EdgeEvent, EdgeRules, EdgeState, StepTicket } from './edge-state.ts';
import type { OpenMessage } from './messages.ts';
import type { PacingName } from './pacing.ts';

const vocabularySize = 50;
const answerTokens = 60;

/** The toy target: its choice depends on the last two ids and the position. */
function targetChoice(seed: number, ids: readonly number[]): number {
  const [a, b] = [ids.at(-1) ?? 0, ids.at(-2) ?? 0];
  return createRandom(seed * 1_000_003 + ids.length * 7919 + a * 131 + b).integer(vocabularySize);
}

function referenceText(seed: number, prompt: readonly number[]): number[] {
  const text = [...prompt];
  while (text.length < prompt.length + answerTokens) text.push(targetChoice(seed, text));
  return text;
}

interface Settings {
  readonly seed: number;
  readonly pacing: PacingName;
  readonly windowSize?: number;
  readonly admitsAll?: boolean;
  readonly oneWayMs: number;
  readonly faults: number;
  readonly agreement: number;
  readonly maxAhead?: number;
  readonly window?: number;
}

interface Result {
  readonly device: DeviceState;
  readonly edge: EdgeState | null;
  readonly emitted: readonly number[];
  readonly faults: number;
  readonly violations: readonly string[];
  readonly largestBuffer: number;
  readonly payloadBytes: number;
  readonly finished: boolean;
}

/** One run in virtual time; the shells that the real processes have, in miniature. */
class Run {
  readonly #random;
  readonly #queue: { atMs: number; order: number; action: () => void }[] = [];
  readonly #open = new Map<number, { device: DeviceCodec; edge: EdgeCodec; upMs: number; downMs: number }>();
  readonly #settings: Settings;
  readonly #reference: number[];
  #nowMs = 0;
  #order = 0;
  #links = 0;
  #device: DeviceState;
  #edge: EdgeState | null = null;
  #stepping = false;
  #result = { emitted: [] as number[], faults: 0, violations: [] as string[], largestBuffer: 0, payloadBytes: 0 };

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#random = createRandom(settings.seed);
    const prompt = [1, 2, 3, 4, 5];
    this.#reference = referenceText(settings.seed, prompt);
    const turn: TurnRequest = {
      session: '00112233445566778899aabbccddeeff',
      conversation: 'ffeeddccbbaa99887766554433221100',
      credentials: '',
      tokenizerHash: 'ab'.repeat(32),
      pacing: settings.pacing,
      sampling: neutralSampling,
      stopStrings: [],
      maxAnswerTokens: answerTokens,
      window: settings.window ?? 256,
      maxAhead: settings.maxAhead ?? 12,
      prompt,
      endIds: new Set(),
      minChainConfidence: 0,
      windowSize: settings.windowSize ?? 4,
    };
    this.#device = createDeviceState(turn);
  }

  at(delayMs: number, action: () => void): void {
    this.atTime(this.#nowMs + delayMs, action);
  }

  atTime(atMs: number, action: () => void): void {
    this.#queue.push({ atMs, order: this.#order++, action });
  }

  run(): Result {
    this.at(0, () => this.connect());
    for (let count = 0; count < this.#settings.faults; count += 1) {
      this.at(this.#random.uniform() * 1500, () => this.cut());
    }
    for (let events = 0; events < 20_000 && this.#queue.length > 0 && this.#device.outcome === null; events += 1) {
      this.#queue.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
      const next = this.#queue.shift();
      this.#nowMs = next?.atMs ?? this.#nowMs;
      next?.action();
      this.check();
    }
    const finished = this.#device.outcome?.kind === 'ended';
    return { device: this.#device, edge: this.#edge, finished, ...this.#result };
  }

  check(): void {
    const text = this.#edge?.text;
    for (let position = 0; text !== undefined && position < text.length; position += 1) {
      if (text.at(position) !== this.#reference[position])
        this.#result.violations.push(`edge text differs at ${position}`);
    }
    const buffered = this.#edge?.branch == null ? 0 : this.#edge.branch.tokens.length - (text?.length ?? 0);
    this.#result.largestBuffer = Math.max(this.#result.largestBuffer, buffered);
  }

  connect(): void {
    const link = ++this.#links;
    this.#open.set(link, { device: new DeviceCodec(), edge: new EdgeCodec(), upMs: 0, downMs: 0 });
    this.device({ kind: 'link-opened', link, edge: 'a' });
  }

  /** Loses the newest connection: the frames in flight never arrive, the two sides hear of it at different times. */
  cut(): void {
    const link = this.#links;
    if (!this.#open.delete(link)) return;
    this.#result.faults += 1;
    this.at(this.#random.uniform() * 60, () => this.device({ kind: 'link-closed', link }));
    this.at(this.#random.uniform() * 300, () => this.edge({ kind: 'link-closed', link }));
  }

  device(event: DeviceEvent): void {
    const { state, effects } = stepDevice(this.#device, event);
    this.#device = state;
    for (const effect of effects) {
      if (effect.kind === 'send') this.up(effect.link, effect.message);
      else if (effect.kind === 'draft-next') this.draft(effect.generation, effect.position);
      else if (effect.kind === 'connect') this.at(20, () => this.connect());
      else if (effect.kind === 'emit-tokens') this.#result.emitted.push(...effect.tokens);
      else if (effect.kind === 'close-link' && effect.code !== 'done') this.#result.violations.push(effect.detail);
    }
  }

  draft(generation: number, position: number): void {
    const believed = [...this.#device.text.slice(0), ...this.#device.tail];
    const right = targetChoice(this.#settings.seed, believed);
    const token = this.#random.uniform() < this.#settings.agreement ? right : (right + 1) % vocabularySize;
    const event = { kind: 'draft-produced', generation, position, token, confidence: 0.7 } as const;
    this.at(8 + this.#random.uniform() * 4, () => this.device(event));
  }

  up(link: number, message: Parameters<DeviceCodec['encode']>[0]): void {
    const ends = this.#open.get(link);
    if (ends === undefined) return;
    const bytes = ends.device.encode(message);
    if (message.kind !== 'open') this.#result.payloadBytes += bytes.length;
    ends.upMs = Math.max(ends.upMs, this.#nowMs + this.#settings.oneWayMs * (0.8 + 0.4 * this.#random.uniform()));
    this.atTime(ends.upMs, () => {
      if (this.#open.get(link) !== ends) return;
      const received = ends.edge.decode(bytes);
      expect(received).toEqual(message);
      if (this.#edge === null && received.kind === 'open') this.created(link, received);
      else if (this.#edge === null && received.kind === 'resume') {
        this.perform([{ kind: 'send', link, message: { kind: 'gone' } }]);
      } else this.edge({ kind: 'message-received', link, message: received });
    });
  }

  created(link: number, open: OpenMessage): void {
    const rule = { endIds: new Set<number>(), stopStrings: [], maxAnswerTokens: open.maxAnswerTokens };
    const endingOf: EdgeRules['endingOf'] = () => createEnding(rule, () => new Uint8Array());
    const { state, effects } = createEdgeSession({ vocabularySize, contextLength: 1000, endingOf }, 7, link, open);
    this.#edge = state;
    this.perform(effects);
    this.startStep();
  }

  edge(event: EdgeEvent): void {
    if (this.#edge === null) return;
    const { state, effects } = stepEdge(this.#edge, event);
    this.#edge = state;
    this.perform(effects);
    this.startStep();
  }

  perform(effects: readonly EdgeEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'close-link') {
        if (effect.code === 'protocol-error') this.#result.violations.push(effect.detail);
        continue;
      }
      const { link, message } = effect;
      const ends = this.#open.get(link);
      if (ends === undefined) continue;
      const bytes = ends.edge.encode(message);
      this.#result.payloadBytes += bytes.length;
      ends.downMs = Math.max(ends.downMs, this.#nowMs + this.#settings.oneWayMs * (0.8 + 0.4 * this.#random.uniform()));
      this.atTime(ends.downMs, () => {
        if (this.#open.get(link) !== ends) return;
        const received = ends.device.decode(bytes);
        expect(received).toEqual(message);
        this.device({ kind: 'message-received', link, message: received });
      });
    }
  }

  startStep(): void {
    const drafts = this.#edge === null || this.#stepping ? null : readyDrafts(this.#edge);
    if (drafts === null || this.#edge === null) return;
    this.#stepping = true;
    // A scheduler may admit fewer drafts than are ready.
    const admitted = this.#settings.admitsAll === false ? this.#random.integer(drafts + 1) : drafts;
    this.#edge = stepEdge(this.#edge, { kind: 'step-started', drafts: admitted }).state;
    const ticket = this.#edge.ticket as StepTicket;
    const text = this.#edge.text.slice(0);
    const rows = [...ticket.drafts, -1].map((_, index) => {
      const id = targetChoice(this.#settings.seed, [...text, ...ticket.drafts.slice(0, index)]);
      return { ids: [id, (id + 1) % vocabularySize], logits: [2, 1] };
    });
    this.at(36 + this.#random.uniform() * 8, () => {
      this.#stepping = false;
      this.edge({ kind: 'step-done', ticket, rows });
    });
  }
}

function expectExact(settings: Settings): Result {
  const result = new Run(settings).run();
  const message = `seed ${settings.seed}`;
  expect(result.violations, message).toEqual([]);
  expect(result.finished, message).toBe(true);
  const reference = referenceText(settings.seed, [1, 2, 3, 4, 5]);
  expect(result.emitted, message).toEqual(reference.slice(5));
  expect(believedLength(result.device)).toBeGreaterThanOrEqual(reference.length);
  return result;
}

describe('device and edge sessions', () => {
  it('write the target text in both pacings without faults', () => {
    for (const pacing of ['ar', 'stream'] as const) {
      for (const oneWayMs of [0.1, 5, 50]) expectExact({ seed: 1, pacing, oneWayMs, faults: 0, agreement: 0.8 });
    }
  });

  it('write the target text through 600 runs with lost connections', () => {
    let faults = 0;
    for (let seed = 1; seed <= 600; seed += 1) {
      const oneWayMs = [0.1, 3, 15, 60][seed % 4] ?? 3;
      const result = expectExact({ seed, pacing: 'stream', oneWayMs, faults: 4, agreement: 0.75 });
      faults += result.faults;
      expect(result.largestBuffer).toBeLessThanOrEqual(12);
    }
    expect(faults).toBeGreaterThan(900);
  });

  it('write the target text in windows, through lost connections', () => {
    for (const pacing of ['sd', 'psd', 'psd-lockstep'] as const) {
      for (let seed = 1; seed <= 150; seed += 1) {
        const oneWayMs = [0.1, 3, 15, 60][seed % 4] ?? 3;
        expectExact({
          seed,
          pacing,
          oneWayMs,
          faults: seed % 4,
          agreement: 0.75,
          windowSize: 1 + (seed % 7),
          admitsAll: seed % 2 === 0,
        });
      }
    }
  });

  it('pause at a small window and go on by acknowledgements', () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      expectExact({
        seed,
        pacing: seed % 2 === 0 ? 'ar' : 'stream',
        oneWayMs: 80,
        faults: 2,
        agreement: 0.9,
        window: 16,
      });
    }
  });

  it('need fewer steps with good drafts, and never more than plain streaming', () => {
    const steps = (agreement: number, pacing: 'ar' | 'stream'): number =>
      expectExact({ seed: 3, pacing, oneWayMs: 2, faults: 0, agreement }).edge?.account.steps ?? 0;
    expect(steps(0.8, 'ar')).toBe(answerTokens);
    expect(steps(0.95, 'stream')).toBeLessThan(0.45 * answerTokens);
    expect(steps(0, 'stream')).toBe(answerTokens);
  });

  it('cost few bytes a committed token', () => {
    let bytes = 0;
    for (let seed = 1; seed <= 20; seed += 1) {
      bytes += expectExact({ seed, pacing: 'stream', oneWayMs: 5, faults: 0, agreement: 0.8 }).payloadBytes;
    }
    expect(bytes / (20 * answerTokens)).toBeLessThan(7);
  });
});
