// A member's connection to its controller: joins, reports, hears orders, and comes back when the connection is lost. It never stops the
// member: without a controller, edges and devices go on with what they know.

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
  type JoinMessage,
} from '../../allocation/controller/messages.ts';
import type { Clock } from '../../core/basics/clock.ts';
import { asOutriderError, errorCodes, OutriderError } from '../../core/basics/errors.ts';
import { reconnectPauseMs } from '../../core/protocol/device/reconnect-pause.ts';
import type { Accept, Connect, Connection, ConnectionHandler } from '../../network/transport/transport.ts';

type Unnumbered<Report> = Report extends unknown ? Omit<Report, 'seq'> : never;

/** Begins to connect: calls `accept` once, as a {@link Connect} does, or `failed` with the cause. @returns gives the attempt up */
export type Reach = (accept: Accept, failed: (error?: unknown) => void) => () => void;

export function reachBy(connect: Connect): Reach {
  return (accept, failed) => {
    const attempt = new AbortController();
    connect(accept, { signal: attempt.signal }).catch(failed);
    return () => attempt.abort();
  };
}

export interface ControlClientOptions {
  readonly reach: Reach;
  readonly join: Pick<JoinMessage, 'role' | 'id' | 'credentials'>;
  readonly clock: Clock;
  readonly reportEveryMs: number;
  /** Null: nothing is to report at the moment. */
  readonly report: () => Unnumbered<EdgeReport | DeviceReport> | null;
  /** Orders of the highest epoch that counts. */
  readonly obey: (message: Exclude<ControllerMessage, { kind: 'welcome' | 'alive' | 'refused' }>) => void;
  /** What the operator or user is told. */
  readonly note: (event: ControlNote) => void;
  /** Random numbers in [0, 1): they only spread members that come back together. Default: the platform's. */
  readonly uniform?: (() => number) | undefined;
  /** Which epochs are obeyed. Default: {@link stepEpoch}. */
  readonly stepEpoch?: typeof stepEpoch | undefined;
}

export type ControlNote =
  | { readonly kind: 'connected'; readonly epoch: number }
  | { readonly kind: 'lost' }
  /** A controller of a lower epoch than one that counts is not obeyed. */
  | { readonly kind: 'older'; readonly epoch: number }
  /** A fault on this side: a report that could not be made, or an order that could not be followed. */
  | { readonly kind: 'failed'; readonly error: OutriderError }
  /** The controller refuses this member, or this member it. */
  | { readonly kind: 'refused'; readonly error: OutriderError }
  /** There is no connection, and why. */
  | { readonly kind: 'unreached'; readonly error: OutriderError };

/** A controller that says nothing for so long is gone, ms. It says that it is alive much more often. */
const lostAfterMs = 15_000;
/** Pauses between attempts grow until a connection has held for so long, ms. */
const steadyMs = 5000;

export class ControlClient {
  readonly #options: ControlClientOptions;
  #connection: Connection | null = null;
  #isWelcome = false;
  #seq = 0;
  #epochs: CellEpoch = noEpoch;
  #heardAtMs = 0;
  #outageSinceMs: number | null = null;
  #welcomeAtMs = 0;
  #isOlderTold = false;
  /** The last refusal that was told since a controller was there: the same one is told once. */
  #told = '';
  #isClosed = false;
  #cancel = (): void => {};
  #giveUp = (): void => {};

  constructor(options: ControlClientOptions) {
    this.#options = options;
    this.#open();
    this.#tick();
  }

  get isConnected(): boolean {
    return this.#isWelcome;
  }

  /** Reports at once: something has changed. */
  reportNow(): void {
    if (!this.#isWelcome || this.#connection === null) return;
    try {
      const report = this.#options.report();
      if (report === null) return;
      this.#seq += 1;
      this.#connection.send(encodeControl({ ...report, seq: this.#seq } as EdgeReport | DeviceReport));
    } catch (error) {
      this.#options.note({ kind: 'failed', error: asOutriderError(error) });
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
    this.#giveUp();
    this.#connection?.close('done', 'the member leaves');
    this.#connection = null;
    this.#isWelcome = false;
  }

  #tick(): void {
    const { clock, reportEveryMs } = this.#options;
    this.#cancel = clock.after(reportEveryMs, () => {
      if (this.#isClosed) return;
      const isSilent = this.#connection !== null && clock.nowMs() - this.#heardAtMs > lostAfterMs;
      if (isSilent) this.#connection?.close('silent', 'the controller says nothing');
      else this.reportNow();
      if (this.#isWelcome && clock.nowMs() - this.#welcomeAtMs > steadyMs) this.#outageSinceMs = null;
      this.#tick();
    });
  }

  #open(): void {
    this.#giveUp = this.#options.reach(
      (connection) => this.#opened(connection),
      (error) => {
        if (error !== undefined && !this.#isClosed) this.#tell('unreached', asOutriderError(error));
        this.#reconnect();
      },
    );
  }

  #opened(connection: Connection): ConnectionHandler {
    const { join, clock } = this.#options;
    if (this.#isClosed) connection.close('done', 'the member leaves');
    else {
      this.#connection = connection;
      this.#heardAtMs = clock.nowMs();
      this.#stepEpoch({ kind: 'connected' });
      this.#seq = 0;
      connection.send(encodeControl({ kind: 'join', version: controlVersion, ...join }));
    }
    return {
      frame: (bytes) => this.#hear(connection, bytes),
      writable: () => {},
      closed: () => this.#lost(connection),
    };
  }

  #lost(connection: Connection): void {
    if (connection !== this.#connection) return;
    this.#connection = null;
    if (this.#isWelcome) this.#options.note({ kind: 'lost' });
    this.#isWelcome = false;
    this.#reconnect();
  }

  #reconnect(): void {
    if (this.#isClosed) return;
    const { clock, uniform = Math.random } = this.#options;
    const nowMs = clock.nowMs();
    this.#outageSinceMs ??= nowMs;
    clock.after(reconnectPauseMs(nowMs - this.#outageSinceMs, uniform()), () => {
      if (!this.#isClosed) this.#open();
    });
  }

  #hear(connection: Connection, bytes: Uint8Array): void {
    const { clock, note } = this.#options;
    if (connection !== this.#connection) return;
    this.#heardAtMs = clock.nowMs();
    let message: ControllerMessage | null;
    try {
      message = decodeController(bytes);
      if (message !== null && message.kind !== 'refused') demandCell(message.cell, this.#options.join.role);
    } catch (error) {
      const { code, message: cause } = this.#tell('refused', asOutriderError(error));
      connection.close(code, cause);
      return;
    }
    // A later version may have more kinds.
    if (message === null) return;
    if (message.kind === 'refused') {
      const { code, cause, remedy } = message;
      const own = errorCodes.find((one) => one === code) ?? 'unauthorized';
      this.#tell('refused', new OutriderError(own, cause, remedy));
      return;
    }
    const { epoch } = message;
    const heard = { epoch, isChecked: connection.isPeerChecked === true, nowMs: this.#heardAtMs };
    if (this.#stepEpoch({ kind: 'heard', ...heard })) {
      if (!this.#isOlderTold) note({ kind: 'older', epoch });
      this.#isOlderTold = true;
      connection.close('superseded', 'a controller with a higher epoch was here');
    } else this.#follow(message);
  }

  /** @returns whether what was heard is older than what counts */
  #stepEpoch(event: EpochEvent): boolean {
    const { state, isOlder } = (this.#options.stepEpoch ?? stepEpoch)(this.#epochs, event);
    this.#epochs = state;
    return isOlder;
  }

  #follow(message: Exclude<ControllerMessage, { kind: 'refused' }>): void {
    const { clock, note, obey } = this.#options;
    if (message.kind === 'welcome') {
      // A second one would be answered by a report for ever.
      if (this.#isWelcome) return;
      this.#isWelcome = true;
      this.#isOlderTold = false;
      this.#told = '';
      this.#welcomeAtMs = clock.nowMs();
      note({ kind: 'connected', epoch: message.epoch });
      this.reportNow();
    } else if (message.kind !== 'alive') {
      try {
        obey(message);
      } catch (error) {
        note({ kind: 'failed', error: asOutriderError(error) });
      }
    }
  }

  #tell(kind: 'refused' | 'unreached', error: OutriderError): OutriderError {
    const told = `${error.code} ${error.message}`;
    if (told !== this.#told) this.#options.note({ kind, error });
    this.#told = told;
    return error;
  }
}

function demandCell(cell: string, role: JoinMessage['role']): void {
  if (cell === defaultCell) return;
  const cause = `the controller decides for the cell "${cell}", and this ${role} is in the cell "${defaultCell}"`;
  throw new OutriderError('cell-mismatch', cause, 'give it the address of the controller of its own cell');
}
