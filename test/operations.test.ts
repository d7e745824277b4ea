// What is shipped for operators: every metric that the board, the alerts and the page name is there, and the units and the container are
// what docs/operate/operations.md says.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { startTurn } from '../src/processes/device/turn.ts';
import { createControllerMetrics } from '../src/processes/metrics/controller-metrics.ts';
import { createEdgeMetrics } from '../src/processes/metrics/edge-metrics.ts';
import { createEndpointMetrics } from '../src/processes/metrics/endpoint-metrics.ts';
import { startToyEdge, toyTurn } from './together/toy-edge.ts';

const read = (path: string): string => readFileSync(join(import.meta.dirname, '..', path), 'utf8');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string };
}

const rules = (parse(read('operations/alerts.yml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);
const board = JSON.parse(read('operations/grafana-board.json')) as {
  readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[];
};
const expressions = [...rules, ...board.panels.flatMap(({ targets = [] }) => targets)].map(({ expr }) => expr);

/** Names of series in an expression of PromQL. */
const namesIn = (expr: string): string[] =>
  [...expr.matchAll(/\b(?:outrider|process|nodejs)_\w+/g)].map(([name]) => name);

/** Names of families in a scrape, with those of a histogram's series. */
function familiesOf(text: string): Set<string> {
  const names = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type]) =>
    type === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  );
  return new Set(names);
}

let edge: Set<string>;
let edgeText: string;
let serve: Set<string>;
let controller: Set<string>;

beforeAll(async () => {
  const metrics = createEdgeMetrics({ model: 'toy', version: '1.2.3', kvTokens: 8192 });
  await using running = await startToyEdge({ meter: metrics.meter });
  metrics.follow(running.edge);
  await startTurn(toyTurn(running, { maxAnswerTokens: 20 })).report;
  edgeText = await metrics.text();
  edge = familiesOf(edgeText);
  serve = familiesOf(await createEndpointMetrics({ model: 'toy', version: '1.2.3' }, () => 'ready').text());
  controller = familiesOf(await createControllerMetrics().text());
});

describe('the board and the alerts', () => {
  it('name metrics that are there', () => {
    const known = new Set([...edge, ...serve, ...controller]);
    const named = new Set(expressions.flatMap(namesIn));
    expect(named.size).toBeGreaterThan(30);
    expect([...named].filter((name) => !known.has(name))).toEqual([]);
  });

  it('name every metric of an edge and of an endpoint', () => {
    const named = new Set(expressions.flatMap(namesIn).map((name) => name.replace(/_(bucket|sum|count)$/, '')));
    const own = [...new Set([...edge, ...serve])].filter((name) => /^outrider_(?!.*_(bucket|sum|count)$)/.test(name));
    expect(own.filter((name) => !named.has(name))).toEqual([]);
  });

  it('have states and reasons that are there', () => {
    for (const state of ['serving', 'stalled']) expect(edgeText).toContain(`state="${state}"`);
    expect(edgeText).toContain('finished_reason="error"');
  });

  it('are told on the page, each with what to do', () => {
    const page = read('docs/operate/operations.md');
    for (const { alert, labels, annotations } of rules) {
      expect(page, alert).toMatch(new RegExp(`^\\| \`${alert}\` \\| .{20,} \\|$`, 'm'));
      expect(['critical', 'warning', 'info']).toContain(labels.severity);
      expect(annotations.summary).toMatch(/\.$/);
    }
  });
});

describe('the table of metrics', () => {
  it('has every metric of an edge and of an endpoint, and no other', () => {
    const table = read('docs/operate/operations.md').split('## Metrics')[1]?.split('\n## ')[0] ?? '';
    const rows = table.split('\n').filter((line) => /^\| `/.test(line) && !line.startsWith('| `outrider_...'));
    const told = rows.flatMap((line) => {
      const [, names = '', of = ''] = line.split('|');
      return [...names.matchAll(/`(\w+)[^`]*`/g)].map(([, name]) => ({
        name: `outrider_${name}`,
        ...{ edge: /edge|both/.test(of), serve: /serve|both/.test(of) },
      }));
    });
    expect(told.length).toBeGreaterThan(30);
    for (const [kind, families] of [
      ['edge', edge],
      ['serve', serve],
    ] as const) {
      const own = [...families].filter((name) => /^outrider_(?!.*_(bucket|sum|count)$)/.test(name));
      expect(
        told
          .filter((row) => row[kind])
          .map(({ name }) => name)
          .sort(),
        kind,
      ).toEqual(own.sort());
    }
  });
});

describe.each(['edge', 'serve'])('the unit of %s', (kind) => {
  const path = `operations/outrider-${kind}.service`;
  const unit = read(path);

  it('drains, restarts, and has no more rights than it needs', () => {
    const settings = new Map([...unit.matchAll(/^(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]));
    expect(settings.get('ExecStart')).toBe(`/usr/local/bin/outrider ${kind} --config /etc/outrider/outrider.yaml`);
    expect(settings.get('User')).toBe('outrider');
    expect(settings.get('Restart')).toBe('on-failure');
    // The default of --drain is 30 s.
    expect(Number(settings.get('TimeoutStopSec'))).toBeGreaterThan(30);
    for (const name of ['NoNewPrivileges', 'PrivateTmp', 'ProtectHome', 'RestrictSUIDSGID', 'LockPersonality'])
      expect(settings.get(name), name).toBe('yes');
    expect(settings.get('CapabilityBoundingSet')).toBe('');
  });

  const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

  it.skipIf(!hasSystemd)('is taken by systemd, and exposes little', () => {
    const folder = mkdtempSync(join(tmpdir(), 'outrider-'));
    try {
      const file = join(folder, `outrider-${kind}.service`);
      // The program and its user are not on this machine.
      writeFileSync(
        file,
        unit.replace('/usr/local/bin/outrider', process.execPath).replace(/^(User|Group)=.*\n/gm, ''),
      );
      const verified = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
      expect([verified.status, verified.stderr]).toEqual([0, '']);
      // Without a user of its own: as root, it would expose more than as it is shipped.
      const rated = spawnSync('systemd-analyze', ['security', '--offline=yes', '--threshold=40', file]);
      expect(rated.status).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the container', () => {
  const lines = read('operations/Containerfile').split('\n');
  const { peerDependencies, engines } = JSON.parse(read('package.json')) as {
    readonly peerDependencies: Readonly<Record<string, string>>;
    readonly engines: { readonly node: string };
  };

  it('runs as nobody special, with the engines that the package is tested with', () => {
    expect(lines.filter((line) => line.startsWith('FROM '))).toEqual([
      'FROM node:24-slim AS build',
      'FROM node:24-slim',
    ]);
    expect(engines.node).toBe('^22.19 || >=24.6');
    expect(lines).toContain('USER node');
    const text = lines.join('\n');
    expect(text.indexOf('USER node')).toBeLessThan(text.indexOf('ENTRYPOINT'));
    expect(text).toContain(`node-llama-cpp@${peerDependencies['node-llama-cpp']} `);
    expect(text).toContain(`koffi@${peerDependencies['koffi']?.replace('^', '')}`);
    expect(lines).toContain('STOPSIGNAL SIGTERM');
  });

  it('copies no file of this machine that is not in the repository', () => {
    expect(read('.containerignore').split('\n')).toEqual(expect.arrayContaining(['.git', 'node_modules', 'dist']));
  });
});

describe('the package', () => {
  it('has all of it', () => {
    const { files } = JSON.parse(read('package.json')) as { readonly files: readonly string[] };
    expect(files).toContain('operations');
    expect(readdirSync(join(import.meta.dirname, '../operations')).sort()).toEqual([
      'Containerfile',
      'alerts.yml',
      'grafana-board.json',
      'outrider-edge.service',
      'outrider-serve.service',
    ]);
  });
});
