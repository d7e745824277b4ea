// `outrider trace`: records what a draft says along a target's own texts, and shows what a recording holds.

import { statSync } from 'node:fs';
import { Command } from 'commander';
import { neutralSampling, validateSampling } from '../decoding/sampling.ts';
import { openModel } from '../engines/open-model.ts';
import { recordTrace } from '../experiments/traces/record.ts';
import { showTrace } from '../experiments/traces/statistics.ts';
import { modelLabel } from '../files/document.ts';
import { readPromptFiles } from '../files/prompt-files.ts';
import { findTraceFile, shippedTraceNames } from '../files/shipped-traces.ts';
import { demandNewTrace, readTrace } from '../files/trace-files.ts';
import { type OptionsOf, parseSeed } from '../laboratory/options.ts';
import { type ModelNames, namesOf, pairOption } from '../laboratory/pair-options.ts';
import { findModel } from '../model-files/manifest.ts';
import { createAcquireReport } from './acquire-report.ts';
import { createLawReport } from './law-report.ts';
import { commandOf } from './option-flags.ts';
import { printResult } from './result-output.ts';
import { createWorkProgress } from './work-progress.ts';

const manyPrompts = [1, 1_000_000] as const;
const options = {
  prompts: {
    flag: '--prompts <file...>',
    help: 'JSON lines: Spec-Bench, HumanEval, GSM8K, {"prompt"} or {"messages"}',
    texts: true,
    isRequired: true,
  },
  out: { flag: '--out <file>', help: 'the trace; FILE.partial while it grows', isRequired: true },
  pair: pairOption,
  target: { flag: '--target <model>', help: "instead of the pair's: a name, a path or toy:SEED" },
  draft: { flag: '--draft <model>', help: "instead of the pair's; also ngram" },
  tokens: { flag: '--tokens <count>', help: 'most tokens of an answer', whole: [1, 4096], default: 128 },
  temperature: { flag: '--temperature <number>', help: '0: the most likely token', number: [0, 10], default: 0 },
  seed: {
    flag: '--seed <number>',
    help: 'seed of the sampling noise, above temperature 0',
    parse: parseSeed,
    default: 0n,
    defaultLabel: '0',
  },
  limit: {
    flag: '--limit <count>',
    help: 'prompts of the first file, taken in turn from the categories',
    whole: manyPrompts,
  },
  otherLimit: { flag: '--other-limit <count>', help: 'the same for each other file', whole: manyPrompts },
  perCategory: {
    flag: '--per-category <count>',
    help: 'prompts of each category at most, the first ones',
    whole: manyPrompts,
  },
  answers: {
    flag: '--answers <trace>',
    help: 'take the answers from a trace of the same target, prompts and sampling: half the work',
  },
  wrongDepth: { flag: '--wrong-depth <count>', help: 'recorded tokens of a wrong chain', whole: [1, 256], default: 8 },
  context: {
    flag: '--context <tokens>',
    help: 'tokens that prompt and answer may have together',
    whole: [64, 131_072],
    default: 4096,
  },
  threads: { flag: '--threads <count>', help: 'threads of each model', whole: [1, 256], default: 1 },
  licence: { flag: '--licence <text>', help: 'of the models, for the header; default: as the manifest says' },
  json: { flag: '--json', help: 'print one JSON document' },
} as const;

function recordCommand(): Command {
  const description =
    "record what a draft says at every position of the target's own texts; continues where it was interrupted";
  return commandOf({ name: 'record', description, options }, runRecord);
}

async function runRecord(flags: OptionsOf<typeof options>): Promise<void> {
  demandNewTrace(flags.out);
  const file = readPromptFiles(flags.prompts, { first: flags.limit, others: flags.otherLimit });
  const names = namesOf(flags);
  const report = createAcquireReport();
  const law = createLawReport(names.target);
  const { context: contextLength, threads } = flags;
  const shape = { sequences: 1, contextLength, threads, exact: true, onProgress: report.onProgress };
  await using target = await openModel(names.target, {
    role: 'target',
    ...shape,
    onLawProgress: law.onLawProgress,
  });
  law.stop();
  const { tokenizer } = target;
  const sampling = { ...neutralSampling, temperature: flags.temperature, seed: flags.seed };
  validateSampling(sampling, tokenizer.vocabularySize);
  // Exact as well: positions are read many at a time, and must say what single steps would say.
  const draftLaw = createLawReport(names.draft);
  await using draft = await openModel(names.draft, {
    role: 'draft',
    tokenizer,
    ...shape,
    onLawProgress: draftLaw.onLawProgress,
  });
  draftLaw.stop();
  report.stop();
  const progress = createWorkProgress();
  const { tokens, wrongDepth, out, perCategory } = flags;
  const modelLicence = flags.licence ?? licenceOf(names);
  const settings = { sampling, tokens, wrongDepth, out, perCategory, modelLicence };
  const known = flags.answers === undefined ? undefined : readTrace(flags.answers);
  const { sessions, resumed, ...made } = await recordTrace(target, draft, file, {
    ...settings,
    known,
    onProgress: progress.update,
  });
  progress.stop();
  const fileKilobytes = statSync(out).size / 1000;
  const tokensPerSecond = made.seconds === 0 ? 0 : made.tokens / made.seconds;
  const summary = { sessions, resumed, tokens: made.tokens, seconds: made.seconds, tokensPerSecond, fileKilobytes };
  const named = { target: modelLabel(names.target), draft: modelLabel(names.draft) };
  const params = { ...named, tokens, temperature: flags.temperature, wrongDepth, contextLength, threads };
  printResult('trace record', { rows: [], summary, params, seed: Number(flags.seed) }, flags.json);
}

function licenceOf(names: ModelNames): string {
  const licences = [names.target, names.draft].map((name) => findModel(name)?.licence ?? 'unknown');
  return [...new Set(licences)].join(', ');
}

function showCommand(): Command {
  const description = 'show the sessions of a trace, the acceptance by task, and how hits and misses cluster';
  const showOptions = {
    by: {
      flag: '--by <what>',
      help: 'rows: by task, or by how many tokens agree where prompt lookup finds some',
      choices: ['task', 'match'],
      default: 'task',
    },
    json: { flag: '--json', help: 'print one JSON document' },
  } as const;
  return commandOf({ name: 'show', description, options: showOptions }, ({ by, json }, name = '') => {
    const path = findTraceFile(name);
    printResult('trace show', showTrace(readTrace(path), statSync(path).size, by), json);
  })
    .argument('<name|file>', 'a shipped trace, or a file')
    .addHelpText('after', () => `\nShipped traces: ${shippedTraceNames().join(', ')}`);
}

export function traceCommand(): Command {
  return new Command('trace')
    .description('acceptance traces: with one, sessions are replayed without a model')
    .addCommand(recordCommand())
    .addCommand(showCommand());
}
