// Asks an edge who it is and how far away, without opening a session.

import { OutriderError } from '../basics/errors.ts';
import { median } from '../basics/statistics.ts';
import { DeviceCodec } from '../protocol/codec.ts';
import type { EdgeMessage, HelloMessage } from '../protocol/messages.ts';
import { connectWebSocket } from '../transport-node/websocket-client.ts';

const pingCount = 5;

export interface EdgeProbe {
  readonly hello: HelloMessage;
  /** Median of a few pings. */
  readonly roundTripMs: number;
}

const probeTimeoutMs = 5000;

/** Greets an edge and pings it. @throws OutriderError `edge-unreachable` */
export async function probeEdge(url: string): Promise<EdgeProbe> {
  const codec = new DeviceCodec();
  const heard: EdgeMessage[] = [];
  let wake = (): void => {};
  const connection = await connectWebSocket(url, { timeoutMs: probeTimeoutMs })(() => ({
    frame: (bytes) => {
      heard.push(codec.decode(bytes));
      wake();
    },
    writable: () => {},
    closed: () => {},
  }));
  const next = async <Kind extends EdgeMessage['kind']>(kind: Kind): Promise<Extract<EdgeMessage, { kind: Kind }>> => {
    const limitMs = performance.now() + probeTimeoutMs;
    for (;;) {
      const at = heard.findIndex((message) => message.kind === kind);
      if (at >= 0) return heard.splice(at, 1)[0] as Extract<EdgeMessage, { kind: Kind }>;
      const restMs = limitMs - performance.now();
      if (restMs <= 0) throw new OutriderError('edge-unreachable', `${url} does not answer`, 'is it an outrider edge?');
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
