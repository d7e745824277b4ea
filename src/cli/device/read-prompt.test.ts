import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readPrompt } from './answer-flags.ts';

const sample = 'Why is the sky blue?';
let notes: string[] = [];
beforeEach(() => {
  notes = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => notes.push(String(text)) > 0);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function inputOf(text: string, isTTY = false): NodeJS.ReadStream {
  return Object.assign(new PassThrough().end(text), { isTTY }) as unknown as NodeJS.ReadStream;
}

describe('the prompt', () => {
  it.each([
    ['Why?\n', 'Why?'],
    ['Why?\r\n', 'Why?'],
    ['Why?', 'Why?'],
    ['Why?\n\n', 'Why?\n'],
    ['\n Why?\nTell me. \n', '\n Why?\nTell me. '],
  ])('that is piped in, %j, is read as %j', async (piped, read) => {
    expect(await readPrompt({ prompt: undefined }, inputOf(piped), sample)).toBe(read);
    expect(notes).toEqual([]);
  });

  it('of a flag is taken as it is', async () => {
    expect(await readPrompt({ prompt: 'Why?\n' }, inputOf('not this'))).toBe('Why?\n');
  });

  it.each([
    ['nothing is piped in', inputOf('')],
    ['only blanks are piped in', inputOf(' \n')],
    ['the input is a terminal, but the output is none', inputOf('', true)],
  ])('is the sample where %s, with a note', async (_, input) => {
    expect(await readPrompt({ prompt: undefined }, input, sample)).toBe(sample);
    expect(notes.join('')).toContain(`asking "${sample}"`);
  });

  it.each([[''], [' \n']])('%j is refused by a command without a sample, and where a flag has it', async (text) => {
    const refused = { code: 'bad-argument', message: 'the prompt is empty' };
    await expect(readPrompt({ prompt: undefined }, inputOf(text))).rejects.toMatchObject(refused);
    await expect(readPrompt({ prompt: text }, inputOf('more'), sample)).rejects.toMatchObject(refused);
  });

  it('that is still to come is waited for with a note', async () => {
    vi.useFakeTimers();
    const input = new PassThrough();
    const read = readPrompt({ prompt: undefined }, input as unknown as NodeJS.ReadStream, sample);
    await vi.advanceTimersByTimeAsync(1999);
    expect(notes).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(notes.join('')).toContain('standard input');
    input.end('Why?\n');
    expect(await read).toBe('Why?');
  });
});
