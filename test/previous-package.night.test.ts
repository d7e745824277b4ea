// Members of two versions: the package of the day before, and this one. Device, edge and controller of either speak with those of the other:
// texts are equal, or the words say why not. OUTRIDER_PREVIOUS names another commit than the last one of the day before.

import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServeProcess } from '../laboratory/measuring/serve-process.ts';
import { startControllerProcess } from '../simulator/fleet/controller-process.ts';
import { type EdgeProcess, startEdgeProcess } from '../src/cli/children/edge-process.ts';
import { type Application, type Ended, installPacked, programOf, sourcesOf } from './packed-package.ts';

const git = (...words: string[]): string => execFileSync('git', words, { encoding: 'utf8' }).trim();
const dayMs = 86_400_000;
const modes = ['stream', 'mix', 'sd', 'ar'] as const;
const versions = ['today', 'previous'] as const;
type Version = (typeof versions)[number];

/** Null: the history does not reach back so far. */
function previousCommit(): string | null {
  const { OUTRIDER_PREVIOUS: named } = process.env;
  if (named !== undefined) return git('rev-parse', `${named}^{commit}`);
  const before = new Date(Date.parse(git('log', '-1', '--format=%cI')) - dayMs).toISOString();
  return git('rev-list', '-1', `--before=${before}`, 'HEAD') || null;
}

const commit = previousCommit();

describe.skipIf(commit === null)(`the package of ${commit?.slice(0, 7)} and this one`, () => {
  const applications = new Map<Version, Application>();
  let sources = '';
  beforeAll(async () => {
    applications.set('today', await installPacked({ needsOldest: false }));
    sources = await sourcesOf(commit as string);
    applications.set('previous', await installPacked({ needsOldest: false, sources }));
  }, 300_000);
  afterAll(async () => {
    for (const application of applications.values()) await application[Symbol.asyncDispose]();
    if (sources !== '') await rm(sources, { recursive: true, force: true });
  });

  const application = (version: Version): Application => applications.get(version) as Application;
  const program = (version: Version): string => programOf(application(version));
  const edgeOf = (version: Version, flags: readonly string[], notes: string[]): Promise<EdgeProcess> =>
    startEdgeProcess(
      ['--model', 'toy:7', '--profile', 'edge-8b-rtx4090', '--draft', 'toy:7:0.8', '--log-level', 'info', ...flags],
      (line) => void notes.push(line),
      { program: program(version) },
    );

  function ask(version: Version, words: readonly string[]): Promise<Ended> {
    const toys = ['--target', 'toy:7', '--draft', 'toy:7:0.8', '--temperature', '0.8', '--seed', '4'];
    const question = ['--prompt', 'hello', '--max-tokens', '40', '--json'];
    const { child, ended } = application(version).start(process.versions.node, [
      ...['outrider', 'device', ...toys, ...question],
      ...words,
    ]);
    child.stdin?.end();
    return ended;
  }
  const textOf = ({ output, notes }: Ended): string => {
    expect(output, notes).not.toBe('');
    return JSON.parse(output).summary.text;
  };

  it.each([
    ['today', 'previous'],
    ['previous', 'today'],
  ] as const)('a device of %s at an edge of %s: every mode writes the text of the edge alone', async (device, at) => {
    const edge = await edgeOf(at, [], []);
    try {
      const own = await edgeOf(device, [], []);
      const expected = textOf(await ask(device, ['--edge', own.url, '--mode', 'ar']));
      await own.close();
      expect(expected.length).toBeGreaterThan(40);
      for (const mode of modes) {
        const ended = await ask(device, ['--edge', edge.url, '--mode', mode]);
        if (ended.status !== 0) expect(ended.notes, mode).toMatch(/version .* version .*\[version-mismatch\]/s);
        else expect(textOf(ended), mode).toBe(expected);
      }
    } finally {
      await edge.close();
    }
  });

  it.each([
    ['today', 'previous'],
    ['previous', 'today'],
  ] as const)('an endpoint of %s before an edge of %s gives the same answer as the edge', async (endpoint, at) => {
    const edge = await edgeOf(at, [], []);
    try {
      const flags = ['--edge', edge.url, '--target', 'toy:7', '--draft', 'toy:7:0.8'];
      await using serve = await startServeProcess(flags, { program: program(endpoint) });
      const content = async (baseUrl: string): Promise<string> => {
        const body = { model: 'toy:7', messages: [{ role: 'user', content: 'hello' }], max_tokens: 24, seed: 5 };
        const headers = { 'content-type': 'application/json' };
        const request = { method: 'POST', headers, body: JSON.stringify(body) };
        const answer = await (await fetch(`${baseUrl}/chat/completions`, request)).json();
        return (answer as { choices: { message: { content: string } }[] }).choices[0]?.message.content ?? '';
      };
      const [own, drafted] = [await content(`${edge.url.replace(/^ws/, 'http')}/v1`), await content(serve.baseUrl)];
      expect(own.length).toBeGreaterThan(20);
      expect(drafted).toBe(own);
    } finally {
      await edge.close();
    }
  });

  it.each(
    versions
      .flatMap((controller) =>
        versions.flatMap((edge) => versions.map((device) => [controller, edge, device] as const)),
      )
      .filter((all) => new Set(all).size === 2),
  )('a controller of %s, an edge of %s and a device of %s: joined, or refused in words', async (...parts) => {
    const [controllerOf, edgeVersion, deviceVersion] = parts;
    const refused = /version \d+ .*version \d+|version-mismatch/;
    const controller = await startControllerProcess(['--slot', '200'], { program: program(controllerOf) });
    const notes: string[] = [];
    const member = ['--controller', controller.url, '--name', 'near'];
    const edge = await edgeOf(edgeVersion, member, notes);
    try {
      const own = textOf(await ask(deviceVersion, ['--edge', edge.url, '--mode', 'ar']));
      const joins = /joined the controller/;
      await expect
        .poll(() => notes.join('\n'), { timeout: 20_000 })
        .toMatch(new RegExp(`${refused.source}|${joins.source}`, 'is'));
      const isEdgeRefused = refused.test(notes.join('\n'));
      const ended = await ask(deviceVersion, ['--controller', controller.url, '--edge', edge.url]);
      if (ended.status === 0) expect(textOf(ended)).toBe(own);
      else expect(ended.notes).toMatch(refused);
      console.info(
        `controller ${controllerOf}: edge ${edgeVersion} ${isEdgeRefused ? 'refused' : 'joined'}, device ${deviceVersion} ` +
          `${refused.test(ended.notes) ? 'refused by it' : 'joined'}, status ${ended.status}`,
      );
      if (controllerOf === edgeVersion) expect(isEdgeRefused, notes.join('\n')).toBe(false);
      if (controllerOf === deviceVersion) expect(ended.notes).not.toMatch(refused);
    } finally {
      await edge.close();
      await controller.close();
    }
  });
});
