// The worker of a tab's device: its turns, its socket and its tokenizer. A page that is hidden slows its own timers, not those of a worker.

import { connectWebSocket } from '../../src/network/transport/websocket-client.ts';
import { hasSimd } from './simd.ts';
import { failureOf, TabDevice, type TabPorts } from './tab-device.ts';
import type { FromDevice, FromEngine, ToDevice } from './tab-messages.ts';
import { startWorker } from './worker-start.ts';

const post = (message: FromDevice): void => postMessage(message);

const ports: TabPorts = {
  fetch: (url, init) => fetch(url, init),
  connect: (edge) => connectWebSocket(edge),
  startEngine: hasSimd()
    ? (onMessage) => {
        const worker = startWorker(new URL('./engine-worker.js', import.meta.url));
        worker.onmessage = ({ data }: MessageEvent<FromEngine>) => onMessage(data);
        worker.onerror = () => onMessage({ kind: 'not-loaded', reason: 'engine-failed' });
        return {
          load: (order) => worker.postMessage(order),
          send: (order) => worker.postMessage(order),
          close: () => worker.terminate(),
        };
      }
    : null,
  post,
};

let device: TabDevice | undefined;

self.onmessage = async ({ data }: MessageEvent<ToDevice>) => {
  if (data.kind === 'stop') device?.stop(data.id);
  else if (data.kind === 'ask') await device?.ask(data.id, data.messages, data.options);
  else {
    try {
      device = await TabDevice.open(data.edge, data.key, ports);
      post({ kind: 'opened', state: device.state });
    } catch (error) {
      post({ kind: 'not-opened', failure: failureOf(error) });
    }
  }
};
