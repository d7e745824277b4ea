// The protocol's functions as values, so that a test of the trials can replace them with faulty ones.

import { stepDevice } from '../protocol/device-session.ts';
import { type Placing, protocolPlacing } from '../protocol/edge-place-queue.ts';
import { createEdgeSession, stepEdge } from '../protocol/edge-session.ts';
import { guardMessage } from '../protocol/message-guard.ts';

export interface Machines {
  readonly stepDevice: typeof stepDevice;
  readonly guardMessage: typeof guardMessage;
  readonly stepEdge: typeof stepEdge;
  readonly createEdgeSession: typeof createEdgeSession;
  readonly placing: Placing;
}

export const protocolMachines: Machines = {
  stepDevice,
  guardMessage,
  stepEdge,
  createEdgeSession,
  placing: protocolPlacing,
};
