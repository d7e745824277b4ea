// `outrider controller --fleet`: one of several controllers that are alike and share a store. It decides for the cells that it leads.

import { randomUUID } from 'node:crypto';
import { defaultCell } from '../allocation/controller/cell-epoch.ts';
import type { ControllerEvent } from '../allocation/controller/controller-events.ts';
import type { Origin } from '../allocation/controller/messages.ts';
import type { RemotePolicy } from '../allocation/slot/remote-policy.ts';
import { badArgument, type OutriderError } from '../core/basics/errors.ts';
import type { OptionsOf } from '../core/options/options.ts';
import { type NatsFleetStore, openNatsFleetStore, parseNatsAddress } from '../files/nats-fleet-store.ts';
import { PolicyProcess } from '../files/policy-process.ts';
import { readNamed } from '../files/tls-files.ts';
import { machineClock } from '../network/transport/machine-clock.ts';
import type { Accept } from '../network/transport/transport.ts';
import type {
  ControllerOptions,
  ControllerStatus,
  RunningController,
} from '../processes/controller/controller-server.ts';
import { type CellState, cellForm, elsewhereOf, FleetController } from '../processes/controller/fleet-controller.ts';
import type { ControllerMetrics } from '../processes/metrics/controller-metrics.ts';
import { reachableUrl } from './options/reachable-url.ts';

/** A process asks for the lease of each of its cells every two seconds. */
const mostCells = 64;

function parseCells(text: string): readonly string[] {
  const cells = [...new Set(text.split(','))];
  const wrong = cells.find((cell) => !cellForm.test(cell));
  if (wrong !== undefined) throw new Error(`"${wrong.slice(0, 80)}" is no cell: give 1 to 64 letters, digits, _ and -`);
  if (cells.length > mostCells)
    throw new Error(`${cells.length} cells are too many: one controller takes ${mostCells}`);
  return cells;
}

export const fleetOptions = {
  fleet: {
    flag: '--fleet <store>',
    help: 'the store of a fleet of controllers: nats://HOST:PORT[,HOST:PORT][/NAME], or tls:// (default: it decides alone)',
  },
  cells: {
    flag: '--cells <names>',
    help: 'cells for which it may decide, with commas between them; without --fleet one',
    parse: parseCells as (text: string) => readonly string[],
    default: [defaultCell] as readonly string[],
  },
  fleetCredentials: {
    flag: '--fleet-credentials <file>',
    help: 'credentials for the store: a file of nsc, or with a line USER:PASSWORD or TOKEN',
  },
  fleetCa: {
    flag: '--fleet-ca <file>',
    help: "certificate, PEM, that has signed the store's (default: those that the system trusts)",
  },
  advertise: {
    flag: '--advertise <address>',
    help: 'where members reach this controller of a fleet (default: the address that it prints)',
  },
} as const;

type FleetFlags = OptionsOf<typeof fleetOptions> & { readonly policy: string };

/** A line of its log. Who leads a cell has changed; or the store is lost, with the cause, or is back. */
export type FleetEvent =
  | ({ readonly kind: 'cell' } & CellState)
  | { readonly kind: 'store'; readonly code: string | null; readonly cause: string | null };

export interface FleetServiceSettings {
  readonly start: (
    policy: RemotePolicy,
    own: Pick<ControllerOptions, 'cell' | 'epoch' | 'mayOrder'>,
  ) => RunningController;
  readonly metrics: Pick<ControllerMetrics, 'followFleet' | 'ended' | 'onEvent'>;
  /** @param line for people; null: nothing that they should know */
  readonly print: (
    event: (ControllerEvent & { readonly cell?: string | undefined }) | FleetEvent,
    line: string | null,
  ) => void;
}

/** A controller names at most so many cells in an hour that are not its own and have no leader, each once: members choose their names. */
const mostForeign = 64;
const foreignForMs = 3_600_000;

export class ForeignCells {
  readonly #named = new Set<string>();
  #untilMs = 0;

  /** Whether it is to be named now. */
  takes(cell: string, nowMs: number): boolean {
    if (nowMs >= this.#untilMs) {
      this.#named.clear();
      this.#untilMs = nowMs + foreignForMs;
    }
    if (this.#named.has(cell) || this.#named.size >= mostForeign) return false;
    this.#named.add(cell);
    return true;
  }
}

/** The place of this process in its fleet. */
export class FleetService implements AsyncDisposable {
  readonly #flags: FleetFlags;
  readonly #settings: FleetServiceSettings;
  readonly #led = new Map<string, RunningController>();
  readonly #store: NatsFleetStore;
  readonly #failures: Record<string, number> = {};
  /** Cells of members that were sent away, and that no controller leads. */
  readonly #unled = new ForeignCells();
  #fleet: FleetController | null = null;
  #isUp = false;

  private constructor(flags: FleetFlags, settings: FleetServiceSettings, store: NatsFleetStore) {
    this.#flags = flags;
    this.#settings = settings;
    this.#store = store;
  }

  /** @throws OutriderError `bad-argument` */
  static async open(address: string, flags: FleetFlags, settings: FleetServiceSettings): Promise<FleetService> {
    const files = [flags.fleetCredentials, flags.fleetCa].map((path) =>
      path === undefined ? undefined : readNamed(path),
    );
    const [credentials, ca] = await Promise.all(files);
    const store = await openNatsFleetStore({
      ...parseNatsAddress(address),
      credentials,
      ca,
      onState(error) {
        service.#isUp = error === null;
        service.#say(error);
      },
    });
    const service = new FleetService(flags, settings, store);
    const unknown = flags.cells.map((cell) => ({ cell, epoch: null, holder: null, ageMs: null }));
    settings.metrics.followFleet(() => {
      const status = service.#fleet?.status ?? [];
      return {
        cells: status.length > 0 ? status : unknown,
        isStoreUp: service.#isUp,
        storeFailures: service.#failures,
      };
    });
    return service;
  }

  readonly accept: Accept = (connection) => {
    if (this.#fleet !== null) return this.#fleet.accept(connection);
    connection.close('interrupted', 'the controller is starting');
    return { frame() {}, writable() {}, closed() {} };
  };

  /** Sums over the cells that it leads; the largest epoch. */
  get status(): Pick<ControllerStatus, 'epoch' | 'edges' | 'devices'> {
    const all = [...this.#led.values()].map(({ status }) => status);
    const sum = (of: 'edges' | 'devices'): number => all.reduce((total, one) => total + one[of], 0);
    return { epoch: Math.max(0, ...all.map(({ epoch }) => epoch)), edges: sum('edges'), devices: sum('devices') };
  }

  /**
   * Called once, when members may come.
   * @throws OutriderError `bad-argument`: it has no address for members
   */
  begin(url: string): void {
    const { advertise: address = reachableUrl(url).href.replace(/^http/, 'ws') } = this.#flags;
    const id = JSON.stringify({ id: randomUUID(), address });
    if (elsewhereOf(id) === null) throw badArgument(`"${address}" is no address`, 'give --advertise wss://HOST:PORT');
    this.#fleet = new FleetController({
      store: this.#store,
      cells: this.#flags.cells,
      id,
      startedAtMs: Date.now(),
      clock: machineClock,
      lead: (origin, mayOrder) => this.#lead(origin, mayOrder),
      onCell: (state) => this.#settings.print({ kind: 'cell', ...state }, cellNote(state)),
      onFailed: (error) => this.#say(error),
      onRefused: (cell, holder) => this.#refused(cell, holder),
    });
  }

  renewKeys(isValid: (key: string) => boolean): void {
    for (const controller of this.#led.values()) controller.renewKeys(isValid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#fleet?.close();
    await this.#store[Symbol.asyncDispose]();
  }

  /** @param error of the store, or of its records; null: it is back */
  #say(error: OutriderError | null): void {
    const { code = null, message: cause = null, remedy } = error ?? {};
    if (code !== null) this.#failures[code] = (this.#failures[code] ?? 0) + 1;
    const line = code === null ? "the fleet's store answers" : `${cause} (${remedy}) [${code}]`;
    this.#settings.print({ kind: 'store', code, cause }, line);
  }

  /** Who leads its own cells it says anyway. */
  #refused(cell: string, holder: string | null | undefined): void {
    this.#settings.metrics.onEvent({ kind: 'refused', id: null, code: 'cell-mismatch', cause: cell });
    if (holder !== null || !cellForm.test(cell) || this.#flags.cells.includes(cell)) return;
    if (!this.#unled.takes(cell, machineClock.nowMs())) return;
    const state = { kind: 'cell', cell, epoch: null, holder, ageMs: null } as const;
    this.#settings.print(state, `members ask for the cell "${cell}", which nobody leads`);
  }

  #lead({ cell, epoch }: Origin, mayOrder: () => boolean): Pick<RunningController, 'accept' | 'close'> {
    const policy = new PolicyProcess(this.#flags.policy, { clock: machineClock });
    // Slots are decided by the fallback until it is loaded, and where it can't be.
    policy.loaded.catch(() => {});
    const controller = this.#settings.start(policy, { cell, epoch, mayOrder });
    this.#led.set(cell, controller);
    return {
      accept: controller.accept,
      close: async () => {
        this.#led.delete(cell);
        this.#settings.metrics.ended(cell);
        await controller.close();
        await policy[Symbol.asyncDispose]();
      },
    };
  }
}

/** One line for people. */
export function cellNote({ cell, epoch, holder }: CellState): string {
  if (epoch !== null) return `leads the cell ${cell}, epoch ${epoch}`;
  if (holder === null) return `nobody leads the cell ${cell}: its edges and devices go on without orders`;
  return `the cell ${cell} is led by ${elsewhereOf(holder)?.address ?? 'another controller'}`;
}
