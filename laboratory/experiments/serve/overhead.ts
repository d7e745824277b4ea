// What HTTP adds to a request: the endpoint's answers beside those of the library's own call on the same device, in turns.

import { startEdgeProcess } from '../../../src/cli/children/edge-process.ts';
import { median } from '../../../src/core/basics/statistics.ts';
import { streamChat } from '../../measuring/chat-stream.ts';
import { openEndpoint, toyName } from './endpoint.ts';
import type { OverheadRow } from './rows.ts';

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
