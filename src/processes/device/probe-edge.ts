// Reads an edge's `hello` and measures the round trip, without opening a session.

import { addressOrConnector } from '../../core/basics/check-options.ts';
import { OutriderError } from '../../core/basics/errors.ts';
import { median } from '../../core/basics/statistics.ts';
import { DeviceCodec } from '../../core/protocol/wire/codec.ts';
import type { EdgeMessage, HelloMessage } from '../../core/protocol/wire/messages.ts';
import type { Connect } from '../../network/transport/transport.ts';
import { connectWebSocket } from '../../network/transport/websocket-client.ts';

const pingCount = 5;
/** A peer that sends more than this before it answers the ping is not an edge. */
const mostReceived = 64;

/** Result of {@link probeEdge}. */
export interface EdgeProbe {
  /** Model, context length, timing, and the hash of the tokenizer, which must equal that of the device's tokenizer. */
  readonly hello: HelloMessage;
  /** Median of 5 pings. */
  readonly roundTripMs: number;
}

/** Time limit of the connection, and of each answer. */
export const probeTimeoutMs = 5000;

/** Connects to an edge and pings it. @param edge address or connector @throws OutriderError `edge-unreachable`, `bad-argument`, what it refuses with: `edge-loading` */
export async function probeEdge(edge: string | Connect): Promise<EdgeProbe> {
  addressOrConnector('probeEdge: edge', edge);
  const connect = typeof edge === 'string' ? connectWebSocket(edge, { timeoutMs: probeTimeoutMs }) : edge;
  const codec = new DeviceCodec();
  const received: EdgeMessage[] = [];
  let wake = (): void => {};
  const connection = await connect(() => {
    return {
      frame: (bytes) => {
        // What is no answer to a probe, or no message at all, is passed over: the time limit ends it.
        try {
          const message = codec.decode(bytes);
          if (received.length < mostReceived) received.push(message);
        } catch {
          return;
        }
        wake();
      },
      writable: () => {},
      closed: () => {},
    };
  });
  const next = async <Kind extends EdgeMessage['kind']>(kind: Kind): Promise<Extract<EdgeMessage, { kind: Kind }>> => {
    const limitMs = performance.now() + probeTimeoutMs;
    for (;;) {
      const at = received.findIndex((message) => message.kind === kind);
      if (at >= 0) return received.splice(at, 1)[0] as Extract<EdgeMessage, { kind: Kind }>;
      const refusal = received.find((message) => message.kind === 'refused');
      if (refusal !== undefined) throw new OutriderError(refusal.code, refusal.cause, refusal.remedy);
      const restMs = limitMs - performance.now();
      if (restMs <= 0)
        throw new OutriderError('edge-unreachable', `${nameOf(edge)} does not answer`, 'is it an outrider edge?');
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, restMs);
      });
    }
  };
  try {
    const hello = await next('hello');
    const times: number[] = [];
    for (let stamp = 0; stamp < pingCount; stamp += 1) {
      const startMs = performance.now();
      connection.send(codec.encode({ kind: 'ping', stamp }));
      await next('pong');
      times.push(performance.now() - startMs);
    }
    return { hello, roundTripMs: median(times) };
  } finally {
    connection.close('done', 'measured');
  }
}

function nameOf(edge: string | Connect): string {
  return typeof edge === 'string' ? edge : 'the edge';
}
