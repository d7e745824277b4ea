import { request } from 'node:http';
import { afterEach, expect, it } from 'vitest';
import type { Listener } from '../../network/transport/transport.ts';
import { listenMetrics } from './metrics-app.ts';

const open: Listener[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function asked(port: number, path: string, headers: Record<string, string> = {}): Promise<[number, string]> {
  return await new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve([response.statusCode ?? 0, text]));
    });
    sent.once('error', reject).end();
  });
}

it('tells metrics to whoever asks for them by an own name, and nothing else', async () => {
  let count = 0;
  const listener = await listenMetrics(async () => {
    count += 1;
    return `a ${count}\n`;
  }, 0);
  open.push(listener);
  expect(await asked(listener.port, '/metrics')).toEqual([200, 'a 1\n']);
  expect(await asked(listener.port, '/metrics?x', { host: 'localhost:9' })).toEqual([200, 'a 2\n']);
  expect((await asked(listener.port, '/'))[0]).toBe(404);
  expect((await asked(listener.port, '/metrics', { host: 'page.example' }))[0]).toBe(403);
});

it('says that its port is taken', async () => {
  const listener = await listenMetrics(async () => '', 0);
  open.push(listener);
  await expect(listenMetrics(async () => '', listener.port)).rejects.toMatchObject({ code: 'port-in-use' });
});
