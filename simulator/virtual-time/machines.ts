// The protocol's functions as values, so that a test of the trials can replace them with faulty ones.

import { stepDevice } from '../../src/core/protocol/device/device-session.ts';
import { guardMessage } from '../../src/core/protocol/device/message-guard.ts';
import { type Placing, protocolPlacing } from '../../src/core/protocol/edge/edge-place-queue.ts';
import { createEdgeSession, stepEdge } from '../../src/core/protocol/edge/edge-session.ts';

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
