import { describe, expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { soakTrial } from './soak.ts';

const small = { minutes: 0.35, sessions: 18, rate: 20, seed: 3 };
/** The limit on a machine that does much else. */
const timeout = 300_000;

/** Keeps a file and half a megabyte more each second. */
const leak = `data:text/javascript,${encodeURIComponent(`
import { openSync } from 'node:fs';
const kept = [];
setInterval(() => kept.push(openSync('/dev/null'), new Float64Array(65536)), 1000).unref();
`)}`;

describe('trial soak', () => {
  it('finds an edge flat under churn, and nothing open after it', { timeout }, async () => {
    const { summary, passed, rows, params } = await runExperiment(soakTrial, small);
    const nothing = { leftSessions: 0, leftConnections: 0, leftHandles: 0, wrongTexts: 0, failedTurns: 0 };
    expect(summary).toMatchObject(nothing);
    expect(passed).toBe(true);
    expect(summary['begun']).toBeGreaterThan(40);
    expect(summary['complete']).toBeGreaterThan(10);
    expect(summary['resumed']).toBeGreaterThan(0);
    const { counts } = params as { readonly counts: Readonly<Record<string, { readonly begun: number }>> };
    for (const { begun } of Object.values(counts)) expect(begun).toBeGreaterThan(0);
    expect(rows.length).toBe(21);
    expect(rows.filter(({ heldMB }) => heldMB !== null).length).toBeGreaterThanOrEqual(12);
  });

  it('finds memory and files that an edge keeps', { timeout }, async () => {
    const leaking = { ...small, closingMs: 20_000, nodeOptions: ['--import', leak] };
    const { summary, passed } = await runExperiment(soakTrial, leaking);
    expect(passed).toBe(false);
    expect(summary['heldGrowthMB']).toBeGreaterThan(3);
    if (process.platform === 'linux') expect(summary['leftFiles']).toBeGreaterThan(10);
  });
});
