import { hostname, userInfo } from 'node:os';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { buildDocument, modelLabel, printDocument } from './document.ts';

afterEach(() => vi.restoreAllMocks());

describe('the JSON document', () => {
  it('names models without the path of their file', () => {
    const specs = ['/home/somebody/own.gguf', './own.gguf', 'smollm2-135m', 'toy:1:0.8'];
    expect(specs.map(modelLabel)).toEqual(['own.gguf', 'own.gguf', 'smollm2-135m', 'toy:1:0.8']);
  });

  it('has exactly the promised fields, in order', () => {
    const document = buildDocument('trial x', { rows: [], summary: {} }, new Date(0));
    const head = ['command', 'version', 'machine', 'date', 'seed'];
    expect(Object.keys(document)).toEqual([...head, 'params', 'rows', 'summary']);
    expect(document.date).toBe('1970-01-01T00:00:00.000Z');
    expect(document.version).toMatch(/^\d+\.\d+\.\d+/);
    // Also for a run without a seed.
    expect(document.seed).toBeNull();
  });

  it('carries what the command found', () => {
    const result = { rows: [{ rowCount: 3 }], summary: { wrong: 0 }, params: { rtt: 20 }, seed: 7 };
    expect(buildDocument('bench engine', result, new Date(0))).toMatchObject({ command: 'bench engine', ...result });
  });

  it('is printed alone, with no control character, and the same value', () => {
    const written: string[] = [];
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    const summary = { text: 'a\u001b[2J\u009b3J\u007f' };
    printDocument('trial coupling', { rows: [{ a: 1 }], summary });
    const text = written.join('');
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(JSON.parse(text)).toMatchObject({ command: 'trial coupling', summary });
    expect(text).toMatch(/}\n$/);
  });

  it('describes the machine without saying whose it is', () => {
    const { machine } = buildDocument('x', { rows: [], summary: {} }, new Date(0));
    expect(Object.keys(machine)).toEqual(['cpu', 'coreCount', 'memoryGiB', 'platform', 'node']);
    expect(machine.coreCount).toBeGreaterThan(0);
    expect(machine.memoryGiB).toBeGreaterThan(0);
    const text = JSON.stringify(machine);
    expect(text).not.toContain(hostname());
    expect(text).not.toContain(process.cwd());
    expect(text).not.toContain(userInfo().homedir);
  });
});
