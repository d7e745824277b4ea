// `outrider draft check`: does this draft fit that target? Proven from the two files, before anything is started with them.

import { styleText } from 'node:util';
import type { Command } from 'commander';
import type { OptionsOf } from '../../core/options/options.ts';
import { printDocument } from '../../files/document.ts';
import { acquireModel } from '../../models/files/acquire.ts';
import { checkPair, type PairCheck, type TokenizerDifference } from '../../models/gguf/pair-check.ts';
import { commandOf } from '../options/option-flags.ts';
import { namesOf, pairOption } from '../options/pair-options.ts';
import { withAcquireReport } from './acquire-report.ts';

const options = {
  pair: pairOption,
  target: {
    flag: '--target <name|path>',
    alias: '--model <name|path>',
    help: "instead of the pair's: a model name or a GGUF file",
  },
  draft: { flag: '--draft <name|path>', help: "instead of the pair's: a model name or a GGUF file" },
  json: { flag: '--json', help: 'print one JSON document' },
} as const;

export function draftCheckCommand(): Command {
  const description = 'compare the tokenizers of a draft and a target; exit status 1 if the draft does not fit';
  return commandOf({ name: 'check', description, options }, runCheck);
}

async function runCheck({ json, ...flags }: OptionsOf<typeof options>): Promise<void> {
  const { target, draft } = namesOf(flags);
  const check = await withAcquireReport(async (acquiring) => {
    const { path } = await acquireModel(target, acquiring);
    return checkPair(path, (await acquireModel(draft, acquiring)).path);
  });
  if (json) {
    const { differences, ...found } = check;
    const first = differences[0] === undefined ? '' : describe(differences[0]);
    const summary = { ...found, firstDifference: first };
    printDocument('draft check', { rows: differences, summary, params: { target, draft } });
  } else process.stdout.write(`${explainCheck(target, draft, check).join('\n')}\n`);
  if (!check.fits) process.exitCode = 1;
}

/** In words, for people. */
export function explainCheck(target: string, draft: string, check: PairCheck): string[] {
  const { fits, vocabulary, targetTokens, draftTokens, differences, sameChatFormat } = check;
  if (!fits) {
    return [
      `${styleText('red', '✗')} ${draft} does not fit ${target}: an id would not mean the same on both sides.`,
      ...differences.map((difference) => `  ${describe(difference)}`),
      `  take a draft that was made for this target, or make one: outrider draft fit --target ${target}`,
    ];
  }
  const share =
    vocabulary === 'same' ? 'the same tokenizer' : `${draftTokens} of its ${targetTokens} tokens and a map to them`;
  const lines = [`${styleText('green', '✓')} ${draft} fits ${target}: ${share}.`];
  if (!sameChatFormat) {
    lines.push(
      '  Their chat formats differ. A device asks in the format of the draft, so answers may be worse than with the target alone.',
    );
  }
  return lines;
}

function describe({ field, index, target, draft }: TokenizerDifference): string {
  const what = index === null ? field : `${field}, number ${index}`;
  return `${what}: ${target} in the target, ${draft} in the draft`;
}
