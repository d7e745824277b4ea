import { expect, it } from 'vitest';
import { ChunkReader, textOf } from './chat-stream.ts';

it('reads texts with any characters, wherever their bytes are cut', () => {
  const text = '\u2028one\u2029\u0085\uFEFF\r\0two 東';
  const event = `data: ${JSON.stringify({ choices: [{ delta: { content: text } }] })}\n\n`;
  const bytes = new TextEncoder().encode(`${event}data: [DONE]\n\n`);
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const reader = new ChunkReader();
    const chunks = [bytes.subarray(0, cut), bytes.subarray(cut)].flatMap((part) => reader.read(part));
    expect(chunks.map(textOf)).toEqual([text]);
    expect(reader.isDone).toBe(true);
  }
});
