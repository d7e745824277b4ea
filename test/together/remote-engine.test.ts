// An edge whose engine runs in another process: the worker is killed and stopped in mid-answer, and no text differs, no session fails.

import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { neutralSampling } from '../../src/core/decoding/sampling.ts';
import { linearStepTime } from '../../src/core/scheduling/step-time.ts';
import { startFakeWorker } from '../../src/models/engines/remote/fake-worker.fixture.ts';
import { openRemoteModel } from '../../src/models/engines/remote/open-remote.ts';
import type { LanguageModel } from '../../src/models/port/model.ts';
import { createToyModel } from '../../src/models/port/toy.ts';
import { createInMemoryNetwork } from '../../src/network/transport/in-memory.ts';
import { startTurn } from '../../src/processes/device/turn.ts';
import type { TurnOptions } from '../../src/processes/device/turn-options.ts';
import { type Edge, listenEdge, startEdge } from '../../src/processes/edge/edge.ts';
import { toyDrafter, toyPrompt, toyReference, toySeed } from './toy-edge.ts';

const program = fileURLToPath(new URL('../../src/models/engines/remote/fake-worker.fixture.ts', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrider-remote-edge-'));
  const path = join(folder, 'outrider-vllm');
  const call = `'${process.execPath}' '${program}'`;
  await writeFile(path, `#!/bin/sh\necho $$ > '${folder}/pid'\nexec ${call} "$@"\n`);
  await chmod(path, 0o755);
  vi.stubEnv('OUTRIDER_VLLM', path);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const size = { model: 'none', tokenizerFile: 'toy', sequences: 4, contextLength: 512, exact: false };
const warm = { ...neutralSampling, temperature: 0.8, seed: 5n };

function serve(model: LanguageModel, stallAfterMs = 60_000): Promise<{ edge: Edge; faults: unknown[] }> {
  const faults: unknown[] = [];
  const onFault = (error: unknown): void => void faults.push(error);
  return startEdge({ model, stepTime: linearStepTime(2, 0.01), stallAfterMs, onFault }).then((edge) => ({
    edge,
    faults,
  }));
}

function ask(edge: Edge, model: LanguageModel, sampling = neutralSampling, more: Partial<TurnOptions> = {}) {
  const { connect } = createInMemoryNetwork(edge.accept);
  const { tokenizer } = model;
  const drafter = toyDrafter(0.8);
  return startTurn({ connect, tokenizer, drafter, prompt: toyPrompt, maxAnswerTokens: 60, sampling, ...more });
}

describe('an edge with its engine in another process', () => {
  it('writes the same texts when the worker is killed or stopped in mid-answer', async () => {
    const tickMs = 50;
    const events: string[] = [];
    const onEngine = ({ kind }: { kind: string }): void => void events.push(kind);
    await using model = await openRemoteModel({ kind: 'vllm', directory: folder }, { ...size, tickMs, onEngine });
    const { edge, faults } = await serve(model);
    await using _edge = edge;
    const turns = [neutralSampling, warm, neutralSampling].map((sampling) => ask(edge, model, sampling));
    let tokens = 0;
    for await (const _ of turns[0] as (typeof turns)[0]) {
      tokens += 1;
      if (tokens % 15 !== 5) continue;
      const pid = Number(await readFile(join(folder, 'pid'), 'utf8'));
      process.kill(pid, tokens === 20 ? 'SIGSTOP' : 'SIGKILL');
    }
    const reports = await Promise.all(turns.map(({ report }) => report));
    const [cold, other] = [await toyReference(neutralSampling, 60), await toyReference(warm, 60)];
    expect(reports.map(({ outcome }) => outcome.kind)).toEqual(['ended', 'ended', 'ended']);
    expect(reports.map((report) => report.tokens)).toEqual([cold, other, cold]);
    expect(faults).toEqual([]);
    expect(events.filter((kind) => kind === 'back').length).toBeGreaterThanOrEqual(2);
    expect(edge.status).toMatchObject({ state: 'serving', failures: 0 });
    expect(edge.status.engineWaits).toBeGreaterThanOrEqual(2);
  });

  it('takes an absent worker for no stall, says so, and closes without it', async () => {
    const first = await startFakeWorker({ address: { kind: 'tcp', port: 0 } });
    const { address } = first;
    await using model = await openRemoteModel(address as { kind: 'tcp'; port: number }, { ...size, tickMs: 50 });
    const { edge, faults } = await serve(model, 300);
    const listener = await listenEdge(edge, { host: '127.0.0.1', port: 0 });
    const health = async (): Promise<unknown> => (await fetch(`http://127.0.0.1:${listener.port}/health`)).json();
    expect(await health()).toEqual({ status: 'ready' });
    await first[Symbol.asyncDispose]();
    const turn = ask(edge, model);
    await expect.poll(health).toEqual({ status: 'ready', engine: 'waiting' });
    await new Promise((resolve) => setTimeout(resolve, 900));
    expect(edge.status).toMatchObject({ state: 'serving', engineAway: true });
    const second = await startFakeWorker({ address });
    expect((await turn.report).tokens).toEqual(await toyReference(neutralSampling, 60));
    expect(edge.status).toMatchObject({ engineAway: false, failures: 0 });
    expect(faults).toEqual([]);
    await second[Symbol.asyncDispose]();
    const left = ask(edge, model, neutralSampling, { giveUpAfterMs: 100 });
    await expect.poll(() => edge.status).toMatchObject({ engineAway: true, sessions: 1 });
    // Its first step waits by then.
    await new Promise((resolve) => setTimeout(resolve, 200));
    await edge.close();
    await listener.close();
    expect((await left.report).outcome.kind).toBe('failed');
  });

  it('learns no step time while it waits', async () => {
    const toy = createToyModel({ seed: toySeed, role: 'target', sequences: 2, contextLength: 256 });
    let waitCount = 0;
    const evaluate: LanguageModel['evaluate'] = async (items) => {
      waitCount += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
      return toy.evaluate(items);
    };
    const model = {
      ...toy,
      evaluate,
      get waitCount() {
        return waitCount;
      },
    };
    const { edge } = await serve(model);
    await using _edge = edge;
    expect((await ask(edge, model, neutralSampling, { maxAnswerTokens: 8 }).report).tokens).toHaveLength(8);
    expect(edge.stepTime).toEqual(linearStepTime(2, 0.01));
  });

  it('tells devices of a worker without memory, and goes on', async () => {
    let isFull = false;
    await using worker = await startFakeWorker({
      address: { kind: 'tcp', port: 0 },
      faultAt: () => (isFull ? 'no-memory' : undefined),
    });
    await using model = await openRemoteModel(worker.address as { kind: 'tcp'; port: number }, size);
    isFull = true;
    const { edge } = await serve(model);
    await using _edge = edge;
    expect((await ask(edge, model).report).outcome).toMatchObject({ kind: 'failed', code: 'memory-full' });
    isFull = false;
    expect((await ask(edge, model).report).tokens).toEqual(await toyReference(neutralSampling, 60));
  });
});
