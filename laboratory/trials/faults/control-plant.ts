// Where tests of the trial plant bugs into members of controllers: at what a member hears, at its tickets, at what it shows to edges.

import type { KnownEdge, VirtualDevice } from '../../../simulator/virtual-time/device.ts';
import type { stepEpoch } from '../../../src/allocation/controller/cell-epoch.ts';
import type { ConnectionHandler } from '../../../src/network/transport/transport.ts';
import type { DeviceAgent } from '../../../src/processes/controller/device-agent.ts';
import type { TicketBook } from '../../../src/processes/controller/ticket-book.ts';

/** A member of a controller, as a planted bug sees it. */
export type PlantedMember =
  | { readonly role: 'edge' }
  | { readonly role: 'device'; readonly device: VirtualDevice; readonly agent: DeviceAgent };

/** Each part is left out, or stands for the part of the members of every controller. */
export interface ControlPlant {
  /** A member's end of a connection to its controller. @param member to be called when something is heard, not before */
  readonly heard?: (handler: ConnectionHandler, member: () => PlantedMember) => ConnectionHandler;
  /** Which epochs members obey. */
  readonly stepEpoch?: typeof stepEpoch;
  /** The tickets of an edge. */
  readonly TicketBook?: typeof TicketBook;
  /** What a device knows of an edge. @param known undefined: nothing */
  readonly known?: (edge: string, known: KnownEdge | undefined) => KnownEdge | undefined;
}
