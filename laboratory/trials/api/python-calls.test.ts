import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ApiPlace } from './call.ts';
import { oneLamp } from './light.ts';
import { nightClients, pythonClients } from './python-calls.ts';

const folder = new URL('../../../python/api-clients/', import.meta.url);
const clients = [...pythonClients, ...nightClients];

describe('the clients for Python', () => {
  it('have modules, and lists with an exact version and hashes of each package; there is no other list', () => {
    const lists = readdirSync(folder).flatMap((name) => (name.endsWith('.txt') ? [name.slice(0, -4)] : []));
    expect(lists.sort()).toEqual([...new Set(clients.map(({ list }) => list))].sort());
    for (const { module } of clients) expect(existsSync(new URL(`${module}.py`, folder)), module).toBe(true);
    for (const list of lists) {
      const lines = readFileSync(new URL(`${list}.txt`, folder), 'utf8')
        .replaceAll(/ *\\\n */g, ' ')
        .split('\n');
      const packages = lines.filter((line) => line !== '' && !line.startsWith('#'));
      expect(packages.length, list).toBeGreaterThan(0);
      const loose = packages.filter(
        (line) => !/^[\w.[\],-]+==[^ ]+( ;[^#]*?)?( --hash=sha256:[0-9a-f]{64})+$/.test(line),
      );
      expect(loose, list).toEqual([]);
    }
  });
});

describe('codex', () => {
  const place: ApiPlace = {
    baseUrl: 'http://127.0.0.1/v1',
    key: '',
    metricsKey: '',
    tabKey: '',
    model: 'toy',
    routes: [],
    textOf: async () => 'unused',
  };
  const only = JSON.stringify(oneLamp);
  const callOf = (name: string, texts: readonly string[]) => {
    const codex = nightClients.find((client) => client.name === 'codex');
    return codex?.callsOf(async () => JSON.stringify(texts)).find((call) => call.name === name);
  };

  it('passes for the one text of its schema in each turn', async () => {
    await expect(callOf('exec', [only])?.run(place)).resolves.toHaveLength(1);
    await expect(callOf('exec, then resume', [only, only])?.run(place)).resolves.toHaveLength(1);
  });

  it('fails for another text, another number of turns, and a text that is no JSON', async () => {
    const other = JSON.stringify({ ...oneLamp, on: false });
    await expect(callOf('exec', [other])?.run(place)).rejects.toThrow('the turns end with');
    await expect(callOf('exec, then resume', [only, other])?.run(place)).rejects.toThrow('the turns end with');
    await expect(callOf('exec, then resume', [only])?.run(place)).rejects.toThrow('the turns end with');
    await expect(callOf('exec', ['hello'])?.run(place)).rejects.toThrow(SyntaxError);
  });
});
