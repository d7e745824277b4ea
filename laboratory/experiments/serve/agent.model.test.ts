// An agent at a real target: each turn reuses what the edge has evaluated, and gets the text that an edge writes which holds nothing.

import { expect, it } from 'vitest';
import { startEdgeProcess } from '../../../src/cli/children/edge-process.ts';
import { namesOf } from '../../../src/cli/options/pair-options.ts';
import { strangersKey } from '../../measuring/chat-stream.ts';
import { askAsAgent } from './agent-stream.ts';
import { type AgentSaid, agentBody } from './agent-task.ts';

it('reuses the beginning of each turn, and gets the text of a fresh edge', async () => {
  const model = namesOf({ pair: 'default' }).target;
  const start = async () => {
    const edge = await startEdgeProcess(['--model', model, '--context', '2048', '--sessions', '2'], () => {});
    const baseUrl = edge.url.replace(/^ws/, 'http').replace(/$/, '/v1');
    return { baseUrl, [Symbol.asyncDispose]: async () => void (await edge.close()) };
  };
  await using warm = await start();
  const said: AgentSaid[] = [];
  const key = strangersKey();
  let beforeTokens = 1;
  for (let turn = 0; ; turn += 1) {
    const body = agentBody(model, said);
    const answer = await askAsAgent({ baseUrl: warm.baseUrl, key, body });
    expect(answer.cachedTokens).toBeGreaterThanOrEqual(beforeTokens - 1);
    said.push(answer.said);
    beforeTokens = answer.promptTokens;
    if (turn < 2) continue;
    await using fresh = await start();
    const cold = await askAsAgent({ baseUrl: fresh.baseUrl, key, body });
    expect([cold.cachedTokens, cold.text]).toEqual([0, answer.text]);
    return;
  }
}, 300_000);
