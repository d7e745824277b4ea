// What README.md promises of processes, each tried once: device and edge with real models, the endpoint for applications, the controller.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { startServeProcess } from '../../laboratory/measuring/serve-process.ts';
import { openDemo } from '../../simulator/fleet/demo.ts';
import { startEdgeProcess } from '../../src/cli/children/edge-process.ts';
import { mainFile } from '../../src/cli/children/main-file.ts';

it('outrider run: a device and an edge with real models write the text of the edge alone', async () => {
  const words = ['run', '--prompt', 'Why is the sky blue?', '--max-tokens', '24', '--unpaced', '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, [mainFile, ...words]);
  const { rows, summary } = JSON.parse(stdout);
  expect(rows.map(({ mode }: { readonly mode: string }) => mode)).toEqual(['stream', 'ar']);
  expect(summary).toMatchObject({ identical: true });
});

it('outrider serve: an application gets the same answer from the endpoint of a device and from the edge', async () => {
  const edge = await startEdgeProcess(['--model', 'toy:1', '--profile', 'edge-8b-rtx4090'], () => {});
  try {
    await using device = await startServeProcess(['--edge', edge.url, '--target', 'toy:1', '--draft', 'toy:1:0.8']);
    const content = async (baseUrl: string): Promise<string> => {
      const body = { model: 'toy:1', messages: [{ role: 'user', content: 'hello' }], max_tokens: 24, seed: 5 };
      const headers = { 'content-type': 'application/json' };
      const request = { method: 'POST', headers, body: JSON.stringify(body) };
      const answer = await (await fetch(`${baseUrl}/chat/completions`, request)).json();
      return (answer as { choices: { message: { content: string } }[] }).choices[0]?.message.content ?? '';
    };
    const [own, drafted] = [await content(`${edge.url.replace(/^ws/, 'http')}/v1`), await content(device.baseUrl)];
    expect(own.length).toBeGreaterThan(20);
    expect(drafted).toBe(own);
  } finally {
    await edge.close();
  }
});

it('outrider live: a controller decides for devices that walk, and every text is that of the target', async () => {
  await using demo = await openDemo({
    ...{ edges: 2, devices: 3, scenario: 'munich', seed: 1, policy: 'best', objective: 'felt', slotMs: 500 },
    ...{ profile: 'edge-8b-rtx4090', maxTokens: 30, isToy: true, isApart: true, target: '', draft: '' },
    note: () => {},
  });
  await expect.poll(() => demo.fleet.answers.length, { timeout: 60_000, interval: 100 }).toBeGreaterThan(3);
  expect(demo.fleet.decided?.policy).toBe('best');
  await demo.fleet.finish();
  const { texts, identical, failed } = await demo.compare();
  expect([identical, failed]).toEqual([texts, 0]);
});
