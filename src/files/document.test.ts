import { hostname, userInfo } from 'node:os';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { buildDocument, modelLabel, printDocument } from './document.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('the JSON document', () => {
  it('names models without the path of their file', () => {
    const specs = ['/home/somebody/own.gguf', './own.gguf', 'smollm2-135m', 'toy:1:0.8'];
    expect(specs.map(modelLabel)).toEqual(['own.gguf', 'own.gguf', 'smollm2-135m', 'toy:1:0.8']);
  });

  it('has exactly the promised fields, in order', () => {
    const document = buildDocument('trial x', { rows: [], summary: {} }, new Date(0));
    expect(Object.keys(document)).toEqual([
      'command',
      'version',
      'machine',
      'date',
      'seed',
      'params',
      'rows',
      'summary',
    ]);
    expect(document.date).toBe('1970-01-01T00:00:00.000Z');
    expect(document.version).toMatch(/^\d+\.\d+\.\d+/);
  });

  it('carries what the command found', () => {
    const result = { rows: [{ rowCount: 3 }], summary: { wrong: 0 }, params: { rtt: 20 }, seed: 7 };
    expect(buildDocument('bench engine', result, new Date(0))).toMatchObject({ command: 'bench engine', ...result });
  });

  it('says null for a run without a seed, so that the field is always there', () => {
    expect(buildDocument('models', { rows: [], summary: {} }, new Date(0)).seed).toBeNull();
  });

  it('prints no control character, and the same value', () => {
    const texts: unknown[] = [];
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => texts.push(text) > 0);
    printDocument('x', { rows: [], summary: { text: 'a\u001b[2J\u009b3J\u007f' } });
    expect(String(texts[0]).replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(JSON.parse(String(texts[0])).summary.text).toBe('a\u001b[2J\u009b3J\u007f');
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

  it('prints one parsable document and nothing else', () => {
    const written: string[] = [];
    vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      written.push(String(chunk));
      return true;
    });
    printDocument('trial coupling', { rows: [{ a: 1 }], summary: { draws: 2 } });
    expect(JSON.parse(written.join(''))).toMatchObject({ command: 'trial coupling', summary: { draws: 2 } });
    expect(written.join('')).toMatch(/}\n$/);
  });
});
