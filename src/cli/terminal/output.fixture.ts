import type { Command } from 'commander';
import { vi } from 'vitest';

/** Keeps what is written to a stream from now on, until `vi.restoreAllMocks()`. @returns the text so far */
export function writtenTo(stream: NodeJS.WriteStream): () => string {
  let text = '';
  vi.spyOn(stream, 'write').mockImplementation((part) => {
    text += String(part);
    return true;
  });
  return () => text;
}

/** Runs a command in this process. @returns what it prints, and the exit status that it leaves */
export async function printedBy(
  command: Command,
  words: readonly string[],
): Promise<{ text: string; status: unknown }> {
  const text = writtenTo(process.stdout);
  const before = process.exitCode;
  process.exitCode = undefined;
  try {
    await command.exitOverride().parseAsync(words, { from: 'user' });
    return { text: text(), status: process.exitCode };
  } finally {
    process.exitCode = before;
    vi.restoreAllMocks();
  }
}
