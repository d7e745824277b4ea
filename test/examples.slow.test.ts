// Every example runs as a program of its own, against an edge with a toy target.

import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPreset } from '../simulator/scenario/presets.ts';
import { runSlots, type SlotOutcome } from '../simulator/simulation/run-slots.ts';
import { neutralSampling } from '../src/core/decoding/sampling.ts';
import { modeNames } from '../src/core/protocol/wire/mode.ts';
import { findPolicy } from '../src/files/policy-file.ts';
import { startToyEdge, type ToyEdge, toyReference, toySeed } from './together/toy-edge.ts';

const folder = fileURLToPath(new URL('../examples/', import.meta.url));
const fromSources = new URL('../scripts/from-sources.mjs', import.meta.url).href;
const draft = `toy:${toySeed}:0.8`;
let edge: ToyEdge;

beforeAll(async () => {
  edge = await startToyEdge();
});
afterAll(() => edge[Symbol.asyncDispose]());

interface Run {
  readonly output: Promise<string>;
  readonly notes: Promise<string>;
  readonly status: Promise<number | null>;
  /** The first line, as soon as it is there. */
  readonly firstLine: Promise<string>;
  end(): void;
}

function run(name: string, ...given: string[]): Run {
  const words = ['--import', fromSources, `${folder}${name}`, ...given];
  const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'pipe'] });
  let [text, notes] = ['', ''];
  const first = Promise.withResolvers<string>();
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
    if (text.includes('\n')) first.resolve(text.slice(0, text.indexOf('\n')));
  });
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    notes += part;
  });
  const status = new Promise<number | null>((resolve) => child.once('close', resolve));
  void status.then(() => first.resolve(text));
  const [output, said] = [status.then(() => text), status.then(() => notes)];
  return { output, notes: said, status, firstLine: first.promise, end: () => child.stdin.end() };
}

/** What the toy target writes by itself. */
async function referenceText(question: string, tokenCount: number): Promise<string> {
  const { tokenizer } = edge.target;
  const prompt = tokenizer.encodeChat([{ role: 'user', content: question }]);
  const ids = await toyReference(neutralSampling, tokenCount, prompt);
  return Buffer.concat(ids.map((id) => tokenizer.bytes(id))).toString();
}

describe('examples', () => {
  it('are all run here', () => {
    const known = [
      'abort.ts',
      'ask-an-edge.ts',
      'choose-servers.ts',
      'compare-policies.ts',
      'edge-from-code.ts',
      'edge-in-a-service.ts',
      'my-policy.ts',
      'one-session.ts',
      'own-draft-source.ts',
      'quickstart.ts',
    ];
    expect(readdirSync(folder).filter((name) => name.endsWith('.ts'))).toEqual(known);
    // Run in test/browser/.
    expect(readdirSync(`${folder}browser`)).toEqual(['index.html', 'main.ts']);
    expect(readdirSync(`${folder}page`)).toEqual(['index.html']);
  });

  it('my-policy.ts decides a simulation, and spreads a crowd better than the best signal does', async () => {
    const result = async (policy: string): Promise<number> => {
      const scenario = readPreset('crowd');
      let edgeMs = 0;
      const onSlot = ({ terms }: SlotOutcome): void => {
        edgeMs += terms.sum.edgeMs;
      };
      runSlots({ scenario, policy: await findPolicy(policy), seed: 1, onSlot }, 20);
      return edgeMs;
    };
    expect(await result(`${folder}my-policy.ts`)).toBeLessThan(0.8 * (await result('max-sinr')));
  });

  it('ask-an-edge.ts prints what the target writes', async () => {
    const { output, status } = run('ask-an-edge.ts', edge.url, draft);
    expect(await output).toBe(`${await referenceText('Why is the sky blue?', 40)}\n`);
    expect(await status).toBe(0);
  });

  it('quickstart.ts, the code of README.md, prints what the target writes', async () => {
    const { output, status } = run('quickstart.ts', edge.url, draft);
    expect(await output).toBe(await referenceText('Why is the sky blue?', 40));
    expect(await status).toBe(0);
  });

  it('abort.ts stops early, with a prefix of what the target writes', async () => {
    const { output, status } = run('abort.ts', edge.url, draft);
    const [text = '', outcome] = (await output).split('\n');
    const [, count] = /^stopped after (\d+) tokens$/.exec(outcome ?? '') ?? [];
    expect(Number(count)).toBeGreaterThanOrEqual(10);
    expect(Number(count)).toBeLessThan(60);
    expect(text).toBe(await referenceText('Tell me a long story.', Number(count)));
    expect(await status).toBe(0);
  });

  it('own-draft-source.ts prints what the target writes, whatever is guessed', async () => {
    const { output, status } = run('own-draft-source.ts', edge.url, `toy:${toySeed}`);
    const [text, outcome] = (await output).split('\n');
    expect(text).toBe(await referenceText('Repeat: one two three one two three one two three', 40));
    expect(outcome).toMatch(/^\d+ of \d+ guesses held$/);
    expect(await status).toBe(0);
  });

  it('edge-from-code.ts serves whoever has the key', async () => {
    const served = run('edge-from-code.ts', `toy:${toySeed}`, '0');
    const url = await served.firstLine;
    const asked = run('ask-an-edge.ts', url, draft, 'a secret of yours');
    expect(await asked.output).toBe(`${await referenceText('Why is the sky blue?', 40)}\n`);
    for (const [name, drafts] of [
      ['quickstart.ts', draft],
      ['abort.ts', draft],
      ['own-draft-source.ts', `toy:${toySeed}`],
    ] as const) {
      expect(await run(name, url, drafts, 'a secret of yours').status, name).toBe(0);
    }
    for (const name of ['ask-an-edge.ts', 'abort.ts']) {
      const refused = run(name, url, draft, 'another');
      expect(await refused.status).toBe(1);
      expect(await refused.notes).toMatch(/^the edge does not know this key; .* \[unauthorized\]\n$/);
    }
    served.end();
    expect(await served.status).toBe(0);
  });

  it('edge-in-a-service.ts serves its accounts, and keeps its other requests', async () => {
    const served = run('edge-in-a-service.ts', `toy:${toySeed}`, '0');
    const url = await served.firstLine;
    const asked = run('ask-an-edge.ts', url, draft, 'key of Ada');
    expect(await asked.output).toBe(`${await referenceText('Why is the sky blue?', 40)}\n`);
    const refused = run('ask-an-edge.ts', url, draft, 'key of nobody');
    expect(await refused.status).toBe(1);
    const page = url.replace('ws', 'http');
    const status = (await (await fetch(`${page}/status`)).json()) as { readonly steps: number };
    expect(status.steps).toBeGreaterThan(10);
    expect((await fetch(page)).status).toBe(404);
    served.end();
    expect(await served.status).toBe(0);
  });

  it('choose-servers.ts serves each device, and proves how good that is', async () => {
    const lines = (await run('choose-servers.ts').output).trim().split('\n');
    expect(lines.slice(0, -1).map((line) => /^device (\d+): server [0-3], /.exec(line)?.[1])).toEqual(
      Array.from({ length: 24 }, (_, device) => `${device}`),
    );
    const [, percent] = /at most ([\d.]+) % above the optimum$/.exec(lines.at(-1) ?? '') ?? [];
    expect(Number(percent)).toBeLessThan(1);
  });

  it('compare-policies.ts runs the same tasks under both policies, and ours is quicker', async () => {
    const lines = (await run('compare-policies.ts').output).trim().split('\n');
    const found = lines.map((line) => /^([\w-]+): (\d+) tasks, ([\d.]+) ms a token/.exec(line)?.slice(1) ?? []);
    expect(found.map(([name]) => name)).toEqual(['max-sinr', 'best']);
    expect(found[1]?.[1]).toBe(found[0]?.[1]);
    expect(Number(found[1]?.[2])).toBeLessThan(0.8 * Number(found[0]?.[2]));
  });

  it('one-session.ts says what a token takes in each mode', async () => {
    const lines = (await run('one-session.ts', '20').output).trim().split('\n');
    const times = new Map(lines.map((line) => [line.split(':')[0], Number(/([\d.]+) ms a token/.exec(line)?.[1])]));
    expect([...times.keys()]).toEqual([...modeNames]);
    // The edge alone takes one step a token: 40.4 ms, give or take the jitter.
    expect(times.get('ar')).toBeGreaterThan(38);
    expect(times.get('ar')).toBeLessThan(43);
    expect(times.get('stream')).toBeLessThan(0.8 * (times.get('ar') as number));
  });
});
