// Event logs of a device and an edge that speak of alternatives, replayed: on a connection, over its loss, and to the end of the text.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { neutralSampling } from '../../decoding/sampling.ts';
import { stepDevice } from '../device/device-session.ts';
import { createDeviceState, type DeviceEvent, type DeviceState } from '../device/device-state.ts';
import { testHello, testOpening, testRules } from '../edge/edge-session.fixture.ts';
import { createEdgeSession, stepEdge } from '../edge/edge-session.ts';
import type { EdgeEvent, EdgeState, EdgeStep, SessionCreated } from '../edge/edge-state.ts';
import type { DeviceMessage, EdgeMessage, OpenMessage } from '../wire/messages.ts';
import { parseEventLog } from './event-log.ts';
import { replayLog } from './event-log-replay.ts';
import { createDeviceLog, createEdgeLog } from './event-log-write.ts';

const answerTokens = 60;
const opening = testOpening({ maxAnswerTokens: answerTokens, sampling: { ...neutralSampling, seed: 7n } });

/** What the target writes at a position. */
const written = (position: number): number => 97 + position;

/** The drafter errs at every fourth position, and there its second choice is the target's. */
const drafted = (position: number) =>
  position % 4 === 0
    ? { token: 7, confidence: 0.4, runnerUp: { token: written(position), confidence: 0.45 } }
    : { token: written(position), confidence: 0.9 };

/** A device and an edge in one process. */
class Pair {
  device: DeviceState;
  edge: EdgeState | null = null;
  readonly logs: { readonly device: string[]; readonly edge: string[] } = { device: [], edge: [] };
  /** Numbers of alternatives that were sent, and of branches that commits have named. */
  readonly alternatives = new Set<number>();
  readonly named = new Set<number>();
  readonly #toEdge: { link: number; message: DeviceMessage }[] = [];
  readonly #toDevice: { link: number; message: EdgeMessage }[] = [];
  readonly #logDevice: ReturnType<typeof createDeviceLog>;
  readonly #logEdge: ReturnType<typeof createEdgeLog>;
  #order: { alternatives: readonly { id: number; position: number; tokens: readonly number[] }[] } | null = null;
  #atMs = 0;

  constructor() {
    const { kind: _kind, version: _version, attempt: _attempt, answer: _answer, ...asked } = opening;
    const own = { endIds: new Set<number>(), minChainConfidence: 0, draftLength: 4, hedges: 2 };
    this.device = createDeviceState({ ...asked, ...own });
    const options = { tokenBytes: (id: number) => Uint8Array.of(id), outrider: 'test', date: '2026-01-01T00:00:00Z' };
    this.#logDevice = createDeviceLog({ ...options, write: (line) => this.logs.device.push(line) });
    this.#logEdge = createEdgeLog({ ...options, endIds: new Set(), write: (line) => this.logs.edge.push(line) });
  }

  stepDevice(event: DeviceEvent): void {
    const step = stepDevice(this.device, event);
    this.device = step.state;
    this.#logDevice({ ...step, event, atMs: this.#atMs++ });
    for (const effect of step.effects) {
      if (effect.kind === 'draft-next') this.#order = effect;
      if (effect.kind !== 'send') continue;
      if (effect.message.kind === 'alternative') this.alternatives.add(effect.message.branch);
      this.#toEdge.push({ link: effect.link, message: effect.message });
    }
  }

  draft(): void {
    const { drafting } = this.device;
    if (drafting === null) return;
    const alternatives = (this.#order?.alternatives ?? []).map(({ id, position, tokens }) => {
      return { id, position: position + tokens.length, ...drafted(position + tokens.length) };
    });
    this.stepDevice({ kind: 'draft-produced', ...drafting, ...drafted(drafting.position), alternatives });
  }

  /** All frames on their way arrive. */
  deliver(): void {
    for (const { link, message } of this.#toEdge.splice(0)) {
      if (this.edge === null) {
        const created = { kind: 'session-created', link, open: message as OpenMessage } as const;
        this.#edgeStepped(createEdgeSession(testRules, 1, created), created);
      } else this.#stepEdge({ kind: 'message-received', link, message });
    }
    for (const { link, message } of this.#toDevice.splice(0))
      this.stepDevice({ kind: 'message-received', link, message });
  }

  lose(): void {
    this.#toEdge.length = 0;
    this.#toDevice.length = 0;
    this.#stepEdge({ kind: 'link-closed', link: 1 });
    this.stepDevice({ kind: 'link-closed', link: 1 });
    this.stepDevice({ kind: 'link-opened', link: 2, edge: 'a' });
  }

  write(drafts: number): void {
    if (this.edge === null || this.edge.end !== null) return;
    this.#stepEdge({ kind: 'step-started', drafts });
    const { ticket } = this.edge;
    if (ticket === null) throw new Error('no step');
    const rows = Array.from({ length: ticket.drafts.length + 1 }, (_, index) => {
      return { ids: [written(ticket.length + index)], logits: [1] };
    });
    this.#stepEdge({ kind: 'step-done', ticket, rows });
  }

  #stepEdge(event: EdgeEvent): void {
    this.#edgeStepped(stepEdge(this.edge as EdgeState, event), event);
  }

  #edgeStepped(step: EdgeStep, event: EdgeEvent | SessionCreated): void {
    this.edge = step.state;
    this.#logEdge({ ...step, event, atMs: this.#atMs++ });
    for (const effect of step.effects) {
      if (effect.kind === 'close-link') throw new Error(effect.detail);
      if (effect.message.kind === 'commit') this.named.add(effect.message.branch);
      this.#toDevice.push({ link: effect.link, message: effect.message });
    }
  }
}

function answer(): Pair {
  const pair = new Pair();
  pair.stepDevice({ kind: 'link-opened', link: 1, edge: 'a' });
  pair.stepDevice({ kind: 'message-received', link: 1, message: testHello });
  for (let round = 0; pair.device.outcome === null && round < 200; round += 1) {
    for (let draft = 0; draft < 3; draft += 1) pair.draft();
    if (round === 12) pair.lose();
    // Now and then a step begins before the drafts have arrived.
    if (round % 3 !== 0) pair.deliver();
    pair.write(0);
    pair.deliver();
  }
  return pair;
}

function differencesOf(lines: readonly string[]): string[] {
  return [...replayLog(parseEventLog(lines.map((line) => `${line}\n`).join('')))].flatMap((step) => step.differences);
}

describe('the log of a text with alternatives', () => {
  const pair = answer();

  it('is of a text that has taken some, before and after a lost connection', () => {
    expect(pair.device.outcome).toMatchObject({ kind: 'ended', reason: 'length' });
    expect(pair.device.text.slice(3)).toEqual(Array.from({ length: answerTokens }, (_, index) => written(3 + index)));
    expect(pair.device.account.alternativesTaken).toBeGreaterThan(5);
    expect([...pair.named].filter((number) => pair.alternatives.has(number)).length).toBeGreaterThan(3);
    expect(pair.device.links).toEqual([]);
  });

  it.each(['device', 'edge'] as const)('is replayed without a difference: %s', (side) => {
    expect(differencesOf(pair.logs[side])).toEqual([]);
  });

  it.each(['device', 'edge'] as const)('shows what was changed in it: %s', (side) => {
    const changed = pair.logs[side].map((line) => line.replace('"base":1,', '"base":2,'));
    expect(changed).not.toEqual(pair.logs[side]);
    expect(differencesOf(changed)).not.toEqual([]);
  });
});

describe('a log of an outrider that spoke version 2 alone', () => {
  it.each(['device', 'edge'] as const)('is replayed without a difference: %s', (side) => {
    const lines = readFileSync(new URL(`golden/protocol-2-${side}.jsonl`, import.meta.url), 'utf8').split('\n');
    const log = parseEventLog(lines.join('\n'));
    expect([log.header.protocol, log.lines.length > 20]).toEqual([2, true]);
    const shown = [...replayLog(log)];
    expect(shown.flatMap(({ differences }) => differences)).toEqual([]);
    // As if of the newest version: the openings would have other fields.
    const renamed = lines.join('\n').replace('"protocol":2', '"protocol":3');
    const differences = [...replayLog(parseEventLog(renamed))].flatMap((step) => step.differences);
    expect(differences.length > 0).toBe(side === 'device');
    expect(() => parseEventLog(renamed.replace('"protocol":3', '"protocol":1'))).toThrow(
      'this outrider speaks 3 and 2',
    );
  });
});
