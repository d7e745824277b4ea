// A member's connection to its controller: joins, reports, receives orders, and comes back when the connection is lost. It never stops the
// member: without a controller, edges and devices continue with what they know.

import {
  type CellEpoch,
  defaultCell,
  type EpochEvent,
  noEpoch,
  stepEpoch,
} from '../../allocation/controller/cell-epoch.ts';
import { decodeController, encodeControl } from '../../allocation/controller/message-codec.ts';
import {
  type ControllerMessage,
  controlVersion,
  type DeviceReport,
  type EdgeReport,
  type Elsewhere,
  type JoinMessage,
  type MemberMessage,
  type RefusedMember,
  type WelcomeMessage,
} from '../../allocation/controller/messages.ts';
import { changesOf, settled } from '../../allocation/controller/report-changes.ts';
import type { Clock } from '../../core/basics/clock.ts';
import { asOutriderError, errorCodes, OutriderError } from '../../core/basics/errors.ts';
import { reconnectPauseMs } from '../../core/protocol/device/reconnect-pause.ts';
import { machineClock } from '../../network/transport/machine-clock.ts';
import type { Accept, Connect, Connection, ConnectionHandler } from '../../network/transport/transport.ts';

type Unnumbered<Report> = Report extends unknown ? Omit<Report, 'seq'> : never;

/**
 * Begins to connect: calls `accept` once, as a {@link Connect} does, or `failed` with the cause.
 * @param elsewhere the controller that the last one has named @returns gives the attempt up
 */
export type Reach = (accept: Accept, failed: (error?: unknown) => void, elsewhere?: Elsewhere) => () => void;

export function reachBy(connect: Connect): Reach {
  return (accept, failed) => {
    const attempt = new AbortController();
    connect(accept, { signal: attempt.signal }).catch(failed);
    return () => attempt.abort();
  };
}

/** Tries the addresses in turn, and first the one that a controller has named. Another address is never tried: it would be shown the key. */
export function reachInTurn(ways: readonly { readonly address: string; readonly reach: Reach }[]): Reach {
  let tried = 0;
  return (accept, failed, elsewhere) => {
    const named = ways.find(({ address }) => elsewhere !== undefined && hrefOf(address) === hrefOf(elsewhere.address));
    if (named === undefined) tried += 1;
    const { reach } = (named ?? ways[(tried - 1) % ways.length]) as (typeof ways)[number];
    return reach(accept, failed);
  };
}

/** As two spellings of one address are compared. */
function hrefOf(address: string): string {
  const text = address.trim().replace(/^http/i, 'ws');
  return URL.canParse(text) ? new URL(text).href : text;
}

/** How an edge or a device joins its controller. */
export interface MemberOptions {
  /** The controller; {@link reachBy} makes it of a connector. */
  readonly reach: Reach;
  /** Unique among the members of its role: letters, digits, and . _ : - */
  readonly id: string;
  /** The cell of which it is a member. Default: the one of all controllers that share nothing. */
  readonly cell?: string | undefined;
  /** Key for the controller. */
  readonly credentials?: string | undefined;
  readonly clock?: Clock | undefined;
  /** Default 500. */
  readonly reportEveryMs?: number | undefined;
  /** Called with what the operator or user should know. */
  readonly note?: ((event: ControlNote) => void) | undefined;
  /** Random numbers in [0, 1): they only spread members that come back together. Default: the platform's. */
  readonly uniform?: (() => number) | undefined;
  /** Which epochs are followed. Default: {@link stepEpoch}. */
  readonly stepEpoch?: typeof stepEpoch | undefined;
}

export interface ControlClientOptions extends MemberOptions {
  readonly role: JoinMessage['role'];
  /** Null: nothing is to report at the moment. @param welcome what the controller takes */
  readonly report: (welcome: WelcomeMessage) => Unnumbered<EdgeReport | DeviceReport> | null;
  /** Called with each order of the highest epoch that counts. */
  readonly onOrder: (message: Exclude<ControllerMessage, { kind: 'welcome' | 'alive' | 'refused' }>) => void;
}

export type ControlNote =
  | { readonly kind: 'connected'; readonly epoch: number }
  | { readonly kind: 'lost' }
  /** A controller of a lower epoch than one that counts is not followed. */
  | { readonly kind: 'older'; readonly epoch: number }
  /** A fault on this side: a report that could not be made, or an order that could not be followed. */
  | { readonly kind: 'failed'; readonly error: OutriderError }
  /** The controller refuses this member, or this member it. */
  | { readonly kind: 'refused'; readonly error: OutriderError }
  /** There is no connection, and why. */
  | { readonly kind: 'unreached'; readonly error: OutriderError };

/** A controller that sends nothing for this time counts as lost, ms. It sends keep-alives much more often. */
const lostAfterMs = 15_000;
/** Pauses between attempts grow until a connection has held for so long, ms. */
const steadyMs = 5000;
/** Different refusals that are noted. */
const mostRefusals = 64;

export class ControlClient {
  readonly #options: ControlClientOptions;
  readonly #clock: Clock;
  readonly #note: (event: ControlNote) => void;
  #connection: Connection | null = null;
  /** Null: it has not joined. */
  #welcome: WelcomeMessage | null = null;
  #seq = 0;
  /** The device's report before the next one, on this connection; null: none, or the controller takes whole reports only. */
  #reported: Omit<DeviceReport, 'seq'> | null = null;
  #epochs: CellEpoch = noEpoch;
  #receivedAtMs = 0;
  #outageSinceMs: number | null = null;
  #welcomeAtMs = 0;
  #isOlderNoted = false;
  /** Refusals since a controller was there: each is noted once. */
  readonly #refusals = new Set<string>();
  #elsewhere: Elsewhere | undefined;
  /** A controller that was named names no other, so that none sends members round. */
  #isSent = false;
  #isClosed = false;
  #cancel = (): void => {};
  #giveUp = (): void => {};

  constructor(options: ControlClientOptions) {
    this.#options = options;
    this.#clock = options.clock ?? machineClock;
    this.#note = options.note ?? (() => {});
    this.#open();
    this.#tick();
  }

  get isConnected(): boolean {
    return this.#welcome !== null;
  }

  /** Reports at once: something has changed. */
  reportNow(): void {
    if (this.#welcome === null || this.#connection === null) return;
    try {
      const report = this.#options.report(this.#welcome);
      if (report === null) return;
      this.#seq += 1;
      this.#connection.send(encodeControl({ ...this.#shortened(report), seq: this.#seq } as MemberMessage));
    } catch (error) {
      // The next one is whole.
      this.#reported = null;
      this.#note({ kind: 'failed', error: asOutriderError(error) });
    }
  }

  /** A device's report after the first one as what has changed. */
  #shortened(report: Unnumbered<EdgeReport | DeviceReport>): Unnumbered<MemberMessage> {
    if (report.kind === 'edge-report' || this.#welcome?.takesChanges !== true) return report;
    const before = this.#reported;
    this.#reported = settled(before, report);
    return before === null ? this.#reported : changesOf(before, this.#reported);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
    this.#giveUp();
    this.#connection?.close('done', 'the member leaves');
    this.#connection = null;
    this.#welcome = null;
  }

  #tick(): void {
    this.#cancel = this.#clock.after(this.#options.reportEveryMs ?? 500, () => {
      if (this.#isClosed) return;
      const isSilent = this.#connection !== null && this.#clock.nowMs() - this.#receivedAtMs > lostAfterMs;
      if (isSilent) this.#connection?.close('silent', 'the controller says nothing');
      else this.reportNow();
      if (this.#welcome !== null && this.#clock.nowMs() - this.#welcomeAtMs > steadyMs) this.#outageSinceMs = null;
      this.#tick();
    });
  }

  #open(): void {
    const elsewhere = this.#elsewhere;
    this.#elsewhere = undefined;
    this.#isSent = elsewhere !== undefined;
    const failed = (error?: unknown): void => {
      if (error !== undefined && !this.#isClosed) this.#noteRefusal('unreached', asOutriderError(error));
      this.#reconnect();
    };
    try {
      this.#giveUp = this.#options.reach((connection) => this.#opened(connection), failed, elsewhere);
    } catch (error) {
      failed(error);
    }
  }

  #opened(connection: Connection): ConnectionHandler {
    const { role, id, credentials = '', cell } = this.#options;
    if (this.#isClosed) connection.close('done', 'the member leaves');
    else {
      this.#connection = connection;
      this.#receivedAtMs = this.#clock.nowMs();
      this.#stepEpoch({ kind: 'connected' });
      this.#seq = 0;
      this.#reported = null;
      connection.send(encodeControl({ kind: 'join', version: controlVersion, role, id, credentials, cell }));
    }
    return {
      frame: (bytes) => this.#receive(connection, bytes),
      writable: () => {},
      closed: () => this.#lost(connection),
    };
  }

  #lost(connection: Connection): void {
    if (connection !== this.#connection) return;
    this.#connection = null;
    if (this.#welcome !== null) this.#note({ kind: 'lost' });
    this.#welcome = null;
    this.#reconnect();
  }

  #reconnect(): void {
    if (this.#isClosed) return;
    const { uniform = Math.random } = this.#options;
    const nowMs = this.#clock.nowMs();
    this.#outageSinceMs ??= nowMs;
    const outageMs = this.#elsewhere === undefined ? nowMs - this.#outageSinceMs : 0;
    this.#clock.after(reconnectPauseMs(outageMs, uniform()), () => {
      if (!this.#isClosed) this.#open();
    });
  }

  #receive(connection: Connection, bytes: Uint8Array): void {
    if (connection !== this.#connection) return;
    this.#receivedAtMs = this.#clock.nowMs();
    let message: ControllerMessage | null;
    try {
      message = decodeController(bytes);
      if (message !== null && message.kind !== 'refused') demandCell(message.cell, this.#options);
    } catch (error) {
      const { code, message: cause } = this.#noteRefusal('refused', asOutriderError(error));
      connection.close(code, cause);
      return;
    }
    // A later version may have more kinds.
    if (message === null) return;
    if (message.kind === 'refused') {
      this.#refused(message);
      connection.close('done', 'the controller has said why');
      return;
    }
    const { epoch } = message;
    const received = { epoch, isChecked: connection.isPeerChecked === true, nowMs: this.#receivedAtMs };
    if (this.#stepEpoch({ kind: 'received', ...received })) {
      if (!this.#isOlderNoted) this.#note({ kind: 'older', epoch });
      this.#isOlderNoted = true;
      connection.close('superseded', 'a controller with a higher epoch was here');
    } else this.#follow(message);
  }

  #refused({ code, cause, remedy, elsewhere }: RefusedMember): void {
    if (elsewhere !== undefined && !this.#isSent) {
      this.#elsewhere = elsewhere;
      return;
    }
    const own = errorCodes.find((one) => one === code) ?? 'unauthorized';
    const there = elsewhere === undefined ? '' : `: ${elsewhere.address}`;
    this.#noteRefusal('refused', new OutriderError(own, `${cause}${there}`, remedy));
  }

  /** @returns whether what was received is older than what counts */
  #stepEpoch(event: EpochEvent): boolean {
    const { state, isOlder } = (this.#options.stepEpoch ?? stepEpoch)(this.#epochs, event);
    this.#epochs = state;
    return isOlder;
  }

  #follow(message: Exclude<ControllerMessage, { kind: 'refused' }>): void {
    if (message.kind === 'welcome') {
      // A second one would be answered by a report for ever.
      if (this.#welcome !== null) return;
      this.#welcome = message;
      this.#isOlderNoted = false;
      this.#refusals.clear();
      this.#welcomeAtMs = this.#clock.nowMs();
      this.#note({ kind: 'connected', epoch: message.epoch });
      this.reportNow();
    } else if (message.kind !== 'alive') {
      try {
        this.#options.onOrder(message);
      } catch (error) {
        this.#note({ kind: 'failed', error: asOutriderError(error) });
      }
    }
  }

  #noteRefusal(kind: 'refused' | 'unreached', error: OutriderError): OutriderError {
    const refusal = `${error.code} ${error.message}`;
    if (this.#refusals.has(refusal) || this.#refusals.size >= mostRefusals) return error;
    this.#refusals.add(refusal);
    this.#note({ kind, error });
    return error;
  }
}

function demandCell(cell: string, { role, cell: own = defaultCell }: ControlClientOptions): void {
  if (cell === own) return;
  const cause = `the controller decides for the cell "${cell}", and this ${role} is in the cell "${own}"`;
  throw new OutriderError('cell-mismatch', cause, 'give it the address of the controller of its own cell');
}
