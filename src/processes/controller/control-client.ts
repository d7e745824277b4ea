// A member's connection to its controller: joins, reports, hears orders, and comes back when the connection is lost. It never stops the
// member: without a controller, edges and devices go on with what they know.

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

/** Begins to connect: calls `accept` once, as a {@link Connect} does, or `failed`. @returns gives the attempt up */
export type Reach = (accept: Accept, failed: () => void) => () => void;

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
  /** Orders of the highest epoch so far. */
  readonly obey: (message: Exclude<ControllerMessage, { kind: 'welcome' | 'alive' | 'refused' }>) => void;
  /** What the operator or user is told. */
  readonly note: (event: ControlNote) => void;
  /** Random numbers in [0, 1): they only spread members that come back together. Default: the platform's. */
  readonly uniform?: (() => number) | undefined;
}

export type ControlNote =
  | { readonly kind: 'connected'; readonly epoch: number }
  | { readonly kind: 'lost' }
  /** A controller of an earlier epoch is not obeyed. */
  | { readonly kind: 'older'; readonly epoch: number }
  /** A fault on this side: a report that could not be made, or an order that could not be followed. */
  | { readonly kind: 'failed'; readonly error: OutriderError }
  | { readonly kind: 'refused'; readonly error: OutriderError };

/** A controller that says nothing for so long is gone, ms. It says that it is alive much more often. */
const lostAfterMs = 15_000;
/** Pauses between attempts grow until a connection has held for so long, ms. */
const steadyMs = 5000;

export class ControlClient {
  readonly #options: ControlClientOptions;
  #connection: Connection | null = null;
  #isWelcome = false;
  #seq = 0;
  #epoch = 0;
  #heardAtMs = 0;
  #outageSinceMs: number | null = null;
  #welcomeAtMs = 0;
  #isOlderTold = false;
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

  /** The highest that it has seen. */
  get epoch(): number {
    return this.#epoch;
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
      () => this.#reconnect(),
    );
  }

  #opened(connection: Connection): ConnectionHandler {
    const { join, clock } = this.#options;
    if (this.#isClosed) connection.close('done', 'the member leaves');
    else {
      this.#connection = connection;
      this.#heardAtMs = clock.nowMs();
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
    const { clock, note, obey } = this.#options;
    if (connection !== this.#connection) return;
    this.#heardAtMs = clock.nowMs();
    let message: ControllerMessage;
    try {
      message = decodeController(bytes);
    } catch (error) {
      note({ kind: 'refused', error: asOutriderError(error) });
      connection.close('protocol-error', 'a message that is not understood');
      return;
    }
    if (message.kind === 'refused') {
      const { code, cause, remedy } = message;
      const own = errorCodes.find((one) => one === code) ?? 'unauthorized';
      note({ kind: 'refused', error: new OutriderError(own, cause, remedy) });
      return;
    }
    if (message.kind === 'welcome' && message.version !== controlVersion) {
      const cause = `the controller speaks version ${message.version} of its protocol, this ${this.#options.join.role} version ${controlVersion}`;
      const remedy = 'install the same version of outrider on both';
      note({ kind: 'refused', error: new OutriderError('version-mismatch', cause, remedy) });
      connection.close('version-mismatch', cause);
      return;
    }
    // Of two controllers the newer one decides.
    if (message.epoch < this.#epoch) {
      if (!this.#isOlderTold) note({ kind: 'older', epoch: message.epoch });
      this.#isOlderTold = true;
      connection.close('superseded', 'a controller with a higher epoch was here');
      return;
    }
    this.#epoch = message.epoch;
    if (message.kind === 'welcome') {
      this.#isWelcome = true;
      this.#isOlderTold = false;
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
}
