// The endpoint of a device within this process, in front of a toy edge: what "bench serve" measures its costs at.

import { startEdgeProcess } from '../../../src/cli/children/edge-process.ts';
import { median } from '../../../src/core/basics/statistics.ts';
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
import {
  type Completer,
  type Completion,
  type CompletionRequest,
  startingWith,
} from '../../../src/processes/http/completion-port.ts';
import { createDeviceCompleter } from '../../../src/processes/http/device-completer.ts';
import { listenHttp } from '../../../src/processes/http/listen-http.ts';
import { streamChat } from '../../measuring/chat-stream.ts';

const toySeed = 1;
export const toyName: string = `toy:${toySeed}`;
const draftProfile = 'reference-draft';

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
  const { nowMs } = machineClock;
  const completer = createDeviceCompleter({ device, model: toyName, nowMs, credentials: '' });
  const watched = (seen: OnRound): Completer =>
    startingWith(completer, async (request) => watchRounds(await completer.start(request), request, seen));
  let ids = 0n;
  const app = createHttpApp({
    completer: onRound === undefined ? completer : watched(onRound),
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

/** What HTTP adds to a request: medians over the requests, ms. */
export interface OverheadRow {
  readonly what: 'overhead';
  readonly requests: number;
  readonly tokens: number;
  readonly libraryMs: number;
  readonly wholeMs: number;
  readonly streamedMs: number;
  /** Overhead of a whole answer, and of a streamed one; the client's own work is part of both. */
  readonly httpOverheadMs: number;
  readonly streamedOverheadMs: number;
}

const tokens = 8;
const warmUps = 50;

export async function measureOverhead(requests: number): Promise<OverheadRow> {
  const edge = await startEdgeProcess(['--model', toyName, '--context', '1024', '--sessions', '4'], () => {});
  try {
    await using endpoint = await openEndpoint(edge.url, false);
    const { baseUrl, device } = endpoint;
    const content = 'Why is the sky blue?';
    const body = { model: toyName, messages: [{ role: 'user', content }], temperature: 0, max_tokens: tokens };
    const library = async (): Promise<void> => {
      await device.ask(content, { maxAnswerTokens: tokens }).report;
    };
    const whole = async (): Promise<void> => {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${baseUrl}/chat/completions`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      await answer.json();
    };
    const streamed = async (): Promise<void> => {
      await streamChat({ baseUrl, body });
    };
    const times = { library: [] as number[], whole: [] as number[], streamed: [] as number[] };
    for (let index = -warmUps; index < requests; index++) {
      for (const [name, ask] of Object.entries({ library, whole, streamed })) {
        const startMs = performance.now();
        await ask();
        if (index >= 0) times[name as keyof typeof times].push(performance.now() - startMs);
      }
    }
    const libraryMs = median(times.library);
    const wholeMs = median(times.whole);
    const streamedMs = median(times.streamed);
    return {
      what: 'overhead',
      requests,
      tokens,
      libraryMs,
      wholeMs,
      streamedMs,
      httpOverheadMs: wholeMs - libraryMs,
      streamedOverheadMs: streamedMs - libraryMs,
    };
  } finally {
    await edge.close();
  }
}
