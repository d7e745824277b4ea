import { execFileSync } from 'node:child_process';
import { Command } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { productCommands } from './commands.ts';
import { completionCommand, printCompletions } from './completion.ts';
import { createProgram } from './program.ts';

afterEach(() => vi.restoreAllMocks());

/** What is printed on standard output by either way. */
async function printedBy(action: () => unknown): Promise<string> {
  const parts: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((part) => parts.push(String(part)) > 0);
  vi.spyOn(console, 'log').mockImplementation((line) => parts.push(`${line}\n`));
  await action();
  vi.restoreAllMocks();
  return parts.join('');
}

describe('what a shell asks', () => {
  const noFiles = ':4';
  it.each([
    [['ser'], ['serve'], noFiles],
    [['complet'], ['completion'], noFiles],
    [['keys', 'r'], ['revoke', 'rotate'], noFiles],
    [['edge', 'drain', '--und'], ['--undo'], noFiles],
    [['serve', '--mode', 'e'], ['edge-sd'], noFiles],
    [['serve', '--port', ''], [], noFiles],
    [['completion', ''], ['bash', 'zsh', 'fish'], noFiles],
    [['edge', '--model', './m'], [], ':0'],
    [['edge', '--keys', ''], [], ':0'],
    [['models', 'prepare', ''], [], ':0'],
    [['models', 'prepare', '--hel'], ['--help'], noFiles],
  ])('%j is answered with %j', async (words, values, directive) => {
    const text = await printedBy(async () => printCompletions(await createProgram([productCommands], words), words));
    const lines = text.trimEnd().split('\n');
    expect(lines.pop()).toBe(directive);
    expect(lines.map((line) => line.split('\t')[0])).toEqual(values);
  });
});

describe('the script', () => {
  const scriptOf = (shell: string): Promise<string> =>
    printedBy(() => new Command().addCommand(completionCommand()).parseAsync(['completion', shell], { from: 'user' }));

  it.each(['bash', 'zsh', 'fish'])('of %s asks the program', async (shell) => {
    expect(await scriptOf(shell)).toContain('outrider complete -- ');
  });

  it('of bash proposes what the program says, and files where it says so', async () => {
    const words = `
      _get_comp_words_by_ref() { words=(outrider edge --m); cur=--m; }
      outrider() { [ "$*" = 'complete -- edge --m' ] && printf -- '--model\\ttarget\\n--max-rows\\tmost\\n:4\\n'; }
      compopt() { :; }
      __outrider_complete; echo "\${COMPREPLY[@]}"; complete -p outrider`;
    const printed = execFileSync('bash', ['--norc', '-c', `${await scriptOf('bash')}\n${words}`], { encoding: 'utf8' });
    expect(printed).toBe('--model --max-rows\ncomplete -o default -F __outrider_complete outrider\n');
  });
});
