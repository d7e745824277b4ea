// Processes under the laboratory's entry answer questions; those of the published program answer none, whatever comes over their channel.

import { spawn } from 'node:child_process';
import { expect, it } from 'vitest';
import { mainFile } from '../../src/cli/children/main-file.ts';
import { childVariable } from '../../src/cli/terminal/interrupt.ts';
import { askForRoutes, startProbedController, startProbedEdge } from './probe.ts';

const model = ['--model', 'toy:1'];

it('an edge tells its steps, routes and memory, collected where Node can be made to collect', async () => {
  const flags = [...model, '--profile', 'edge-8b-rtx4090'];
  const edge = await startProbedEdge(flags, () => {}, { nodeOptions: ['--expose-gc'] });
  const answers = await Promise.all([
    edge.ask('pacing'),
    edge.ask('steps'),
    edge.ask('resources'),
    edge.ask('collect'),
  ]);
  expect(answers).toMatchObject([{ steps: 0 }, [], { sessions: 0, isCollected: false }, { isCollected: true }]);
  expect(answers[2].heapUsed).toBeGreaterThan(1e6);
  await edge.close();
  await expect(edge.ask('pacing')).rejects.toMatchObject({ code: 'internal' });
});

it('a question to an edge that is killed fails', async () => {
  const edge = await startProbedEdge(model, () => {});
  process.kill(edge.processId, 'SIGSTOP');
  const asked = edge.ask('resources');
  process.kill(edge.processId, 'SIGKILL');
  await expect(asked).rejects.toMatchObject({ code: 'edge-unreachable' });
});

it('a question that is open when its process is ended here fails too', async () => {
  const controller = await startProbedController(['--policy', 'greedy']);
  process.kill(controller.processId, 'SIGSTOP');
  const asked = controller.ask('account');
  await controller.kill();
  await expect(asked).rejects.toMatchObject({ code: 'internal' });
});

it('a controller gives an account', async () => {
  const controller = await startProbedController(['--policy', 'greedy']);
  const { heldBytes, led } = await controller.ask('account');
  expect(heldBytes).toBeGreaterThan(1e6);
  expect(led).toMatchObject([{ devices: 0, edges: 0 }]);
  await controller.kill();
});

it('an edge and an endpoint tell their routes', async () => {
  const routes = await askForRoutes(model, ['--target', 'toy:1', '--draft', 'none'], {});
  for (const part of [routes.edge, routes.device]) expect(part).toContain('POST /v1/chat/completions');
});

it.each([
  ['edge', ...model],
  ['controller', '--policy', 'greedy'],
])('the published %s answers nothing on its channel', async (...words) => {
  const child = spawn(process.execPath, [mainFile, ...words, '--port', '0'], {
    env: { ...process.env, [childVariable]: '1' },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let said = '';
  child.on('message', (answer) => {
    said += `answer: ${JSON.stringify(answer)}`;
  });
  let asked = false;
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (part) => {
      said += part;
      if (asked || !/ws:\/\//.test(said)) return;
      asked = true;
      for (const question of ['pacing', 'steps', 'routes', 'resources', 'collect', 'account'])
        child.send({ id: 1, question });
      child.disconnect();
    });
  expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0);
  expect(asked).toBe(true);
  expect(said).not.toMatch(/answer:|heapUsed|heldBytes|GET \//);
});
