// The reader of traces in Python, written from docs/research/traces.md, reads what this package reads.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { traceStatistics } from '../traces/trace-statistics.ts';
import { findTrace } from './shipped-traces.ts';

it.each(['coarse-greedy', 'draft-sampled'])('finds the same acceptance in %s', async (name) => {
  const { sessions } = findTrace(name);
  const { stdout } = await promisify(execFile)('python3', ['python/read_trace.py', `traces/${name}.trace`]);
  const [, count, acceptance] = stdout.trim().split(' ');
  expect(Number(count)).toBe(sessions.length);
  expect(Number(acceptance)).toBeCloseTo(traceStatistics(sessions).acceptance, 12);
});
