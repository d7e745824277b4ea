// An edge whose model ends before the context that was asked for: a request beyond it is refused, and the edge lives. Needs node-llama-cpp,
// and no model.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeSmallModel } from '../../models/engines/small-model.fixture.ts';
import { folderOfAll } from '../../models/gguf/folder.fixture.ts';
import { connectWebSocket } from '../../network/transport-node/websocket-client.ts';
import { probeEdge } from '../../processes/device/probe-edge.ts';
import { type EdgeProcess, startEdgeProcess } from '../children/edge-process.ts';

const here = folderOfAll();
const notes: string[] = [];
let edge: EdgeProcess;
beforeAll(async () => {
  const path = here('small.gguf');
  await writeSmallModel(path, { positions: 256 });
  edge = await startEdgeProcess(['--model', path, '--fast', '--sessions', '2'], (line) => notes.push(line));
});
afterAll(() => edge.close());

function complete(promptTokens: number, maxTokens: number): Promise<Response> {
  return fetch(`${edge.url.replace(/^ws/, 'http')}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    // One token for each character.
    body: JSON.stringify({ model: 'small.gguf', prompt: 'x'.repeat(promptTokens), max_tokens: maxTokens }),
  });
}

describe('an edge with a model of 256 positions', () => {
  it('says at its start, and to each device, what it holds', async () => {
    expect(notes.join('\n')).toContain('context 256: the model was trained for no more');
    expect(notes.join('\n')).toContain('2 sessions of 256 tokens');
    expect((await probeEdge(connectWebSocket(edge.url))).hello.contextLength).toBe(256);
  });

  it('refuses a longer prompt with 400, writes to the last position, and lives', async () => {
    const refused = await complete(257, 1);
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain('context_length_exceeded');
    const answered = await complete(200, 400);
    expect(answered.status).toBe(200);
    const { usage } = (await answered.json()) as { usage: { total_tokens: number } };
    expect(usage.total_tokens).toBeLessThanOrEqual(256);
    expect((await complete(20, 4)).status).toBe(200);
  });
});
