// The answer in the picture of README.md is today's answer to its question, on a processor like that of the picture: others round otherwise,
// and then an engine chooses other tokens.

import { execFile } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { pictureAnswer, pictureText } from './terminal-picture.ts';

const program = fileURLToPath(new URL('../bin/outrider.ts', import.meta.url));
/** As `cpus()` of Node names it. */
const recordedOn = 'Intel(R) Xeon(R) Processor';
const words = ['run', '--prompt', 'Why is the sky blue?', '--unpaced', '--no-compare', '--mode', 'ar'];

it('is what the program answers today', async ({ skip }) => {
  const processor = cpus()[0]?.model ?? 'unknown';
  if (processor !== recordedOn) skip(`the picture was recorded on ${recordedOn}, this is ${processor}`);
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, ...words]);
  const lawOf = (text: string): string => /exact: ([^;\n]+)/.exec(text)?.[1] ?? '';
  expect(lawOf(pictureText())).not.toBe('');
  if (lawOf(stderr) !== lawOf(pictureText())) skip(`the picture has another law: ${lawOf(pictureText())}`);
  expect(stdout.replaceAll(/\s+/g, ' ').trim()).toBe(pictureAnswer().replaceAll(/\s+/g, ' '));
}, 300_000);
