// `outrider completion`, and what its scripts ask at each Tab: `outrider complete -- WORDS`. The scripts of the shells, and how they speak with
// a program, are those of @bomb.sh/tab; commands, options and choices are read from the program.

import { script } from '@bomb.sh/tab';
import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';
import { commandOf } from './options/option-flags.ts';

const options = {
  shell: {
    argument: '<shell>',
    help: 'the shell that will read it',
    choices: ['bash', 'zsh', 'fish'] as readonly ('bash' | 'zsh' | 'fish')[],
  },
} as const;

const notes = `Examples:
  source <(outrider completion bash)                                    in ~/.bashrc; needs the package bash-completion
  source <(outrider completion zsh)                                     in ~/.zshrc, after compinit
  outrider completion fish > ~/.config/fish/completions/outrider.fish

The shell asks the command named outrider. In a clone, define it first: outrider() { npm run --silent --prefix CLONE outrider -- "$@"; }`;

export function completionCommand(): Command {
  const description = 'print a script by which a shell completes commands, options and their values';
  return commandOf({ name: 'completion', description, options, notes }, ({ shell }) => {
    script(shell, 'outrider', 'outrider');
    // Files are completed by bash, where nothing else is.
    if (shell === 'bash') process.stdout.write('complete -o default -F __outrider_complete outrider\n');
  });
}

/** Prints what the last word may become. @param words as typed so far; the last one is empty after a space */
export function printCompletions(program: Command, words: readonly string[]): void {
  if (takesFile(program, words)) {
    // No proposals, and no order against those of files.
    process.stdout.write(':0\n');
    return;
  }
  const root = tab(program);
  // The adapter adds a command by which scripts ask.
  root.commands.delete('complete');
  root.parse([...words]);
}

const fileName = /file|path|directory/;

/** Whether the last word is the value of an option, or an argument, that names a file. */
function takesFile(program: Command, words: readonly string[]): boolean {
  let command = program;
  for (const word of words.slice(0, -1)) command = command.commands.find((inner) => inner.name() === word) ?? command;
  const option = command.options.find(({ long }) => long === words.at(-2));
  if (option !== undefined && (option.required || option.optional)) return fileName.test(option.flags);
  return words.at(-1)?.startsWith('-') !== true && command.registeredArguments.some((one) => fileName.test(one.name()));
}
