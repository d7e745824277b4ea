import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { type ConfigFaces, configCommand, configSchemaText, faces, resolveOptions } from './config.ts';
import { configurableCommands } from './options/config-file.ts';
import { commandOf } from './options/option-flags.ts';
import { childVariable } from './terminal/interrupt.ts';

const directory = mkdtempSync(join(tmpdir(), 'outrider-config-'));

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});
afterAll(() => rmSync(directory, { recursive: true }));

function written(text: string, mode = 0o600): string {
  const path = join(directory, 'outrider.yaml');
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

const resolved = async (text: string, words: readonly string[] = [], command: keyof ConfigFaces = 'edge') => {
  const options = await resolveOptions(faces[command], ['--config', written(text), ...words]);
  return Object.fromEntries(options.map(({ option, value, origin }) => [option, [value, origin]]));
};
const refused = (text: string, command: keyof ConfigFaces = 'edge') =>
  resolved(text, [], command).then(
    () => {
      throw new Error('it was taken');
    },
    ({ code, message, remedy }) => {
      expect(code).toBe('bad-argument');
      return `${String(message).replace(`${directory}/`, '')} / ${remedy}`;
    },
  );

it('prints the schema', async () => {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  await configCommand().parseAsync(['schema'], { from: 'user' });
  expect(write.mock.calls.map(([text]) => text)).toEqual([configSchemaText()]);
});

describe('a configuration file', () => {
  it('stands behind flag and environment, and before the default', async () => {
    vi.stubEnv('OUTRIDER_KEY', 'from-the-environment');
    const text = 'edge:\n  port: 1\n  sessions: 2\n  key: from-the-file\n  controller-key: "00"\n';
    const options = await resolved(text, ['--port', '7']);
    expect(options['port']).toEqual([7, 'flag']);
    expect(options['sessions']).toEqual([2, `${directory}/outrider.yaml:3`]);
    expect(options['key']).toEqual(['(hidden)', 'environment OUTRIDER_KEY']);
    expect(options['controller-key']).toEqual(['(hidden)', `${directory}/outrider.yaml:5`]);
    expect(options['context']).toEqual([2048, 'default']);
  });

  it('may be named by the environment, and its keys reach the command', async () => {
    vi.stubEnv('OUTRIDER_CONFIG', written('controller:\n  key: secret-of-a-test\n  plain: true\n'));
    let key: unknown;
    const command = commandOf(faces.controller, (flags) => {
      key = flags['key'];
    });
    await command.parseAsync([], { from: 'user' });
    expect((key as { reveal(): string }).reveal()).toBe('secret-of-a-test');
  });

  it('is not read by a command that another program has started', async () => {
    vi.stubEnv('OUTRIDER_CONFIG', join(directory, 'nowhere.yaml'));
    const started = (): Promise<unknown> => commandOf(faces.edge, () => {}).parseAsync([], { from: 'user' });
    await expect(started()).rejects.toMatchObject({ message: expect.stringContaining('there is no file') });
    vi.stubEnv(childVariable, '1');
    await started();
  });

  it('takes lists, switches, numbers and what a flag parses', async () => {
    const text = 'edge:\n  allow-host: [a.example, b.example]\n  fast: true\n  place: 1,-2\n  drain: 0.5\n';
    const options = await resolved(text);
    expect(options['allow-host']?.[0]).toEqual(['a.example', 'b.example']);
    expect([options['fast']?.[0], options['place']?.[0], options['drain']?.[0]]).toEqual([
      true,
      { xM: 1, yM: -2 },
      0.5,
    ]);
    const serve = await resolved('serve:\n  edge: wss://user:word@one.example\n', [], 'serve');
    expect(serve['edge']?.[0]).toEqual(['wss://one.example']);
    expect((await resolved('serve:\n  offline: true\n', [], 'serve'))['offline']?.[0]).toBe(true);
    expect((await resolved('serve:\n  offline: false\n', [], 'serve'))['offline']?.[0]).toBeNull();
    expect((await resolved('serve:\n  offline: wait\n', [], 'serve'))['offline']?.[0]).toBe('wait');
    expect((await resolved('', []))['port']).toEqual([8642, 'default']);
    expect((await resolved('edge:\nserve:\n  port: 1\n', []))['port']).toEqual([8642, 'default']);
  });

  it.each([
    ['edge:\n  prot: 1\n', 'outrider.yaml:2: "prot" is no option of "outrider edge" / did you mean "port"?'],
    ['egde:\n  port: 1\n', 'outrider.yaml:1: "egde" is no section / did you mean "edge"?'],
    ['edge:\n  json: true\n', /:2: "json" is no option/],
    ['edge:\n  port: 1e9\n', 'outrider.yaml:2: "port" is "1000000000" / give a number from 0 to 65535'],
    ['edge:\n  port: [1]\n', /:2: "port" takes one value, not a list/],
    ['edge:\n  port: {a: 1}\n', /:2: "port" has a value that no option takes/],
    ['edge:\n  fast: "yes"\n', 'outrider.yaml:2: "fast" is a switch / write true or false'],
    ['edge:\n  log-level: loud\n', /:2: "log-level" is "loud" .* error, warn, info, debug/],
    ['edge:\n  place: here\n', /:2: "place" is "here" /],
    ['edge:\n  name: 007\n', /:2: "name" takes a text .* quotes/],
    ['edge:\n  key: ""\n', /:2: "key" is empty/],
    ['edge:\n  host: a\n  host: b\n', /:3: not YAML: Map keys must be unique/],
    ['edge: [1]\n', /:1: "edge" holds no options/],
    ['- 1\n', /:1: no sections/],
    ['edge:\n  port: *nothing\n', /outrider.yaml:2: /],
  ])('is refused with %j, with line and remedy', async (text, why) => {
    const said = await refused(text);
    if (typeof why === 'string') expect(said).toBe(why);
    else expect(said).toMatch(why);
  });

  it('never shows the value of a secret', async () => {
    expect(await refused('edge:\n  key: [hunter2222]\n')).not.toContain('hunter2222');
  });

  it.skipIf(process.platform === 'win32')(
    'may be read by others only if it holds no key, and written by none',
    async () => {
      const withKey = 'edge:\n  key: secret-of-a-test\n';
      const path = written(withKey, 0o644);
      const words = ['--config', path];
      const open = {
        message: expect.stringContaining('read by everyone'),
        remedy: expect.stringContaining('chmod 600'),
      };
      await expect(resolveOptions(faces.edge, words)).rejects.toMatchObject(open);
      chmodSync(path, 0o640);
      await resolveOptions(faces.edge, words);
      written('edge:\n  port: 1\n', 0o644);
      await resolveOptions(faces.edge, words);
      written('edge:\n  port: 1\n', 0o662);
      const writable = { message: expect.stringContaining('written by others') };
      await expect(resolveOptions(faces.edge, words)).rejects.toMatchObject(writable);
    },
  );
});

describe('the schema', () => {
  it('is the one that is published: "outrider config schema > docs/config.schema.json"', () => {
    expect(readFileSync('docs/config.schema.json', 'utf8')).toBe(configSchemaText());
  });

  it('has a section for each command that takes a file, and no secret default', () => {
    const schema = JSON.parse(configSchemaText());
    expect(Object.keys(schema.properties)).toEqual([...configurableCommands]);
    expect(schema.properties.edge.properties.key).toMatchObject({ type: 'string', writeOnly: true });
  });
});
