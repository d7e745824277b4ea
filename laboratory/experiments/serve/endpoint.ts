// The endpoint of a device within this process, in front of a toy edge: what "bench serve" measures its costs at.

import { preciseSleep } from '../../../src/models/engines/precise-sleep.ts';
import { AdaptiveDrafter } from '../../../src/models/port/adaptive-drafter.ts';
import { ModelDrafter } from '../../../src/models/port/drafter.ts';
import { paceModel } from '../../../src/models/port/paced.ts';
import { findProfile } from '../../../src/models/port/profiles.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { machineClock } from '../../../src/network/transport/machine-clock.ts';
import { connectWebSocket } from '../../../src/network/transport-node/websocket-client.ts';
import { createDevice, type Device } from '../../../src/processes/device/device.ts';
import { createHttpApp } from '../../../src/processes/http/app.ts';
import type { Completer, Completion, CompletionRequest } from '../../../src/processes/http/completion-port.ts';
import { createDeviceCompleter } from '../../../src/processes/http/device-completer.ts';
import { listenHttp } from '../../../src/processes/http/listen-http.ts';

const toySeed = 1;
export const toyName: string = `toy:${toySeed}`;
export const draftProfile = 'reference-draft';

/** Called when the device has text for a request. @param seed of the request @param length of its text with this round, UTF-16 units */
export type OnRound = (seed: bigint, length: number) => void;

export interface Endpoint extends AsyncDisposable {
  /** Ends with "/v1". */
  readonly baseUrl: string;
  readonly device: Device;
}

/** The draft is paced: a toy that answers at once would draft for all turns before anything else is done. */
export async function openEndpoint(edgeUrl: string, drafts: boolean, onRound?: OnRound): Promise<Endpoint> {
  const toy = createToyModel({ seed: toySeed, role: 'draft', contextLength: 1024 });
  const pace = { clock: machineClock, sleepUntil: preciseSleep(machineClock) };
  const draft = paceModel(toy, findProfile(draftProfile), pace);
  const drafter = drafts ? new AdaptiveDrafter(new ModelDrafter(draft)) : null;
  const device = createDevice({ edge: connectWebSocket(edgeUrl), tokenizer: draft.tokenizer, drafter });
  const nowMs = (): number => performance.timeOrigin + performance.now();
  const completer = createDeviceCompleter({ device, model: toyName, nowMs, credentials: '' });
  let ids = 0n;
  const app = createHttpApp({
    completer: onRound === undefined ? completer : watched(completer, onRound),
    version: 'bench',
    nowMs,
    refuses: () => null,
    mayUse: () => true,
    randomBits: () => {
      ids += 1n;
      return ids;
    },
  });
  const listener = await listenHttp(app, '127.0.0.1', 0);
  return {
    baseUrl: `http://127.0.0.1:${listener.port}/v1`,
    device,
    async [Symbol.asyncDispose]() {
      await listener.close();
      await draft.close();
    },
  };
}

function watched(completer: Completer, onRound: OnRound): Completer {
  return {
    model: completer.model,
    createdSeconds: completer.createdSeconds,
    get state() {
      return completer.state;
    },
    count: (prompt) => completer.count(prompt),
    start: async (request) => watchRounds(await completer.start(request), request, onRound),
  };
}

function watchRounds(completion: Completion, { sampling }: CompletionRequest, onRound: OnRound): Completion {
  async function* rounds(): Completion['rounds'] & AsyncGenerator {
    let length = 0;
    for await (const round of completion.rounds) {
      length += round.text.length;
      onRound(BigInt(sampling.seed ?? 0), length);
      yield round;
    }
  }
  return { ...completion, rounds: rounds(), fingerprint: () => completion.fingerprint() };
}
