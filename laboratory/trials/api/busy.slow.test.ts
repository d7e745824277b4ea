// Valid schemas and tools on a machine that others use as well: late, never refused.

import { expect, it } from 'vitest';
import { startEdgeProcess } from '../../../src/cli/children/edge-process.ts';
import { startBusyProcesses } from '../../measuring/busy-processes.ts';

const schemas = [
  {
    name: { type: 'string', maxLength: 20 },
    age: { type: 'integer', minimum: 0, maximum: 30 },
    owner: { type: 'object', properties: { phone: { type: 'string', pattern: '^[0-9]{3}-[0-9]{4}$' } } },
  },
  { size: { enum: ['small', 'large'] }, gift: { type: 'boolean' }, day: { type: 'string', format: 'date' } },
  { list: { type: 'array', items: { type: 'integer' }, minItems: 1, maxItems: 4 } },
];

it('follows valid schemas beside four busy processes', async () => {
  await using _ = startBusyProcesses(4);
  const edge = await startEdgeProcess(['--model', 'toy:1', '--profile', 'edge-8b-rtx4090'], () => {});
  try {
    const url = `${edge.url.replace(/^ws/, 'http')}/v1/chat/completions`;
    const answers = schemas.map(async (properties, index) => {
      const schema = { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
      const body = {
        model: 'toy:1',
        messages: [{ role: 'user', content: `Describe ${index}` }],
        max_tokens: 40,
        response_format: { type: 'json_schema', json_schema: { name: 'it', strict: true, schema } },
      };
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
      return [answer.status, await answer.text()] as const;
    });
    for (const [status, text] of await Promise.all(answers)) expect(status, text).toBe(200);
  } finally {
    await edge.close();
  }
}, 300_000);
