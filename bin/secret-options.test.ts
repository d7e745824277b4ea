// No command shows a key: every option with the name of one, of every command, is tried with a canary.

import { Command, type Option } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { commandOf } from '../src/cli/options/option-flags.ts';
import { buildDocument } from '../src/files/document.ts';
import { createCloneProgram } from './clone-program.ts';

/** Files that hold keys: their names are no secret, but paths are left out of documents as well. */
const files = ['--keys', '--tls-key', '--fleet-credentials', '--record-credentials'];
/** Words that name a secret, as a part of a flag. */
const secretWords = /key|secret|password|passphrase|passwd|credential|bearer|api-token|auth/i;
const canary = 'canary-0123456789';

function optionsOf(command: Command, path: readonly string[] = []): { name: string; option: Option }[] {
  const own = command.options.map((option) => ({ name: [...path, option.long].join(' '), option }));
  return [...own, ...command.commands.flatMap((inner) => optionsOf(inner, [...path, inner.name()]))];
}

const all = optionsOf(await createCloneProgram());
const secrets = all.filter(({ option }) => secretWords.test(option.flags) && !files.includes(option.long ?? ''));

/** What a document and an error message make of a value. */
function shownBy(value: unknown): string {
  const result = { rows: [], summary: {}, params: { a: { value }, list: [value] } };
  const document = buildDocument('any', result, new Date(0));
  return `${JSON.stringify(document)} ${value} ${JSON.stringify({ value })}`;
}

describe('a key', () => {
  it('is an option of these commands', () => {
    expect(all.length).toBeGreaterThan(100);
    const named = ['device --key', 'edge --key', 'doctor --key'];
    expect(secrets.map(({ name }) => name)).toEqual(expect.arrayContaining(named));
  });

  it.each(secrets.map(({ name, option }) => [name, option] as const))(
    'of %s is in nothing that is shown',
    (_, option) => {
      const value: unknown = option.parseArg?.(canary, undefined) ?? canary;
      expect(shownBy(value)).not.toContain(canary);
    },
  );

  it('would be found in an option that is not marked', () => {
    const options = { key: { flag: '--key <key>', help: 'a key' } } as const;
    const [found] = optionsOf(new Command().addCommand(commandOf({ name: 'x', description: '', options }, () => {})));
    const parse = found?.option.parseArg as ((text: string, before: unknown) => unknown) | undefined;
    expect(shownBy(parse?.(canary, undefined) ?? canary)).toContain(canary);
  });
});

describe('an empty key', () => {
  afterEach(() => vi.unstubAllEnvs());

  async function typed(command: string, ...words: string[]): Promise<void> {
    await (await createCloneProgram()).parseAsync([command, ...words], { from: 'user' });
  }

  it.each(['edge', 'device', 'doctor'])('of %s is refused, and the line says where it came from', async (command) => {
    const refused = (message: string) => ({ code: 'bad-argument', message });
    await expect(typed(command, '--key', '')).rejects.toMatchObject(refused('--key is empty'));
    vi.stubEnv('OUTRIDER_KEY', '');
    await expect(typed(command)).rejects.toMatchObject(refused('OUTRIDER_KEY is set but empty'));
  });
});

describe('an address with user and password', () => {
  it('is in a document without them', () => {
    const params = { edge: `ws://user:${canary}@127.0.0.1:1/`, list: [{ url: `https://${canary}@edge.example` }] };
    const { params: shown } = buildDocument('any', { rows: [], summary: {}, params }, new Date(0));
    expect(shown).toEqual({ edge: 'ws://127.0.0.1:1/', list: [{ url: 'https://edge.example' }] });
  });
});
