// The controller of trial shares: gives the devices of one edge fixed shares of its band, over real sockets. Rates, reports and slots are those
// of every controller; only the policy is the trial's own.

import type { Assignment, SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import type { LanguageModel } from '../../../src/models/port/model.ts';
import { machineClock } from '../../../src/network/transport/machine-clock.ts';
import type { Connect } from '../../../src/network/transport/transport.ts';
import { connectWebSocket } from '../../../src/network/transport-node/websocket-client.ts';
import { reachBy } from '../../../src/processes/controller/control-client.ts';
import { listenController, startController } from '../../../src/processes/controller/controller-server.ts';
import { type DeviceAgent, joinAsDevice } from '../../../src/processes/controller/device-agent.ts';
import { joinAsEdge } from '../../../src/processes/controller/edge-agent.ts';
import { TicketBook } from '../../../src/processes/controller/ticket-book.ts';
import type { Edge } from '../../../src/processes/edge/edge.ts';

/** The edge and its link. */
export interface SharedEdge {
  readonly edge: Edge;
  readonly model: LanguageModel;
  readonly url: string;
  readonly bitsPerSecond: number;
}

export interface SharingController extends AsyncDisposable {
  /** From the next slot on. @param weights of the devices, by number */
  setShares(weights: readonly number[]): void;
  /** Resolves when the controller has sent this device to the edge. @param connect to the edge */
  join(number: number, connect: Connect): Promise<DeviceAgent>;
}

export async function openSharingController(shared: SharedEdge): Promise<SharingController> {
  await using stack = new CloseStack();
  const { edge, model, url: address, bitsPerSecond } = shared;
  let shares: readonly number[] = [];
  const policy = { name: 'fixed shares', decide: (state: SlotState) => divide(state, shares) };
  const controller = stack.use(startController({ policy, fallback: policy }));
  const listener = await listenController(controller, { host: '127.0.0.1', port: 0 });
  stack.defer(() => listener.close());
  const reach = reachBy(connectWebSocket(`ws://127.0.0.1:${listener.port}`));
  const { identity, tokenizer, limits } = model;
  const member = joinAsEdge({
    reach,
    id: 'edge',
    facts: {
      address,
      certificate: null,
      model: identity.name,
      fingerprint: identity.fingerprint,
      tokenizerHash: tokenizer.hash,
      places: limits.maxSequences,
      contextLength: limits.contextLength,
      bitsPerSecond,
      place: null,
    },
    edge,
    tickets: new TicketBook(machineClock),
  });
  stack.defer(async () => member.close());
  const opened = stack.move();
  return {
    setShares(weights) {
      shares = weights;
    },
    async join(number, connect) {
      // The devices of a slot are in the order of their ids.
      const id = `device-${String.fromCharCode(97 + number)}`;
      const agent = joinAsDevice({ reach, id, tokenizerHash: tokenizer.hash, connectEdge: () => connect });
      opened.defer(async () => agent.close());
      await agent.ready(10_000);
      return agent;
    },
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

/** All devices to the only edge, the band by weight. */
function divide({ deviceCount }: SlotState, weights: readonly number[]): Assignment {
  const own = Array.from({ length: deviceCount }, (_, device) => weights[device] ?? 1);
  const sum = own.reduce((total, weight) => total + weight, 0);
  return {
    server: new Int32Array(deviceCount),
    bandwidthShare: Float64Array.from(own, (weight) => weight / sum),
    computeShare: new Float64Array(deviceCount).fill(1 / deviceCount),
  };
}
