// Planted bugs in the rules of members of controllers, as those of planted-bugs.fixture.ts.

import type { VirtualDevice } from '../../../simulator/virtual-time/device.ts';
import { type Machines, protocolMachines } from '../../../simulator/virtual-time/machines.ts';
import { stepEpoch } from '../../../src/allocation/controller/cell-epoch.ts';
import { decodeController, encodeControl } from '../../../src/allocation/controller/message-codec.ts';
import type { ControllerMessage } from '../../../src/allocation/controller/messages.ts';
import type { EdgeKey } from '../../../src/core/protocol/edge/edge-key.ts';
import { TicketBook, ticketPrefix } from '../../../src/processes/controller/ticket-book.ts';
import type { BugHooks, HookedMember } from './control-members.ts';
import { addressOf } from './lies.ts';
import type { PlantedBug } from './run.ts';

type Handler = ReturnType<NonNullable<BugHooks['handler']>>;

/** Changes what members receive. @param receive gets each frame, and its message; null: it is none */
function receiving(
  receive: (handler: Handler, bytes: Uint8Array, message: ControllerMessage | null, member: HookedMember) => void,
): BugHooks {
  return {
    handler: (handler, member) => ({
      ...handler,
      frame: (bytes) => receive(handler, bytes, messageOf(bytes), member()),
    }),
  };
}

function messageOf(bytes: Uint8Array): ControllerMessage | null {
  try {
    return decodeController(bytes);
  } catch {
    return null;
  }
}

/** Does something when a device loses its controller. */
function losing(act: (member: Extract<HookedMember, { role: 'device' }>) => void): BugHooks {
  return {
    handler: (handler, member) => ({
      ...handler,
      closed(reason) {
        handler.closed(reason);
        const one = member();
        if (one.role === 'device') act(one);
      },
    }),
  };
}

/** For a member of this role every controller is as new as the newest. */
function anyEpoch(role: HookedMember['role']): BugHooks {
  const newest = 1e9;
  return receiving((handler, bytes, message, member) => {
    const isTaken = member.role === role && message !== null && 'epoch' in message;
    handler.frame(isTaken ? encodeControl({ ...message, epoch: newest }) : bytes);
  });
}

/** A frame that is no message is passed over, and its sender is still followed. */
const passedOver = receiving((handler, bytes, message) => {
  if (message !== null) handler.frame(bytes);
});

/** A device moves to an edge that no list describes, by the name in the order. */
const unlistedFollowed: BugHooks = {
  ...receiving((handler, bytes, message, member) => {
    handler.frame(bytes);
    if (member.role !== 'device' || message?.kind !== 'assign') return;
    if (!member.agent.edges.edges.has(message.edge)) member.device.moveTo(message.edge);
  }),
  known: (edge, known) => known ?? { address: addressOf(edge), credentials: '' },
};

/** A ticket never expires. */
class LastingTickets extends TicketBook {
  override grant(...[grant]: Parameters<TicketBook['grant']>): void {
    super.grant({ ...grant, validMs: 1e12 });
  }
}

/** All tickets are those of one device. */
class SharedTickets extends TicketBook {
  override find(credentials: string): EdgeKey | null {
    const key = super.find(credentials);
    return key === null ? null : { ...key, id: `${ticketPrefix}device-0` };
  }
}

/** An edge accepts any share that a controller sends. */
class RawShares extends TicketBook {
  readonly #shares = new Map<string, number>();

  override setShare(device: string, share: number): void {
    super.setShare(device, share);
    this.#shares.set(`${ticketPrefix}${device}`, share);
  }

  override find(credentials: string): EdgeKey | null {
    const key = super.find(credentials);
    return key && this.#shared(key);
  }

  override renewed(id: string, shown: EdgeKey): EdgeKey {
    return this.#shared(super.renewed(id, shown));
  }

  #shared(key: EdgeKey): EdgeKey {
    return { ...key, share: this.#shares.get(key.id) ?? key.share };
  }
}

/** A turn whose edge goes down fails. */
const leavingIsFatal: Machines = {
  ...protocolMachines,
  stepDevice(state, event) {
    const isLeaving = event.kind === 'message-received' && event.message.kind === 'leaving';
    if (!isLeaving) return protocolMachines.stepDevice(state, event);
    const words = { cause: 'the edge is going down', remedy: 'none' };
    return protocolMachines.stepDevice(state, { kind: 'gave-up', code: 'edge-unreachable', ...words });
  },
};

/** A member that has parted from an older controller joins no other. */
const staysAway: BugHooks = {
  handler: (handler) => ({
    ...handler,
    closed(reason) {
      if (reason.code !== 'superseded') handler.closed(reason);
    },
  }),
};

/** The time does not pass for epochs. */
const neverForgotten: BugHooks = {
  stepEpoch: (state, event) => stepEpoch(state, event.kind === 'received' ? { ...event, nowMs: 0 } : event),
};

/** Whoever answers counts as a controller whose certificate was checked. */
const allChecked: BugHooks = {
  stepEpoch: (state, event) => stepEpoch(state, event.kind === 'received' ? { ...event, isChecked: true } : event),
};

/** An order to an edge to which the device was ordered before has no effect. */
function movedOnce(): BugHooks {
  const moved = new WeakMap<VirtualDevice, Set<string>>();
  return {
    moved(move, device, edge) {
      const own = moved.get(device) ?? new Set<string>();
      moved.set(device, own);
      if (!own.has(edge)) move();
      own.add(edge);
    },
  };
}

const hooks: Readonly<Record<string, BugHooks>> = {
  'an edge obeys an earlier epoch': anyEpoch('edge'),
  'a device obeys an earlier epoch': anyEpoch('device'),
  'an epoch is never forgotten': neverForgotten,
  'an epoch in plain counts beyond its connection': allChecked,
  'a member that parts from an older controller stays away': staysAway,
  'a controller that talks nonsense is heard again': passedOver,
  'an order to an edge that is on no list is obeyed': unlistedFollowed,
  'a device shows its own key to edges of its controller': {
    known: (_edge, known) => known && { address: known.address },
  },
  'a ticket never expires': { TicketBook: LastingTickets },
  'a ticket is good for the session of another device': { TicketBook: SharedTickets },
  'an edge takes shares out of range': { TicketBook: RawShares },
  'a device forgets edges when its controller is gone': losing(({ agent }) =>
    (agent.edges.edges as Map<string, unknown>).clear(),
  ),
  'a refused move is never tried again': movedOnce(),
  'a device gives up when its controller is gone': losing(({ device }) => device.stop()),
};

export const controlBugs: Readonly<Record<string, PlantedBug>> = {
  ...Object.fromEntries(Object.entries(hooks).map(([name, control]) => [name, { control }])),
  'a device gives up when its edge goes down': { machines: leavingIsFatal },
};
