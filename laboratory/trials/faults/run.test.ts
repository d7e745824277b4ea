import { describe, expect, it } from 'vitest';
import { modeNames } from '../../../src/core/protocol/wire/mode.ts';
import { type FaultRunResult, runFaults } from './run.ts';

function runMany(firstSeed: number, count: number): FaultRunResult[] {
  return Array.from({ length: count }, (_, index) => runFaults(firstSeed + index));
}

describe('the protocol under faults', () => {
  const results = runMany(1, 300);

  it('keeps every invariant in 300 runs', () => {
    expect(results.filter(({ broken }) => broken !== null)).toEqual([]);
  });

  it('meets enough faults, sessions and hostile devices in them', () => {
    expect(Math.min(...results.map(({ faults }) => faults))).toBeGreaterThanOrEqual(3);
    expect(Math.min(...results.map(({ sessions }) => sessions))).toBeGreaterThanOrEqual(2);
    expect(results.reduce((sum, { faults }) => sum + faults, 0)).toBeGreaterThan(5 * results.length);
    expect(results.some(({ hostileDevices }) => hostileDevices > 0)).toBe(true);
    expect(new Set(results.map(({ mode }) => mode))).toEqual(new Set(modeNames));
    expect(Math.max(...results.map(({ edgeBytesPeak }) => edgeBytesPeak))).toBeLessThan(20_000);
  });

  it('repeats a run from its seed, with or without a log', () => {
    for (const seed of [3, 4, 5]) {
      const lines: string[] = [];
      expect(runFaults(seed, { log: (line) => lines.push(line) })).toEqual(results[seed - 1]);
      expect(lines.filter((line) => line.includes('FAULT')).length).toBe(results[seed - 1]?.faults);
    }
  });
});
