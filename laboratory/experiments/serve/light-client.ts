// A client that does nothing but note when bytes come, and reads them when the answer has ended: hundreds of clients share one thread, and their
// own work must not count as delay of the endpoint.

import { Agent, request } from 'node:http';
import { type Chunk, EventReader } from '../../measuring/chat-stream.ts';

export interface NotedChunk {
  readonly text: string;
  /** When its last byte came, by the clock that is given. */
  readonly atMs: number;
}

export interface LightAsk {
  readonly url: URL;
  readonly agent: Agent;
  readonly body: object;
  readonly nowMs: () => number;
}

/** A new connection for each answer: an idle one may be closed by the endpoint just when it is used again. */
export function lightAgent(connections: number): Agent {
  return new Agent({ keepAlive: false, maxSockets: connections });
}

/** Bytes of an answer, and when they came. */
export type NotedBytes = readonly (readonly [Buffer, number])[];

/** @throws Error for an answer that is not 200 or is cut off */
export function readBytes({ url, agent, body, nowMs }: LightAsk): Promise<NotedBytes> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const asked = request(url, { method: 'POST', agent, headers }, (response) => {
      const parts: [Buffer, number][] = [];
      response.on('data', (bytes: Buffer) => parts.push([bytes, nowMs()]));
      response.once('error', reject);
      response.once('end', () => {
        if (response.statusCode === 200) resolve(parts);
        else reject(new Error(`status ${response.statusCode}`));
      });
    });
    asked.once('error', reject);
    asked.end(JSON.stringify(body));
  });
}

/** @throws Error for an answer that has failed in its middle, or has no end */
export function chunksOf(parts: NotedBytes): NotedChunk[] {
  const events = new EventReader();
  const chunks: NotedChunk[] = [];
  let isDone = false;
  for (const [bytes, atMs] of parts) {
    for (const data of events.read(bytes)) {
      isDone ||= data === '[DONE]';
      if (data === '[DONE]') continue;
      const { error, choices } = JSON.parse(data) as Chunk;
      if (error !== undefined) throw new Error(error.message);
      const text = choices?.[0]?.delta.content ?? '';
      if (text !== '') chunks.push({ text, atMs });
    }
  }
  if (!isDone) throw new Error('the stream was cut off');
  return chunks;
}
