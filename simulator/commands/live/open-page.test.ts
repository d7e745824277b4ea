import type { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { openPage } from './open-page.ts';

it('a page is opened by the program of this system, and a missing one is no failure', () => {
  const child = Object.assign(new EventEmitter(), { unref: () => {} });
  const started: unknown[] = [];
  const start = ((...given: unknown[]) => {
    started.push(given);
    return child;
  }) as unknown as typeof spawn;
  openPage('http://127.0.0.1:1/fleet', start);
  expect(started).toMatchObject([[expect.any(String), ['http://127.0.0.1:1/fleet'], { detached: true }]]);
  expect(() => child.emit('error', new Error('ENOENT'))).not.toThrow();
});
