// Planted bugs in the rules of fleets of controllers, as those of planted-controls.fixture.ts.

import { decodeController, encodeControl } from '../../../src/allocation/controller/message-codec.ts';
import { type LeaseTimes, stepLeadership } from '../../../src/allocation/fleet/leadership.ts';
import type { EdgeKey } from '../../../src/core/protocol/edge/edge-key.ts';
import { TicketBook } from '../../../src/processes/controller/ticket-book.ts';
import type { BugHooks } from './control-members.ts';
import type { FleetHooks } from './fleet-controllers.ts';
import type { PlantedBug } from './run.ts';

function alteringTimes(alter: (times: LeaseTimes) => Partial<LeaseTimes>): FleetHooks {
  return { stepLeadership: (state, event, times) => stepLeadership(state, event, { ...times, ...alter(times) }) };
}

/** A renewal that is done is as one whose answer is lost. */
const unconfirmed: FleetHooks = {
  stepLeadership(state, event, times) {
    const isRenewal = event.kind === 'answered' && event.ask.kind === 'renew' && event.answer.kind === 'done';
    const { nowMs } = event;
    return isRenewal ? stepLeadership(state, { kind: 'due', nowMs }, times) : stepLeadership(state, event, times);
  },
};

/** A renewal counts from its answer, not from when it was sent. */
const fromAnswers: FleetHooks = {
  stepLeadership: (state, event, times) =>
    stepLeadership(state, event.kind === 'answered' ? { ...event, sentAtMs: event.nowMs } : event, times),
};

/** A lease is taken whatever its revision is. */
const overAnything: FleetHooks = {
  store: (store) => ({
    ...store,
    acquire: (key, value, over, written) =>
      key.startsWith('lease.') ? store.put(key, value, written) : store.acquire(key, value, over, written),
  }),
};

const hooks: Readonly<Record<string, FleetHooks>> = {
  'a leader never falls silent': alteringTimes(() => ({ silentAfterMs: 1e9 })),
  'a lease is never taken over': alteringTimes(() => ({ takeOverAfterMs: 1e9 })),
  'a renewal does not count': unconfirmed,
  'a renewal counts from its answer': fromAnswers,
  'a lease is taken over as soon as its leader falls silent by its own clock': alteringTimes(({ silentAfterMs }) => ({
    takeOverAfterMs: silentAfterMs,
  })),
  'a lease is taken over whatever is written there': overAnything,
  'a controller orders without reading its clock': { mayOrder: () => true },
  'all controllers have one value in leases': { id: () => 'a controller' },
  'epochs of a fleet become smaller': { origin: (origin) => ({ ...origin, epoch: 1e9 - origin.epoch }) },
  'epochs of a fleet begin below those of the controller before it': {
    origin: (origin) => ({ ...origin, epoch: origin.epoch % 1000 }),
  },
};

/** Messages of every cell are taken as those of the member's own. */
function anyCell(): BugHooks {
  const cells = new WeakMap<object, string>();
  return {
    handler: (handler) => ({
      ...handler,
      frame(bytes) {
        const message = messageOf(bytes);
        if (message === null || !('cell' in message)) return handler.frame(bytes);
        const cell = cells.get(handler) ?? message.cell;
        cells.set(handler, cell);
        handler.frame(encodeControl({ ...message, cell }));
      },
    }),
  };
}

function messageOf(bytes: Uint8Array) {
  try {
    return decodeController(bytes);
  } catch {
    return null;
  }
}

/** After a while without a grant, as between two leaders, an edge drops the tickets that it holds. */
class ForgetfulTickets extends TicketBook {
  #early = new Set<string>();
  #late = new Set<string>();
  #grantedAtMs = 0;
  readonly #nowMs: () => number;

  constructor(...given: ConstructorParameters<typeof TicketBook>) {
    super(...given);
    this.#nowMs = () => given[0].nowMs();
  }

  override grant(...[grant]: Parameters<TicketBook['grant']>): void {
    if (this.#nowMs() > this.#grantedAtMs + 1000) {
      for (const ticket of this.#late) this.#early.add(ticket);
      this.#late.clear();
    }
    this.#grantedAtMs = this.#nowMs();
    this.#late.add(grant.ticket);
    super.grant(grant);
  }

  override find(credentials: string): EdgeKey | null {
    return this.#early.has(credentials) ? null : super.find(credentials);
  }
}

export const fleetBugs: Readonly<Record<string, PlantedBug>> = {
  ...Object.fromEntries(Object.entries(hooks).map(([name, fleet]) => [name, { control: { fleet } }])),
  'a member obeys controllers of other cells': { control: anyCell() },
  'an edge drops the tickets of an earlier leader': { control: { TicketBook: ForgetfulTickets } },
};
