import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Edge } from '../../processes/edge/edge.ts';
import { OpenRequests } from '../../processes/http/listen-http.ts';
import { EdgeOperation } from './edge-operation.ts';

const flags = {
  drain: 30,
  logLevel: 'error',
  logFormat: 'text',
  logFile: undefined,
  logFileSize: 50,
  logFilesKept: 5,
} as const;

afterEach(() => vi.restoreAllMocks());

describe('an edge whose engine hangs', () => {
  it('is closed as far as it can be, and ends with status 1', async () => {
    const done: string[] = [];
    const exit = vi.spyOn(process, 'exit').mockImplementation((status) => {
      throw new Error(`exit ${status}`);
    });
    await using operation = await EdgeOperation.open(flags, new AbortController().signal);
    const edge = {
      close: async () => void done.push('edge'),
      drain: async () => void done.push('drained'),
    } as unknown as Edge;
    const listener = { port: 0, close: async () => void done.push('listener') };
    const ran = operation.run(edge, listener, new Promise(() => {}), new OpenRequests());
    operation.onEvent({ kind: 'engine-stalled' });
    await expect(ran).rejects.toThrow('exit 1');
    expect(exit).toHaveBeenCalledWith(1);
    expect(done).toEqual(['edge', 'listener']);
  });

  it('is the only one that ends so: after any other event the edge drains', async () => {
    const done: string[] = [];
    const asked = Promise.withResolvers<void>();
    await using operation = await EdgeOperation.open({ ...flags, drain: 2 }, AbortSignal.abort());
    const edge = { drain: async (ms: number) => void done.push(`drained ${ms}`) } as unknown as Edge;
    const listener = { port: 0, close: async () => void done.push('listener') };
    const ran = operation.run(edge, listener, asked.promise, new OpenRequests());
    operation.onEvent({ kind: 'engine-returned' });
    asked.resolve();
    await ran;
    expect(done).toEqual(['drained 2000', 'listener']);
  });

  it('says which log file can not be used', async () => {
    const missing = { ...flags, logFile: '/nowhere/at/all/edge.log' };
    const opened = EdgeOperation.open(missing, new AbortController().signal);
    await expect(opened).rejects.toMatchObject({ code: 'bad-argument' });
  });
});
