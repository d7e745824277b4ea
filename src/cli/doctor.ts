// `outrider doctor`: is everything there, does the network allow it, and which mode would be quickest here and why. Exit status 1
// when a check fails.

import { Command, Option } from 'commander';
import colors from 'picocolors';
import { OutriderError } from '../basics/errors.ts';
import { startTurn } from '../device/turn.ts';
import { ModelDrafter } from '../models/drafter.ts';
import { defaultPair } from '../models/manifest-data.ts';
import type { LanguageModel } from '../models/model.ts';
import { openModel } from '../models/open-model.ts';
import { defaultEdgeProfile } from '../models/profiles.ts';
import type { PacingName } from '../protocol/pacing.ts';
import { connectWebSocket } from '../transport/websocket.ts';
import {
  type Check,
  checkCores,
  checkEngine,
  checkMemory,
  checkModelFile,
  checkNode,
  checkPort,
  checkShapesHere,
  checkTokenizers,
  isToy,
  measureLoopback,
  probeEdge,
  runCheck,
} from './doctor-checks.ts';
import { type Measured, measurePace, type Pace, paceHere, pacePaced } from './doctor-pace.ts';
import { printDocument, type Result } from './document.ts';
import { wholeBetween } from './numbers.ts';
import { formatTable } from './terminal-table.ts';

interface DoctorFlags {
  readonly model: string;
  readonly draft: string;
  readonly edge?: string;
  readonly key?: string;
  readonly port: number;
  readonly json?: boolean;
}

export interface DoctorOptions {
  /** Names, paths or toys, as everywhere. */
  readonly model: string;
  readonly draft: string;
  /** Address of an edge to try. */
  readonly edge?: string | undefined;
  readonly key?: string | undefined;
  /** The port that an edge here would listen on. */
  readonly port: number;
  readonly onCheck?: (check: Check) => void;
}

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('is everything there, does the network allow it, which mode would be quickest here')
    .option('--model <name|path>', 'target', defaultPair.target)
    .option('--draft <name|path>', 'draft', defaultPair.draft)
    .option('--edge <address>', 'also try this edge: it is asked for two short answers')
    .addOption(new Option('--key <key>', 'key for the edge').env('OUTRIDER_KEY'))
    .option('--port <number>', 'port that an edge here would use', wholeBetween(0, 65535), 8642)
    .option('--json', 'print one JSON document')
    .action(async (flags: DoctorFlags) => {
      const isQuiet = flags.json === true;
      const { paces, ...result } = await examine({ ...flags, onCheck: isQuiet ? () => {} : printCheck });
      if (isQuiet) printDocument('doctor', { ...result, params: { ...flags, key: undefined } });
      else printPaces(paces, result);
      if (result.summary['ok'] !== true) process.exitCode = 1;
    });
}

/** The network that `outrider run` emulates unless told otherwise. */
const emulatedRoundTripMs = 20;

interface Examination extends Result {
  readonly rows: readonly Check[];
  readonly paces: readonly (Pace & { readonly where: string; readonly key: string })[];
}

/** Runs all checks, then measures and predicts if both models could be opened. */
export async function examine(options: DoctorOptions): Promise<Examination> {
  const rows: Check[] = [];
  const note = async (name: string, work: () => Promise<string> | string): Promise<void> => {
    const check = await runCheck(name, work);
    rows.push(check);
    options.onCheck?.(check);
  };
  const { model, draft, port } = options;
  await note('node', () => checkNode());
  if (!isToy(model) || !isToy(draft)) await note('engine', checkEngine);
  await note('target file', () => checkModelFile(model));
  await note('draft file', () => checkModelFile(draft));
  await note('memory', () => checkMemory([model, draft]));
  await note('cores', () => checkCores());
  await note('port', () => checkPort(port));
  let roundTripMs = Number.NaN;
  await note('loopback', async () => {
    roundTripMs = await measureLoopback();
    return `a frame goes and comes back in ${roundTripMs.toFixed(2)} ms`;
  });
  const models: Opened = { target: null, draft: null };
  const found: Found = { measured: null, edge: {} };
  try {
    await note('models', () => openBoth(models, options, rows));
    await note('tokenizers', () => withModels(models, checkTokenizers));
    await note('exact shapes', () => withModels(models, (target) => checkShapesHere(target)));
    await note('acceptance', () => withModels(models, (...both) => measure(found, ...both)));
    const { edge } = options;
    if (edge !== undefined) await note('edge', () => tryEdge(edge, options.key, models, found));
  } finally {
    await models.target?.close();
    await models.draft?.close();
  }
  return { rows, ...conclude(rows, found, roundTripMs) };
}

interface Opened {
  target: LanguageModel | null;
  draft: LanguageModel | null;
}

interface Found {
  measured: Measured | null;
  /** What a real edge took, for the summary. */
  edge: Record<string, number>;
}

async function openBoth(models: Opened, { model, draft }: DoctorOptions, checks: readonly Check[]): Promise<string> {
  // Opening would download what is missing.
  const missing = checks.find(({ check, ok }) => !ok && (check === 'engine' || check.endsWith(' file')));
  if (missing !== undefined) throw notTried(`${missing.check} failed`);
  const shape = { sequences: 2, contextLength: 1024, exact: true };
  models.target = await openModel(model, { role: 'target', ...shape });
  models.draft = await openModel(draft, { role: 'draft', ...shape });
  return `${models.target.identity.description}; draft ${models.draft.identity.name}`;
}

function notTried(why: string): OutriderError {
  return new OutriderError('bad-argument', `not tried: ${why}`, 'mend the check above first');
}

function withModels<Value>(models: Opened, work: (target: LanguageModel, draft: LanguageModel) => Value): Value {
  if (models.target === null || models.draft === null) throw notTried('the models could not be opened');
  return work(models.target, models.draft);
}

async function measure(found: Found, target: LanguageModel, draft: LanguageModel): Promise<string> {
  checkTokenizers(target, draft);
  found.measured = await measurePace(target, draft);
  const { acceptance, comparedTokens, draftMs, stepMs } = found.measured;
  const steps = `steps of 1, 2, 4, 8 rows ${[stepMs[1], stepMs[2], stepMs[4], stepMs[8]].map((ms) => ms.toFixed(1)).join(', ')} ms`;
  const share = `${Math.round(acceptance * 100)} % of ${comparedTokens} drafts hold`;
  return `${share}; a draft ${draftMs.toFixed(1)} ms, ${steps}`;
}

async function tryEdge(url: string, key: string | undefined, models: Opened, found: Found): Promise<string> {
  const { hello, roundTripMs } = await probeEdge(url);
  found.edge = { edgeRoundTripMs: roundTripMs };
  const greeting = `${hello.model}, ${roundTripMs.toFixed(1)} ms away`;
  const draft = models.draft;
  if (draft === null) return greeting;
  if (draft.tokenizer.hash !== hello.tokenizerHash) {
    const cause = `${greeting}, has another tokenizer than the draft`;
    throw new OutriderError('tokenizer-mismatch', cause, 'use a draft made for that model (--draft)');
  }
  await using drafter = new ModelDrafter(draft);
  const ask = async (pacing: PacingName): Promise<number> => {
    const turn = startTurn({
      connect: connectWebSocket(url),
      tokenizer: draft.tokenizer,
      drafter: pacing === 'ar' ? null : drafter,
      pacing,
      prompt: draft.tokenizer.encodeChat([{ role: 'user', content: 'Why is the sky blue?' }]),
      maxAnswerTokens: 32,
      giveUpAfterMs: 5000,
      ...(key === undefined ? {} : { credentials: key }),
    });
    for await (const _ of turn) void 0;
    return (await turn.report).msPerToken ?? Number.NaN;
  };
  const [ar, stream] = [await ask('ar'), await ask('stream')];
  found.edge = { ...found.edge, edgeArMsPerToken: ar, edgeStreamMsPerToken: stream };
  return `${greeting}; a token takes ${ar.toFixed(1)} ms from the edge alone, ${stream.toFixed(1)} ms with drafts (both measured)`;
}

function conclude(rows: readonly Check[], found: Found, loopbackMs: number): Omit<Examination, 'rows'> {
  const failed = rows.filter(({ ok }) => !ok).length;
  const { measured, edge } = found;
  const paces = measured === null || Number.isNaN(loopbackMs) ? [] : predictAll(measured, loopbackMs);
  const summary: Record<string, string | number | boolean> = { ok: failed === 0, failed, loopbackMs, ...edge };
  if (measured !== null) {
    summary['draftMs'] = measured.draftMs;
    for (const [count, ms] of Object.entries(measured.stepMs)) summary[`stepMs${count}`] = ms;
    summary['acceptance'] = measured.acceptance;
  }
  for (const { key, predictions, quickest, why } of paces) {
    for (const { mode, msPerToken } of predictions) summary[`${key}_${mode}_msPerToken`] = msPerToken;
    summary[`${key}_quickest`] = quickest.mode;
    summary[`${key}_why`] = why;
  }
  return { summary, paces };
}

function predictAll(measured: Measured, loopbackMs: number): Examination['paces'] {
  const profile = defaultEdgeProfile;
  const paced = `paced to ${profile.description}, ${emulatedRoundTripMs} ms away`;
  return [
    { key: 'here', where: 'both processes on this machine, unpaced', ...paceHere(measured, loopbackMs) },
    { key: 'paced', where: paced, ...pacePaced(measured, emulatedRoundTripMs, profile) },
  ];
}

function printCheck({ check, ok, cause, remedy }: Check): void {
  const mark = ok ? colors.green('✓') : colors.red('✗');
  process.stdout.write(`${mark} ${check.padEnd(13)} ${cause}${remedy === '' ? '' : `\n  ${remedy}`}\n`);
}

function printPaces(paces: Examination['paces'], { summary }: Result): void {
  for (const { where, predictions, quickest, why } of paces) {
    const rows = predictions.map(({ mode, msPerToken, drafts }) => ({
      mode,
      'ms per token': msPerToken.toFixed(1),
      drafts,
    }));
    process.stdout.write(`\npredicted for ${where}:\n${formatTable(rows, ['mode', 'ms per token', 'drafts'])}\n`);
    process.stdout.write(`${colors.bold(quickest.mode)} would be quickest: ${why}\n`);
  }
  const failed = Number(summary['failed']);
  const verdict =
    failed === 0
      ? colors.green('everything is there')
      : colors.red(failed === 1 ? '1 check failed' : `${failed} checks failed`);
  process.stdout.write(`\n${verdict}\n`);
}
