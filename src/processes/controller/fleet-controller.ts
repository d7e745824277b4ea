// One of several controllers that are alike. It asks for the lease of each of its cells, decides for those that it leads, and lets in the
// members of these alone. Without a lease that is confirmed in time it closes their connections and orders nothing.

import { defaultCell } from '../../allocation/controller/cell-epoch.ts';
import { decodeMember, encodeControl } from '../../allocation/controller/message-codec.ts';
import { elsewhereSchema } from '../../allocation/controller/message-schemas.ts';
import type { Elsewhere, MemberMessage, Origin } from '../../allocation/controller/messages.ts';
import type { FleetStore, Found, Written } from '../../allocation/fleet/fleet-store.ts';
import {
  epochLed,
  freshLeadership,
  type LeaseAsk,
  type LeaseEvent,
  type LeaseTimes,
  leaseTimes,
  stepLeadership,
} from '../../allocation/fleet/leadership.ts';
import type { Clock } from '../../core/basics/clock.ts';
import { OutriderError } from '../../core/basics/errors.ts';
import type { Accept, Connection, ConnectionHandler } from '../../network/transport/transport.ts';
import { joinWithinMs, type RunningController } from './controller-server.ts';

type Leading = Pick<RunningController, 'accept' | 'close'>;

/** A controller of one cell, while this process leads it. @param mayOrder for `ControllerOptions` */
export type Lead = (origin: Origin, mayOrder: () => boolean) => Leading;

/** Who leads a cell, as far as a controller knows. */
export interface CellState {
  readonly cell: string;
  /** Null: it does not lead itself. */
  readonly epoch: number | null;
  /** The value of the lease of the controller that leads; null: none does. */
  readonly holder: string | null;
  /** Since the lease has last been renewed, ms; null: it has seen none. */
  readonly ageMs: number | null;
}

export interface FleetControllerOptions {
  readonly store: FleetStore;
  readonly cells: readonly string[];
  /** Its value in leases, of no other controller nor earlier run. Members are sent to it by the JSON of an {@link Elsewhere}. */
  readonly id: string;
  /** Time of day at its start, ms. */
  readonly startedAtMs: number;
  readonly clock: Clock;
  readonly lead: Lead;
  /** Called once when it can't take part; it tries again. */
  readonly onFailed?: (error: OutriderError) => void;
  /** Called when it begins or ends to lead a cell, or another one does. */
  readonly onCell?: (state: CellState) => void;
  /** Called for a member that is sent away. @param holder as in {@link CellState}; undefined: not known */
  readonly onRefused?: (cell: string, holder: string | null | undefined) => void;
  readonly times?: LeaseTimes;
  /** Default: {@link stepLeadership}. */
  readonly stepLeadership?: typeof stepLeadership;
}

/** The record of a fleet. Epochs of its cells begin at `sinceMs`, so that they are larger than that of a controller before it. */
interface FleetCard {
  readonly version: number;
  readonly sinceMs: number;
}

/** Names of a fleet's cells: all stores have such keys. */
export const cellForm: RegExp = /^[\w-]{1,64}$/;
const fleetKey = 'fleet';
const fleetVersion = 1;
/**
 * The year 2100: a record from after it was made by a wrong clock, or to make epochs so large that none can be larger. It is the same for all
 * controllers, whose clocks may be wrong as well.
 */
const latestMs = 4_102_444_800_000;

export class FleetController {
  readonly #options: FleetControllerOptions;
  readonly #cells = new Map<string, LedCell>();
  /** Requests to the store for joins of cells that are not its own. */
  #asked = 0;
  #isClosed = false;
  /** The record of the fleet is not ours. */
  #isRefused = false;
  #cancel = (): void => {};

  constructor(options: FleetControllerOptions) {
    this.#options = options;
    this.#open();
  }

  /** A connection belongs to the cell that its first message names; one that names none watches a cell that is led here. */
  readonly accept: Accept = (connection) => {
    let handler: ConnectionHandler | undefined;
    let isFirst = true;
    const cancel = this.#options.clock.after(joinWithinMs, () => connection.close('silent', 'it has not joined'));
    return {
      frame: (bytes) => {
        if (isFirst) {
          isFirst = false;
          const cell = cellOf(bytes) ?? this.status.find(({ epoch }) => epoch !== null)?.cell ?? defaultCell;
          handler = this.#cells.get(cell)?.leading?.accept(connection);
          if (handler === undefined) this.#refuse(cell, connection);
          else cancel();
        }
        handler?.frame(bytes);
      },
      writable: () => handler?.writable(),
      closed: (reason) => {
        cancel();
        handler?.closed(reason);
      },
    };
  };

  /** Empty until the store has answered. */
  get status(): readonly CellState[] {
    return [...this.#cells.values()].map(({ state }) => state);
  }

  /** Gives its leases back. */
  close(): void {
    this.#isClosed = true;
    this.#cancel();
    for (const cell of this.#cells.values()) cell.close();
  }

  /** Reads the fleet's record, or makes it; then asks for leases. */
  #open(): void {
    const { store, clock, startedAtMs, times = leaseTimes } = this.#options;
    const card: FleetCard = { version: fleetVersion, sinceMs: Math.min(startedAtMs, latestMs) };
    this.#cancel();
    if (this.#isClosed || this.#cells.size > 0) return;
    this.#cancel = clock.after(times.askAgainMs, () => this.#open());
    store.get(fleetKey, (answer) => {
      if (this.#isClosed || this.#cells.size > 0 || answer.kind === 'failed') return;
      if (answer.record !== null) this.#campaign(answer.record.value);
      else
        store.acquire(fleetKey, JSON.stringify(card), 0, ({ kind }) => {
          if (kind !== 'failed') this.#open();
        });
    });
  }

  #campaign(written: string): void {
    const card = cardOf(written);
    if (card === null) {
      const cause = `the store's record of the fleet is none of version ${fleetVersion} from before 2100: ${written.slice(0, 80)}`;
      const remedy = 'give each fleet a name of its own, and all its controllers one version of outrider';
      if (!this.#isRefused) this.#options.onFailed?.(new OutriderError('version-mismatch', cause, remedy));
      this.#isRefused = true;
      return;
    }
    this.#cancel();
    for (const cell of this.#options.cells) this.#cells.set(cell, new LedCell(cell, card.sinceMs, this.#options));
  }

  /** Names the controller that leads the cell, if one does. */
  #refuse(cell: string, connection: Connection): void {
    const refuse = (lease: string | null | undefined): void => {
      const holder = lease || null;
      const elsewhere = holder === null || holder === this.#options.id ? null : elsewhereOf(holder);
      this.#options.onRefused?.(cell, lease === undefined ? lease : holder);
      const who = elsewhere === null ? 'knows none that does' : 'another one does';
      const cause = `this controller does not lead the cell "${cell}", and ${who}`;
      const remedy =
        'give --controller all controllers of the fleet as they --advertise, or wait until one leads it; answers go on';
      const refusal = { kind: 'refused', code: 'cell-mismatch', cause, remedy } as const;
      connection.send(encodeControl(elsewhere === null ? refusal : { ...refusal, elsewhere }));
      connection.close('done', 'the controller has said why');
    };
    const known = this.#cells.get(cell);
    if (known !== undefined || !cellForm.test(cell)) refuse(known?.holder ?? null);
    else if (this.#asked >= mostAsked) refuse(undefined);
    else {
      this.#asked += 1;
      this.#options.store.get(leaseKey(cell), (answer) => {
        this.#asked -= 1;
        refuse(answer.kind === 'found' ? (answer.record?.value ?? null) : undefined);
      });
    }
  }
}

/** Null: somebody else has written it, another version, or a clock that is far off. */
function cardOf(written: string): FleetCard | null {
  try {
    const { version, sinceMs } = JSON.parse(written) as Partial<FleetCard>;
    const isTime = typeof sinceMs === 'number' && Number.isInteger(sinceMs) && sinceMs >= 0 && sinceMs <= latestMs;
    return version === fleetVersion && isTime ? { version, sinceMs } : null;
  } catch {
    return null;
  }
}

/** Anyone may send a join: more at a time do not ask the store. */
const mostAsked = 8;

const leaseKey = (cell: string): string => `lease.${cell}`;

/** The controller that the value of a lease names; null: none. */
export function elsewhereOf(lease: string): Elsewhere | null {
  try {
    return elsewhereSchema.parse(JSON.parse(lease));
  } catch {
    return null;
  }
}

/** Null: it is no join. */
function cellOf(bytes: Uint8Array): string | null {
  let message: MemberMessage | null = null;
  try {
    message = decodeMember(bytes);
  } catch {}
  return message?.kind === 'join' ? (message.cell ?? defaultCell) : null;
}

interface Led {
  /** That of its lease. */
  readonly epoch: number;
  readonly origin: Origin;
  readonly controller: Leading;
}

/** A cell that this process leads or waits for. */
class LedCell {
  readonly #cell: string;
  readonly #key: string;
  readonly #sinceMs: number;
  readonly #options: FleetControllerOptions;
  readonly #times: LeaseTimes;
  readonly #endWatch: () => void;
  #state;
  #led: Led | null = null;
  #said = 'null null';
  #isClosed = false;
  #cancel = (): void => {};

  constructor(cell: string, sinceMs: number, options: FleetControllerOptions) {
    this.#cell = cell;
    this.#key = leaseKey(cell);
    this.#sinceMs = sinceMs;
    this.#options = options;
    this.#times = options.times ?? leaseTimes;
    this.#state = freshLeadership(options.id);
    this.#endWatch = options.store.watch(this.#key, (record) =>
      this.#step({ kind: 'changed', record, nowMs: this.#nowMs }),
    );
    this.#step({ kind: 'due', nowMs: this.#nowMs });
  }

  /** Undefined: it does not lead now. */
  get leading(): Leading | undefined {
    return this.#epoch === null ? undefined : this.#led?.controller;
  }

  /** The value of the lease, while it is renewed; null: no controller leads. */
  get holder(): string | null {
    const { id } = this.#options;
    if (this.#epoch !== null) return id;
    const { seen } = this.#state;
    const isOld = seen === null || this.#nowMs - seen.sinceMs >= this.#times.silentAfterMs;
    return isOld || seen.value === id ? null : seen.value || null;
  }

  get state(): CellState {
    const { held, seen } = this.#state;
    const renewedAtMs = held === null ? seen?.sinceMs : held.untilMs - this.#times.silentAfterMs;
    const ageMs = renewedAtMs === undefined ? null : this.#nowMs - renewedAtMs;
    return { cell: this.#cell, epoch: this.#led?.origin.epoch ?? null, holder: this.holder, ageMs };
  }

  close(): void {
    void this.#led?.controller.close();
    this.#led = null;
    this.#step({ kind: 'leaving', nowMs: this.#nowMs });
    this.#isClosed = true;
    this.#cancel();
    this.#endWatch();
  }

  get #nowMs(): number {
    return this.#options.clock.nowMs();
  }

  /** Null: it must not decide. */
  get #epoch(): number | null {
    return epochLed(this.#state, this.#nowMs);
  }

  #step(event: LeaseEvent): void {
    if (this.#isClosed) return;
    const { state, ask } = (this.#options.stepLeadership ?? stepLeadership)(this.#state, event, this.#times);
    this.#state = state;
    this.#follow();
    if (event.kind !== 'leaving') this.#say();
    if (ask !== null) this.#ask(ask);
    const { held, dueAtMs } = this.#state;
    const atMs = Math.min(dueAtMs, this.#led === null || held === null ? dueAtMs : held.untilMs);
    this.#cancel();
    // A timer may be early by a rounding.
    const afterMs = Math.max(1, atMs - this.#nowMs);
    if (event.kind !== 'leaving')
      this.#cancel = this.#options.clock.after(afterMs, () => this.#step({ kind: 'due', nowMs: this.#nowMs }));
  }

  /** Begins and ends to decide, as the lease says. */
  #follow(): void {
    const epoch = this.#epoch;
    if (epoch === (this.#led?.epoch ?? null)) return;
    void this.#led?.controller.close();
    this.#led = null;
    if (epoch === null) return;
    const origin = { cell: this.#cell, epoch: this.#sinceMs + epoch };
    const isOwn = (): boolean => this.#led === led && this.#epoch === epoch;
    const led: Led = { epoch, origin, controller: this.#options.lead(origin, isOwn) };
    this.#led = led;
  }

  #say(): void {
    const { state } = this;
    const said = `${state.epoch} ${state.holder}`;
    if (said !== this.#said) this.#options.onCell?.(state);
    this.#said = said;
  }

  #ask(ask: LeaseAsk): void {
    const { store, id } = this.#options;
    const sentAtMs = this.#nowMs;
    const answered = (answer: Written | Found): void =>
      this.#step({ kind: 'answered', ask, sentAtMs, answer, nowMs: this.#nowMs });
    if (ask.kind === 'get') store.get(this.#key, answered);
    else if (ask.kind === 'acquire') store.acquire(this.#key, id, ask.over, answered);
    else if (ask.kind === 'renew') store.renew(this.#key, id, ask.revision, answered);
    else store.release(this.#key, ask.revision, answered);
  }
}
