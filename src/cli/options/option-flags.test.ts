import { afterEach, describe, expect, it, vi } from 'vitest';
import { grouped } from '../../core/options/options.ts';
import { commandOf } from './option-flags.ts';

afterEach(() => vi.unstubAllEnvs());

const options = {
  draftLength: { flag: '--draft-length <count>', alias: '--window <count>', help: 'gamma', whole: [1, 9], default: 4 },
  key: { flag: '--key <key>', help: 'a key', env: 'OUTRIDER_TEST_KEY' },
  secret: { flag: '--secret', help: 'not shown', isHidden: true },
  name: { argument: '[name]', help: 'a name', default: 'nobody' },
} as const;

async function typed(...words: string[]): Promise<object> {
  let found = {};
  const command = commandOf({ name: 'any', description: '', options }, (given) => {
    found = given;
  });
  await command.exitOverride().parseAsync(words, { from: 'user' });
  return found;
}

describe('a command that is made of a table of options', () => {
  it('puts under a heading what is grouped, and nothing after it', () => {
    const table = { ...grouped('Logs:', { log: options.key }), draftLength: options.draftLength };
    const { options: flags } = commandOf({ name: 'any', description: '', options: table }, () => {});
    expect(flags.map(({ helpGroupHeading }) => helpGroupHeading)).toEqual(['Logs:', undefined, undefined]);
  });

  it('hands over options and arguments by their names in the table', async () => {
    expect(await typed()).toEqual({ draftLength: 4, key: undefined, secret: false, name: 'nobody' });
    expect(await typed('somebody', '--draft-length', '7', '--secret')).toMatchObject({
      draftLength: 7,
      secret: true,
      name: 'somebody',
    });
  });

  it('takes an older name of an option, with the same checks', async () => {
    expect(await typed('--window', '2')).toMatchObject({ draftLength: 2, name: 'nobody' });
    await expect(typed('--window', '99')).rejects.toThrow('Give a number from 1 to 9.');
  });

  it('takes one value of an option, not the last of two', async () => {
    await expect(typed('--draft-length', '2', '--draft-length', '3')).rejects.toThrow('is given twice');
    await expect(typed('--window', '2')).resolves.toMatchObject({ draftLength: 2 });
  });

  it('takes a value from the environment', async () => {
    vi.stubEnv('OUTRIDER_TEST_KEY', 'open sesame');
    expect(await typed()).toMatchObject({ key: 'open sesame' });
  });

  it('shows neither older names nor hidden options', () => {
    const help = commandOf({ name: 'any', description: '', options }, () => {}).helpInformation();
    expect(help).toContain('--draft-length <count>');
    expect(help).not.toMatch(/--window|--secret/);
  });

  it('shows the default of a value, and none of a switch', () => {
    const loud = { flag: '--loud', help: 'be loud' };
    const list = { flag: '--list <n...>', help: 'a list', texts: true, default: [] as string[] } as const;
    const open = { flag: '--open <n>', help: 'no default' };
    const table = { draftLength: options.draftLength, loud, list, open };
    const help = commandOf({ name: 'any', description: '', options: table }, () => {}).helpInformation();
    expect(help.match(/--[dlo].*/g)).toEqual([
      '--draft-length <count>  gamma (default: 4)',
      '--loud                  be loud',
      '--list <n...>           a list (default: none)',
      '--open <n>              no default',
    ]);
  });
});
