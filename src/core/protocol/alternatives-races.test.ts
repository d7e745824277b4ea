// Alternatives in every order of events: frames that are late or lost, queues that are full, steps over some of the drafts, a second connection
// to an edge that lags, and edges that forget sessions. Both machines speak through their codecs. An honest edge and an honest device
// must never find that the other breaks a rule.

import { describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../basics/philox.ts';
import type { AlternativeDraft, AlternativeOrder } from '../decoding/alternative.ts';
import { testTurn } from './device/device-session.fixture.ts';
import { stepDevice } from './device/device-session.ts';
import { createDeviceState, type DeviceEvent, type DeviceState } from './device/device-state.ts';
import { testHello, testRules } from './edge/edge-session.fixture.ts';
import { createEdgeSession, readyDrafts, stepEdge } from './edge/edge-session.ts';
import type { EdgeEvent, EdgeState, EdgeStep } from './edge/edge-state.ts';
import { DeviceCodec, EdgeCodec } from './wire/codec.ts';
import { limits } from './wire/limits.ts';

const rules = { ...testRules, contextLength: 120 };
/** What the target writes at a position. */
const written = (position: number): number => 100 + ((position * 7919) % 50);

interface Connection {
  readonly id: number;
  readonly edge: string;
  /** Frames on their way; the empty one closes the connection. */
  readonly up: Uint8Array[];
  readonly down: Uint8Array[];
  readonly device: DeviceCodec;
  readonly far: EdgeCodec;
  isOpen: boolean;
  isEdgeOpen: boolean;
  isWritable: boolean;
  isEdgeWritable: boolean;
}

const count = { taken: 0, continued: 0, handovers: 0, ended: 0, lies: 0 };

/** One seeded turn. */
class Turn {
  device: DeviceState;
  readonly #random: Random;
  readonly #isLying: boolean;
  readonly #hitRate: number;
  readonly #edges = new Map<string, EdgeState>();
  readonly #connections: Connection[] = [];
  readonly #toConnect: string[] = ['a'];
  #orders: readonly AlternativeOrder[] = [];
  #sessions = 0;

  /** @param isLying commits are made up as well */
  constructor(seed: number, isLying: boolean) {
    const random = createRandom(seed, 1);
    this.#random = random;
    this.#isLying = isLying;
    this.#hitRate = 0.3 + 0.5 * random.uniform();
    const turn = testTurn({
      maxAnswerTokens: 40 + random.integer(90),
      mode: random.integer(4) === 0 ? 'mix' : 'stream',
      maxAhead: 2 + random.integer(60),
      flowControlWindow: 16 + random.integer(30),
      hedges: 1 + random.integer(8),
    });
    this.device = createDeviceState(turn);
  }

  run(events: number): void {
    const [up, down, draft] = [1, 1, 1].map(() => 1 + this.#random.integer(8)) as [number, number, number];
    const isWild = this.#isLying || this.#random.integer(3) > 0;
    for (let left = events; left > 0 && this.device.outcome === null; left -= 1) {
      if (this.#random.uniform() < 0.2) this.#connect(this.#toConnect.shift());
      const drawn = this.#random.uniform() * (up + down + draft + 3);
      if (drawn < up) this.#arrive(this.#any());
      else if (drawn < up + down) this.#return(this.#any());
      else if (drawn < up + down + draft) this.#draft();
      else if (this.#isLying && this.#random.integer(2) === 0) this.#lie();
      else this.#work(this.#random.integer(2) === 0 ? 'a' : 'b');
      if (isWild) this.#disturb(this.#any(), this.#random.uniform());
    }
    count.taken += this.device.account.alternativesTaken;
    if (this.device.outcome?.kind === 'ended') count.ended += 1;
  }

  #any(): Connection | undefined {
    const open = this.#connections.filter(({ isOpen, isEdgeOpen }) => isOpen || isEdgeOpen);
    return open[this.#random.integer(Math.max(1, open.length))];
  }

  #connect(edge: string | undefined): void {
    if (edge === undefined) return;
    const ends = { up: [], down: [], device: new DeviceCodec(), far: new EdgeCodec() };
    const flags = { isOpen: true, isEdgeOpen: true, isWritable: true, isEdgeWritable: true };
    const made: Connection = { id: this.#connections.length, edge, ...ends, ...flags };
    this.#connections.push(made);
    made.down.push(made.far.encode(testHello));
    this.#stepDevice({ kind: 'link-opened', link: made.id, edge });
  }

  #stepDevice(event: DeviceEvent): void {
    const step = stepDevice(this.device, event);
    this.device = step.state;
    for (const effect of step.effects) {
      if (effect.kind === 'connect') this.#toConnect.push(effect.edge);
      if (effect.kind === 'draft-next') this.#orders = effect.alternatives;
      if (effect.kind !== 'send' && effect.kind !== 'close-link') continue;
      const connection = this.#connections[effect.link];
      if (connection?.isOpen !== true) continue;
      if (effect.kind === 'send') {
        const bytes = connection.device.encode(effect.message);
        if (bytes[0] === 0x10 && bytes[1] === 2) count.continued += 1;
        connection.up.push(bytes);
      } else {
        if (!this.#isLying) expect(effect.code).not.toBe('protocol-error');
        connection.isOpen = false;
      }
    }
    expect(this.device.alternatives.length).toBeLessThanOrEqual(limits.alternatives);
    const { text } = this.device;
    if (this.#isLying || event.kind !== 'message-received') return;
    const right = Array.from({ length: text.length - 3 }, (_, index) => written(3 + index));
    expect(text.slice(3)).toEqual(right);
  }

  #stepEdge(edge: string, event: EdgeEvent): void {
    const state = this.#edges.get(edge);
    if (state !== undefined) this.#edgeStepped(edge, stepEdge(state, event));
  }

  #edgeStepped(edge: string, { state, effects }: EdgeStep): void {
    if (state.released) this.#edges.delete(edge);
    else this.#edges.set(edge, state);
    for (const effect of effects) {
      const connection = this.#connections[effect.link];
      if (connection?.isEdgeOpen !== true) continue;
      if (effect.kind === 'send') connection.down.push(connection.far.encode(effect.message));
      else {
        if (!this.#isLying) expect(`${effect.code}: ${effect.detail}`).not.toMatch(/^protocol-error/);
        connection.isEdgeOpen = false;
        connection.down.push(new Uint8Array(0));
      }
    }
  }

  /** The next frame of the device arrives. */
  #arrive(connection: Connection | undefined): void {
    const bytes = connection?.up.shift();
    if (connection === undefined || bytes === undefined || !connection.isEdgeOpen) return;
    const { id: link, edge, isEdgeWritable } = connection;
    const message = connection.far.decode(bytes);
    const isAttach = message.kind === 'open' || message.kind === 'resume';
    const blocked = isAttach && !isEdgeWritable ? { isBlocked: true as const } : {};
    if (this.#edges.has(edge)) this.#stepEdge(edge, { kind: 'message-received', link, message, ...blocked });
    else if (message.kind === 'resume') connection.down.push(connection.far.encode({ kind: 'gone' }));
    else if (message.kind === 'open') {
      this.#sessions += 1;
      const created = { kind: 'session-created', link, open: message, ...blocked } as const;
      this.#edgeStepped(edge, createEdgeSession(rules, this.#sessions, created));
    }
  }

  /** The next frame of the edge arrives. */
  #return(connection: Connection | undefined): void {
    const bytes = connection?.down.shift();
    if (connection === undefined || bytes === undefined || !connection.isOpen) return;
    const { id: link, device } = connection;
    connection.isOpen = bytes.length > 0;
    if (connection.isOpen) this.#stepDevice({ kind: 'message-received', link, message: device.decode(bytes) });
    else this.#stepDevice({ kind: 'link-closed', link });
  }

  #drafted(position: number): Pick<AlternativeDraft, 'token' | 'confidence' | 'runnerUp'> {
    const random = this.#random;
    const isRight = random.uniform() < this.#hitRate;
    const token = isRight ? written(position) : 7 + random.integer(3);
    const second = !isRight && random.uniform() < 0.8 ? written(position) : 20 + random.integer(3);
    const third = isRight || second === written(position) ? 30 : written(position);
    const next = random.uniform() < 0.5 ? {} : { next: { token: third, confidence: 0.2 } };
    const runnerUp = random.uniform() < 0.2 ? {} : { runnerUp: { token: second, confidence: 0.4, ...next } };
    return { token, confidence: 0.3 + 0.6 * random.uniform(), ...runnerUp };
  }

  #draft(): void {
    const { drafting } = this.device;
    if (drafting === null) return;
    const extended = this.#orders.filter(() => this.#random.uniform() < 0.9);
    const alternatives = extended.map(({ id, position, tokens }) => {
      return { id, position: position + tokens.length, ...this.#drafted(position + tokens.length) };
    });
    this.#stepDevice({ kind: 'draft-produced', ...drafting, ...this.#drafted(drafting.position), alternatives });
  }

  #work(edge: string): void {
    const state = this.#edges.get(edge);
    if (state === undefined) return;
    const { ticket } = state;
    const ready = ticket === null ? readyDrafts(state) : null;
    if (ready !== null) {
      const drafts = this.#random.integer(3) > 0 ? ready : this.#random.integer(ready + 1);
      this.#stepEdge(edge, { kind: 'step-started', drafts });
    }
    if (ticket === null) return;
    const row = (index: number) => ({ ids: [written(ticket.length + index)], logits: [1] });
    const rows = Array.from({ length: ticket.drafts.length + 1 }, (_, index) => row(index));
    this.#stepEdge(edge, { kind: 'step-done', ticket, rows });
  }

  /** A commit that no edge has made: of any branch or alternative, up to any token of it. */
  #lie(): void {
    const random = this.#random;
    const link = this.device.links[random.integer(Math.max(1, this.device.links.length))];
    if (link === undefined) return;
    const known = [...link.alternatives, ...link.branches];
    const one = known[random.integer(Math.max(1, known.length))];
    const branch = one !== undefined && random.integer(10) > 0 ? one.number : random.integer(link.branchCount + 2);
    const most = one === undefined ? 4 : Math.max(0, one.start + one.tokens.length - link.received);
    const accepted = random.integer(2) * random.integer(most + 2);
    const tokens = Array.from({ length: random.integer(3) + (accepted > 0 ? 0 : 1) }, () => 20 + random.integer(3));
    const first = Math.max(0, link.received - (random.integer(5) > 0 ? 0 : random.integer(3)));
    count.lies += 1;
    this.#stepDevice({
      kind: 'message-received',
      link: link.id,
      message: { kind: 'commit', first, branch, accepted, tokens },
    });
  }

  #disturb(connection: Connection | undefined, drawn: number): void {
    if (connection === undefined || !connection.isOpen || !connection.isEdgeOpen) return;
    const { id: link, edge } = connection;
    if (drawn < 0.004) this.#lose(connection);
    else if (drawn < 0.008 && this.device.links.length === 1) {
      count.handovers += 1;
      this.#connect(this.device.links[0]?.edge === 'a' ? 'b' : 'a');
    } else if (drawn < 0.03) {
      connection.isWritable = !connection.isWritable;
      this.#stepDevice({ kind: 'link-writable', link, writable: connection.isWritable });
    } else if (drawn < 0.05) {
      connection.isEdgeWritable = !connection.isEdgeWritable;
      this.#stepEdge(edge, { kind: 'link-writable', link, writable: connection.isEdgeWritable });
    } else if (drawn < 0.052) {
      this.#edges.delete(edge);
      for (const one of this.#connections.filter((other) => other.edge === edge && other.isOpen)) this.#lose(one);
    }
  }

  /** Some of its last frames still arrive. */
  #lose(connection: Connection): void {
    connection.up.length = this.#random.integer(connection.up.length + 1);
    while (connection.up.length > 0) this.#arrive(connection);
    const { id: link, edge } = connection;
    this.#stepEdge(edge, { kind: 'link-closed', link });
    connection.isEdgeOpen = false;
    connection.isOpen = false;
    this.#stepDevice({ kind: 'link-closed', link });
  }
}

describe('alternatives in races', () => {
  it('never make device and edge believe different things', () => {
    for (let seed = 1; seed <= 60; seed += 1) new Turn(seed, false).run(8000);
    expect(count.ended).toBeGreaterThan(50);
    expect(count.taken).toBeGreaterThan(400);
    expect(count.continued).toBeGreaterThan(100);
    expect(count.handovers).toBeGreaterThan(40);
  }, 60_000);

  it('leave a device in order, whatever an edge says that it has taken', () => {
    for (let seed = 1; seed <= 40; seed += 1) new Turn(seed, true).run(1500);
    expect(count.lies).toBeGreaterThan(2000);
  }, 60_000);
});
