// One answer of `run` and `device`, with toys: what goes to standard output, and what stands under it.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { startToyEdge, type ToyEdge, toySeed } from '../../../test/together/toy-edge.ts';
import { probeEdge } from '../../processes/device/probe-edge.ts';
import { commandOf } from '../options/option-flags.ts';
import { writtenTo } from '../terminal/output.fixture.ts';
import { createScreen } from './answer.ts';
import { type AnswerFlags, answerOptions } from './answer-flags.ts';
import { converse, readAsked } from './conversation.ts';
import { edgeAddresses, openCommandDevice } from './open-device.ts';

const terminal = process.stdout.isTTY;
const input = process.stdin.isTTY;
afterEach(() => {
  vi.restoreAllMocks();
  process.stdout.isTTY = terminal;
  process.stdin.isTTY = input;
});

async function flagsOf(...words: string[]): Promise<AnswerFlags> {
  let flags = {};
  const command = commandOf({ name: 'any', description: '', options: answerOptions }, (typed) => {
    flags = typed;
  });
  await command.exitOverride().parseAsync(words, { from: 'user' });
  return { ...flags, draft: `toy:${toySeed}:0.8`, compare: true } as AnswerFlags;
}

async function answered(edge: ToyEdge, overrunShare: number, ...words: string[]) {
  const flags = await flagsOf('--max-tokens', '12', ...words);
  await using device = await openCommandDevice({ edge: edge.url }, `toy:${toySeed}`, flags);
  const [out, err] = [writtenTo(process.stdout), writtenTo(process.stderr)];
  const closing = async () => ({ pacedOverrunShare: overrunShare });
  const asked = { kind: 'once', text: 'hello' } as const;
  const status = await converse({ asked, command: 'run', device, flags, setting: ['The network.'], closing });
  return { status, out: out(), err: err() };
}

describe('an answer', () => {
  it('is alone on standard output, and the table beside the edge alone on standard error', async () => {
    await using edge = await startToyEdge();
    const { status, out, err } = await answered(edge, 0.02);
    expect(status).toBe(0);
    expect(out).toMatch(/^( [a-z]+){12}\n$/);
    expect(err).toMatch(/^\n *mode/);
    for (const line of [
      /^ *mode .*$/m,
      /^ *stream .*$/m,
      /^ *ar .*$/m,
      /^The network\.$/m,
      /^Draft: toy draft that agrees at 0\.8, .*\.$/m,
      /^Both texts are identical, token for token\.$/m,
      /^2 % of the paced steps overran on this machine/m,
    ])
      expect(err).toMatch(line);
    expect((await answered(edge, 0.01)).err).not.toContain('overran');
  });

  it('for programs is one document, and nothing else', async () => {
    await using edge = await startToyEdge();
    const { out } = await answered(edge, 0, '--json', '--seed', '7');
    expect(JSON.parse(out)).toMatchObject({
      command: 'run',
      rows: [{ mode: 'stream' }, { mode: 'ar' }],
      summary: { identical: true, text: expect.stringMatching(/^( [a-z]+){12}$/), pacedOverrunShare: 0 },
      seed: 7,
    });
  });
});

describe('what is asked', () => {
  it.each([
    [{}, true, 'chat'],
    [{}, false, 'once'],
    [{ prompt: 'sample' }, true, 'once'],
    [{ json: true }, true, 'once'],
  ])('with %j, and a terminal for the output: %s, is %s', async (typed, isTTY, kind) => {
    writtenTo(process.stderr);
    process.stdin.isTTY = true;
    process.stdout.isTTY = isTTY;
    const asked = await readAsked({ ...(await flagsOf()), ...typed }, 'sample');
    expect(asked).toEqual(kind === 'chat' ? { kind } : { kind, text: 'sample' });
  });
});

describe('the battery', () => {
  it.each([
    [1, false],
    [100, true],
  ])('at a charge of %i percent lets auto draft: %s', async (percent, drafts) => {
    await using edge = await startToyEdge();
    const words = ['--json', '--mode', 'auto', '--battery', String(percent)];
    const { rows } = JSON.parse((await answered(edge, 0, ...words)).out);
    expect(rows[0].draftedTokens > 0).toBe(drafts);
  });
});

describe('text of an answer', () => {
  it('may do nothing to a terminal, and is what it is elsewhere', () => {
    const out = writtenTo(process.stdout);
    process.stdout.isTTY = false;
    createScreen().show('a\u001b[2Jb', false);
    process.stdout.isTTY = true;
    createScreen().show('a\u001b[2Jb', false);
    expect(out()).toBe('a\u001b[2Jba\ufffd[2Jb');
  });

  it('is broken between words in a terminal alone', () => {
    const out = writtenTo(process.stdout);
    const { columns } = process.stdout;
    process.stdout.columns = 9;
    for (const isTTY of [true, false]) {
      process.stdout.isTTY = isTTY;
      const { show } = createScreen();
      for (const text of ['we may', ' cal', 'l']) show(text, false);
    }
    process.stdout.columns = columns;
    expect(out()).toBe('we may ca\u001b[8G\u001b[K\ncallwe may call');
  });
});

describe('the edges of a command', () => {
  it('have their certificates in the same order, or none', () => {
    const a = 'wss://a';
    const b = 'wss://b';
    expect(edgeAddresses([a, b])).toEqual([{ edge: a }, { edge: b }]);
    expect(edgeAddresses([a, b], ['-', 'ff'])).toEqual([{ edge: a }, { edge: b, edgeFingerprint: 'ff' }]);
    for (const fingerprints of [['ff'], ['ff', '00', '11']])
      expect(() => edgeAddresses([a, b], fingerprints)).toThrow(
        `--edge-fingerprint is given ${fingerprints.length} times, --edge 2 times`,
      );
  });

  it('are as far away as either flag asks for', async () => {
    await using edge = await startToyEdge();
    const roundTripMs = async (...words: string[]): Promise<number> => {
      await using device = await openCommandDevice({ edge: edge.url }, `toy:${toySeed}`, await flagsOf(...words));
      const [only] = [...device.edges.edges.values()];
      if (only === undefined) throw new Error('no edge');
      return (await probeEdge(only.connect)).roundTripMs;
    };
    expect(await roundTripMs('--rtt', '40')).toBeGreaterThanOrEqual(35);
    expect(await roundTripMs('--link', 'rtt=40')).toBeGreaterThanOrEqual(35);
  });
});
