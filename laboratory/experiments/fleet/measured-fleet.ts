// The controllers of a fleet in virtual time, those of `trial faults`, with what they cost: messages, decisions, and who has a decider.

import type { VirtualProcess } from '../../../simulator/virtual-time/process.ts';
import { createPolicy } from '../../../src/allocation/policies/policies.ts';
import type { NamedPolicy } from '../../../src/allocation/slot/require-assignment.ts';
import type { Clock } from '../../../src/core/basics/clock.ts';
import type { ControllerOptions, RunningController } from '../../../src/processes/controller/controller-server.ts';
import { ticketPrefix } from '../../../src/processes/controller/ticket-book.ts';
import { timed } from '../../measuring/cpu-time.ts';
import type { ControlNetwork } from '../../trials/faults/controllers.ts';
import { FleetControllers } from '../../trials/faults/fleet-controllers.ts';

/** One decision of a cell. */
export interface FleetDecision {
  readonly cell: string;
  /** Virtual time. */
  readonly atMs: number;
  /** Devices that read an answer. */
  readonly devices: number;
  /** Processor time of the slot, the decision and the orders, with their JSON. */
  readonly cpuMs: number;
}

/** Sums over all controllers since the start. */
export interface FleetTraffic {
  readonly receivedMessages: number;
  readonly receivedBytes: number;
  readonly sentMessages: number;
  readonly sentBytes: number;
}

/** Digits of a ticket's number: as many characters as 192 random bits have. */
const ticketDigits = 32;

interface Leader {
  readonly process: VirtualProcess;
  readonly controller: RunningController;
  readonly mayOrder: () => boolean;
}

export class MeasuredFleet extends FleetControllers<ControlNetwork> {
  readonly decisions: FleetDecision[] = [];
  readonly #started: RunningController[] = [];
  /** The last leader of each cell. */
  readonly #leaders = new Map<string, Leader>();
  #tickets = 0;

  protected override decider(
    process: VirtualProcess,
    origin: Pick<ControllerOptions, 'cell' | 'epoch' | 'mayOrder'>,
  ): RunningController {
    const { cell = '', mayOrder = () => true } = origin;
    const { policy } = this.scene;
    const clock = new DecidingClock(process, (devices, cpuMs) =>
      this.decisions.push({ cell, atMs: this.queue.nowMs(), devices, cpuMs }),
    );
    const deciding = clock.charge({ name: policy, decide: createPolicy(policy) });
    const controller = super.decider(process, origin, { clock, policy: deciding });
    this.#started.push(controller);
    this.#leaders.set(cell, { process, controller, mayOrder });
    return controller;
  }

  override drawTicket(): string {
    this.#tickets += 1;
    return `${ticketPrefix}${String(this.#tickets).padStart(ticketDigits, '0')}`;
  }

  get traffic(): FleetTraffic {
    const all = this.#started.map(({ status }) => status.traffic);
    const sum = (key: keyof FleetTraffic): number => all.reduce((total, one) => total + one[key], 0);
    return {
      receivedMessages: sum('receivedMessages'),
      receivedBytes: sum('receivedBytes'),
      sentMessages: sum('sentMessages'),
      sentBytes: sum('sentBytes'),
    };
  }

  /** Devices that are members of a controller that leads their cell now. */
  get ledDevices(): number {
    return this.#leading.reduce((sum, { controller }) => sum + controller.status.devices, 0);
  }

  /** Cells that a controller leads now. */
  get ledCells(): number {
    return this.#leading.length;
  }

  get #leading(): readonly Leader[] {
    return [...this.#leaders.values()].filter(({ process, mayOrder }) => process.isUp && mayOrder());
  }
}

/**
 * By how much a decision moves the clock for each device that reads, ms; the next one at once may come after four times as long. A controller
 * with a policy in a process of its own waits for the policy, and then three times as long as its own part took: so this is
 * (`openMs` + `applyMs` + `decideMs` / 4) / `reading` of 100,000 devices in bench/bench-controller-decisions.json of 2026-11-26. It is a
 * constant, as virtual time must not depend on this machine.
 */
const decidedMsOfDevice = 0.146;

/** The clock of a controller. A decision moves it by a constant for each device; what the decision really takes is measured. */
class DecidingClock implements Clock {
  readonly #process: VirtualProcess;
  readonly #onDecided: (devices: number, cpuMs: number) => void;
  #spentMs = 0;
  #devices = 0;

  constructor(process: VirtualProcess, onDecided: (devices: number, cpuMs: number) => void) {
    this.#process = process;
    this.#onDecided = onDecided;
  }

  nowMs(): number {
    return this.#process.nowMs() + this.#spentMs;
  }

  after(delayMs: number, action: () => void): () => void {
    return this.#process.after(delayMs + this.#spentMs, () => {
      const { cpuMs } = timed(action);
      if (this.#devices > 0) this.#onDecided(this.#devices, cpuMs);
      this.#spentMs = 0;
      this.#devices = 0;
    });
  }

  charge({ name, decide }: NamedPolicy): NamedPolicy {
    return {
      name,
      decide: (state) => {
        this.#devices = state.deviceCount;
        this.#spentMs += decidedMsOfDevice * state.deviceCount;
        return decide(state);
      },
    };
  }
}
