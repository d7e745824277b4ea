import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hideWaiting, secondsLeft, showWaiting, writeAboveWaiting, yieldToBar } from './waiting-line.ts';

let written: string[] = [];
const streamOf = (isTTY: boolean) => ({ isTTY, columns: 30, write: (part: string) => written.push(part) > 0 });
const terminal = { stream: streamOf(true) };
/** Without escape sequences; what `\r` has written over is gone. */
const lastLine = (): string => stripVTControlCharacters(written.join('').split('\r').at(-1) ?? '');

beforeEach(() => {
  vi.stubEnv('TERM', 'xterm');
  vi.useFakeTimers();
  written = [];
});
afterEach(() => {
  hideWaiting();
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

describe('the waiting line', () => {
  it('counts the seconds, is cut at the width of the terminal, and leaves nothing behind', () => {
    showWaiting('loading the draft ...', terminal);
    expect(lastLine()).toBe('loading the draft ...');
    vi.advanceTimersByTime(12_000);
    expect(lastLine()).toBe('loading the draft ...  12 s');
    showWaiting('loading the draft with a long name ...', terminal);
    expect(lastLine()).toBe('loading the draft with a long');
    hideWaiting();
    expect(lastLine()).toBe('');
    const count = written.length;
    vi.advanceTimersByTime(5000);
    expect(written.length).toBe(count);
  });

  it('stays below what is written meanwhile', () => {
    showWaiting('loading ...', terminal);
    writeAboveWaiting('a note\n', terminal.stream);
    expect(written.slice(-3, -1)).toEqual(['\r\u001b[K', 'a note\n']);
    expect(lastLine()).toBe('loading ...');
    hideWaiting();
    written = [];
    writeAboveWaiting('another\n', terminal.stream);
    expect(written).toEqual(['another\n']);
  });

  it('leaves the line to a progress bar while one draws', () => {
    showWaiting('loading ...', terminal);
    written = [];
    yieldToBar();
    vi.advanceTimersByTime(1000);
    expect(written).toEqual([]);
    vi.advanceTimersByTime(2000);
    expect(lastLine()).toBe('loading ...  3 s');
  });

  it('is written every five seconds where no line can be drawn again', () => {
    const stream = streamOf(false);
    showWaiting('loading ...', { stream });
    writeAboveWaiting('a note\n', stream);
    vi.advanceTimersByTime(5000);
    showWaiting('searching', { stream, share: 0 });
    vi.advanceTimersByTime(4000);
    showWaiting('searching', { stream, share: 0.25 });
    expect(secondsLeft()).toBe(12);
    vi.advanceTimersByTime(1000);
    expect(written).toEqual(['a note\n', 'loading ...  5 s\n', 'searching, 25 %, about 11 s more\n']);
    // Another stage, of which nothing is known yet.
    showWaiting('opening', { stream, share: 0.1 });
    expect(secondsLeft()).toBeNull();
    hideWaiting();
    expect(written).toHaveLength(3);
  });
});
