// The questions that the page offers have answers of the demonstration's target from which a comparison tells something.

import { expect, it } from 'vitest';
import { startEdgeProcess } from '../../src/cli/children/edge-process.ts';
import { defaultPair } from '../../src/models/files/manifest-data.ts';
import { words } from '../parts/words.ts';
import { leastTokens } from './verdict.ts';

it('have answers of enough tokens, with four seeds each', async () => {
  const edge = await startEdgeProcess(['--model', defaultPair.target, '--sessions', '4'], () => {});
  try {
    for (const content of words.chat.exampleTexts) {
      const reasons = await Promise.all(
        [1, 2, 3, 4].map(async (seed) => {
          // As the page asks, but for the most tokens.
          const asked = { model: defaultPair.target, temperature: 0.7, seed, max_tokens: leastTokens };
          const body = JSON.stringify({ ...asked, messages: [{ role: 'user', content }] });
          const headers = { 'content-type': 'application/json' };
          const url = `${edge.url.replace(/^ws/, 'http')}/v1/chat/completions`;
          const answer = await (await fetch(url, { method: 'POST', headers, body })).json();
          return (answer as { choices: { finish_reason: string }[] }).choices[0]?.finish_reason;
        }),
      );
      expect(reasons, content).toEqual(['length', 'length', 'length', 'length']);
    }
  } finally {
    await edge.close();
  }
});
