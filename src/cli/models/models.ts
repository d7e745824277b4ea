// `outrider models`: which models can be had by name, which of them are here, and getting, checking, preparing and removing them.

import { existsSync } from 'node:fs';
import { styleText } from 'node:util';
import { Command } from 'commander';
import { describeLaw } from '../../core/decoding/shape-law.ts';
import type { OptionsOf } from '../../core/options/options.ts';
import { modelLabel, printDocument } from '../../files/document.ts';
import { openModel } from '../../models/engines/open-model.ts';
import { acquireModel } from '../../models/files/acquire.ts';
import { forgetLaws, listModels, removeModel, verifyModel } from '../../models/files/cache-inventory.ts';
import { findPair, isModelPath, requireModels } from '../../models/files/manifest.ts';
import type { ModelEntry } from '../../models/files/manifest-entry.ts';
import type { LanguageModel } from '../../models/port/model.ts';
import { commandOf } from '../options/option-flags.ts';
import { print } from '../terminal/note.ts';
import { formatBytes } from '../terminal/progress-bar.ts';
import { formatTable } from '../terminal/terminal-table.ts';
import { type Acquiring, createLawReport, withAcquireReport } from './acquire-report.ts';
import { prepareModels } from './model-room.ts';

const listOptions = { json: { flag: '--json', help: 'print one JSON document on standard output' } } as const;
const options = {
  name: { argument: '[name]', help: 'a model or a pair', default: 'default' },
  ...listOptions,
} as const;
const removeOptions = { ...options, name: { argument: '<name>', help: 'a model or a pair' } } as const;
const prepareOptions = {
  name: { argument: '[name|path]', help: 'a model, a pair, or a GGUF file', default: 'default' },
  again: { flag: '--again', help: 'forget the laws that were found for this model before' },
  ...listOptions,
} as const;

/** What every command but `list` takes. */
type Named = { readonly name: string; readonly json: boolean };

/** Prints the manifest with what the cache holds of it. */
async function runList({ json }: OptionsOf<typeof listOptions>): Promise<void> {
  const { models, pairs, cacheDirectory } = await listModels();
  const cachedCount = models.filter((model) => model.state !== 'absent').length;
  if (json) {
    const pairNames = pairs.map((pair) => `${pair.name}=${pair.target}+${pair.draft}`).join(' ');
    const summary = { modelCount: models.length, cachedCount, pairs: pairNames, cacheDirectory };
    return printDocument('models list', { rows: models, summary });
  }
  const rows = models.map((model) => ({ ...model, size: formatBytes(model.byteLength) }));
  print(formatTable(rows, ['name', 'size', 'licence', 'state', 'from']));
  print('');
  for (const pair of pairs) print(`pair ${styleText('bold', pair.name)}: target ${pair.target}, draft ${pair.draft}`);
  print(`files are in ${cacheDirectory}`);
}

/** Gets a model, or both of a pair. */
async function runPull({ name, json }: Named): Promise<void> {
  const startMs = performance.now();
  const rows = await eachModel(name, async (entry, options) => {
    const { path, sha256 } = await acquireModel(entry.name, options);
    return { name: entry.name, byteLength: entry.byteLength, sha256, path };
  });
  const seconds = Math.round((performance.now() - startMs) / 100) / 10;
  const byteLength = rows.reduce((sum, row) => sum + row.byteLength, 0);
  const summary = { modelCount: rows.length, byteLength, seconds };
  if (json) return printDocument('models pull', { rows, summary, params: { name } });
  for (const row of rows) print(`${row.name}  ${formatBytes(row.byteLength)}  ${row.path}`);
}

/** Takes the hash of a cached model, or of both of a pair. */
async function runVerify({ name, json }: Named): Promise<void> {
  const rows = await eachModel(name, async (entry, options) => ({
    name: entry.name,
    ...(await verifyModel(entry.name, options)),
  }));
  if (json) return printDocument('models verify', { rows, summary: { verifiedCount: rows.length }, params: { name } });
  for (const row of rows) print(`${row.name}  ${styleText('green', 'verified')}  ${row.sha256}`);
}

/** Works on a model, or on both of a pair, one after the other. */
async function eachModel<Row>(
  name: string,
  work: (entry: ModelEntry, options: Acquiring) => Promise<Row>,
): Promise<Row[]> {
  const entries = requireModels(name);
  return withAcquireReport(async (options) => {
    const rows: Row[] = [];
    for (const entry of entries) rows.push(await work(entry, options));
    return rows;
  });
}

/** Removes a model from the cache, or both of a pair. */
async function runRemove({ name, json }: Named): Promise<void> {
  const rows = await eachModel(name, async (entry) => ({ name: entry.name, ...(await removeModel(entry.name)) }));
  if (json) {
    const freedBytes = rows.reduce((sum, row) => sum + row.freedBytes, 0);
    return printDocument('models remove', { rows, summary: { freedBytes }, params: { name } });
  }
  for (const row of rows) {
    print(
      row.freedBytes === 0 ? `${row.name} was not there` : `${row.name} removed, ${formatBytes(row.freedBytes)} free`,
    );
  }
}

/** As `outrider edge` opens it; for `outrider run`, which takes fewer sessions, the same law is then only confirmed. */
export const preparedSize = { sequences: 8, contextLength: 2048 } as const;

export interface PrepareFlags {
  /** A model, a pair (then its target) or the path of a GGUF file. */
  readonly name: string;
  readonly json?: boolean;
  /** Forget what was found for the model before. */
  readonly again?: boolean;
}

/**
 * Finds how calls of a target must be shaped on this machine, and notes it, so that the first answer need not wait for it.
 * @throws OutriderError `exact-refused`, and what opening throws
 */
export async function runPrepare({ name, json, again }: PrepareFlags): Promise<void> {
  const spec = targetOf(name);
  const shown = modelLabel(spec);
  await prepareModels([{ spec, ...preparedSize }], 'close other programs, or take a smaller model');
  if (again === true) await forgetLaws((await acquireModel(spec)).sha256);
  const report = createLawReport(spec);
  const startMs = performance.now();
  let found: ReturnType<typeof whatHolds>;
  try {
    const { onLawProgress } = report;
    await using model = await openModel(spec, { role: 'target', ...preparedSize, exact: true, onLawProgress });
    found = whatHolds(model);
  } finally {
    report.stop();
  }
  const seconds = Math.round((performance.now() - startMs) / 100) / 10;
  if (json === true) {
    const row = { name: shown, ...found };
    const params = { name: modelLabel(name), again: again === true };
    return printDocument('models prepare', { rows: [row], summary: { ...row, seconds }, params });
  }
  print(`${shown}  ${found.law}${found.weights === 'plain' ? ', weights not repacked' : ''}`);
}

/** @throws OutriderError `model-unknown` */
function targetOf(name: string): string {
  if (isModelPath(name) && existsSync(name)) return name;
  requireModels(name);
  return findPair(name)?.target ?? name;
}

function whatHolds({ limits, exactness }: LanguageModel) {
  return { law: describeLaw(limits.law), weights: exactness?.weights ?? null };
}

/** The command tree of `outrider models`. */
export function modelsCommand(): Command {
  const list = 'list the models that have a name, and what the cache holds';
  const pull = 'get a model or a pair; continues an attempt that was interrupted';
  const verify = 'check the SHA-256 of a cached file; deletes a wrong one';
  const prepare = 'find the shape law of a target on this machine before it is opened';
  const remove = 'delete a model or a pair from the cache, unfinished downloads included';
  return new Command('models')
    .description('list, get, verify, prepare and remove model files')
    .addCommand(commandOf({ name: 'list', description: list, options: listOptions }, runList), { isDefault: true })
    .addCommand(commandOf({ name: 'pull', description: pull, options }, runPull))
    .addCommand(commandOf({ name: 'verify', description: verify, options }, runVerify))
    .addCommand(commandOf({ name: 'prepare', description: prepare, options: prepareOptions }, runPrepare))
    .addCommand(commandOf({ name: 'remove', description: remove, options: removeOptions }, runRemove));
}
