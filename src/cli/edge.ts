// `outrider edge`: serve a target model to devices.

import { createHash, timingSafeEqual } from 'node:crypto';
import { styleText } from 'node:util';
import { Command, Option } from 'commander';
import { CloseStack } from '../basics/close-stack.ts';
import { OutriderError } from '../basics/errors.ts';
import { defaultLookUpTokens, defaultMaxRows, type Edge, listenEdge, startEdge } from '../edge/edge.ts';
import { openModel } from '../engines/open-model.ts';
import { pacingPrefix } from '../experiments/edge-process.ts';
import { modelLabel, printDocument } from '../files/document.ts';
import { logSessions } from '../files/event-log-file.ts';
import { namesOf } from '../laboratory/pair-options.ts';
import { needsFile } from '../models/model-spec.ts';
import type { PacedModel } from '../models/paced.ts';
import { findProfile, latencyProfiles } from '../models/profiles.ts';
import { linearStepTime } from '../scheduling/step-time.ts';
import { machineClock } from '../transport/machine-clock.ts';
import type { Listener } from '../transport/transport.ts';
import { createAcquireReport } from './acquire-report.ts';
import { wholeBetween } from './flag-parsers.ts';
import { withInterrupt } from './interrupt.ts';
import { createLawReport } from './law-report.ts';
import { pairOption } from './pair-flags.ts';

interface EdgeFlags {
  readonly pair: string;
  readonly model: string;
  readonly host: string;
  readonly port: number;
  readonly sessions: number;
  readonly context: number;
  readonly maxRows?: number;
  readonly profile?: string;
  readonly fast?: boolean;
  readonly threads?: number;
  readonly draft?: string;
  readonly draftWindow: number;
  readonly draftProfile?: string;
  readonly lookUp: number;
  readonly key?: string;
  readonly allowAnyone?: boolean;
  readonly log?: string;
  readonly untilInputEnds?: boolean;
  readonly json?: boolean;
}

type TypedFlags = Omit<EdgeFlags, 'model'> & { readonly model?: string };

const examples = `
Examples:
  outrider edge                                 the default target on ws://127.0.0.1:8642
  outrider edge --model ./model.gguf --port 0   a file, on a free port
  outrider edge --pair qwen2.5-coder            the target of another pair
  outrider edge --profile edge-70b-a6000        paced: as if a 70B model ran on one RTX A6000

The address is printed to standard output when devices may connect. Ctrl-C ends it after the step in flight.`;

export function edgeCommand(): Command {
  return new Command('edge')
    .description('serve a target model to devices')
    .addOption(pairOption('the pair\'s target, from "outrider models list"'))
    .option('--model <name|path>', "target instead of the pair's: a name, a GGUF file, or toy:SEED")
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0 takes a free one', wholeBetween(0, 65535), 8642)
    .option('--sessions <count>', 'answers that can be written at the same time', wholeBetween(1, 1024), 8)
    .option('--context <tokens>', 'tokens that prompt and answer may have together', wholeBetween(64, 262144), 2048)
    .option(
      '--max-rows <count>',
      'tokens of all sessions in one step at most (default: 32, or what the profile allows)',
      wholeBetween(1, 1024),
    )
    .addOption(
      new Option('--profile <name>', 'hold each step to the time that other hardware takes ("paced")').choices(
        latencyProfiles.map(({ name }) => name),
      ),
    )
    .option(
      '--draft <name|path>',
      'draft model on the edge itself, for devices in modes edge-sd and mix (default: none)',
    )
    .option('--draft-window <count>', 'drafts of a window (gamma) of that draft', wholeBetween(1, 63), 4)
    .addOption(
      new Option('--draft-profile <name>', 'pace that draft as well').choices(latencyProfiles.map(({ name }) => name)),
    )
    .option(
      '--look-up <count>',
      'tokens at most that the edge looks up in the text for steps without drafts; only those that pay become rows',
      wholeBetween(0, 16),
      defaultLookUpTokens,
    )
    .option('--fast', 'all cores but one, no shape law; says how often choices differ')
    .option(
      '--threads <count>',
      'threads of the engine (default: 1; with --fast all cores but one)',
      wholeBetween(1, 1024),
    )
    .addOption(new Option('--key <key>', 'key that devices must show').env('OUTRIDER_KEY'))
    .option('--allow-anyone', 'listen beyond this machine without a key')
    .option('--log <directory>', 'write the events of each session there, for "outrider replay"')
    .addOption(new Option('--until-input-ends', 'end when standard input ends').hideHelp())
    .option('--json', 'print an account as one JSON document at the end')
    .addHelpText('after', examples)
    .action(runEdge);
}

async function runEdge(typed: TypedFlags): Promise<void> {
  // An own draft costs memory and time, so it is opened only if it is named.
  const flags: EdgeFlags = { ...typed, model: namesOf({ pair: typed.pair, target: typed.model }).target };
  checkExposure(flags);
  try {
    await withInterrupt((signal) => serve(flags, signal));
  } finally {
    // An open input would keep a process alive that has failed.
    if (flags.untilInputEnds === true) process.stdin.destroy();
  }
}

async function serve(flags: EdgeFlags, signal: AbortSignal): Promise<void> {
  const asked = askedToStop(signal, flags.untilInputEnds === true);
  await using models = await openModels(flags, signal);
  const { target, draft, profile } = models;
  await using edge = await startEdge({
    model: target,
    // A profile's cap is what the real target of the pair keeps up with on this machine; a toy has no such limit.
    maxRows: flags.maxRows ?? (needsFile(flags.model) ? profile?.rowCap : undefined) ?? defaultMaxRows,
    lookUpTokens: flags.lookUp,
    ...(draft === undefined ? {} : { draft: { model: draft, draftLength: flags.draftWindow } }),
    ...(profile === undefined ? {} : { stepTime: linearStepTime(profile.stepMs, profile.rowMs) }),
    ...(flags.key === undefined ? {} : { admits: keyCheck(flags.key) }),
    ...(flags.log === undefined ? {} : { onStep: logSessions(flags.log, target.tokenizer) }),
    onFault: (error) =>
      process.stderr.write(`${styleText('red', '✗')} ${error instanceof Error ? error.stack : error}\n`),
  });
  const listener = await listenEdge(edge, { host: flags.host, port: flags.port });
  note(target.identity.description);
  if (draft !== undefined) note(`own draft: ${draft.identity.description}`);
  const asksKey = flags.key === undefined ? 'no key is asked for' : 'a key is asked for';
  note(`${flags.sessions} sessions of ${flags.context} tokens; ${asksKey}`);
  const host = flags.host.includes(':') ? `[${flags.host}]` : flags.host;
  const output = flags.json === true ? process.stderr : process.stdout;
  output.write(`ws://${host}:${listener.port}\n`);
  const paced = 'pacing' in target ? (target as PacedModel) : undefined;
  if (flags.untilInputEnds === true) answerLines(paced);
  await asked;
  await end(listener, edge, flags, paced);
}

/** Who has started this process and holds its input may ask how the pacing goes: a line in, a line out. */
function answerLines(paced: PacedModel | undefined): void {
  process.stdin.on('data', () => process.stderr.write(`${pacingPrefix}${JSON.stringify(paced?.pacing ?? null)}\n`));
}

function askedToStop(signal: AbortSignal, untilInputEnds: boolean): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve());
    if (!untilInputEnds) return;
    process.stdin.once('close', () => resolve());
    process.stdin.resume();
  });
}

async function openModels(flags: EdgeFlags, signal: AbortSignal) {
  await using opened = new CloseStack();
  const report = createAcquireReport();
  const { sessions, context: contextLength, threads } = flags;
  const options = { sequences: sessions, contextLength, clock: machineClock, signal, onProgress: report.onProgress };
  const profile = flags.profile === undefined ? undefined : findProfile(flags.profile);
  const law = createLawReport(flags.model);
  const target = opened.use(
    await openModel(flags.model, {
      ...options,
      role: 'target',
      exact: flags.fast !== true,
      threads,
      profile: profile?.name,
      onLawProgress: law.onLawProgress,
    }),
  );
  law.stop();
  const shapes = { exact: false, threads: threads ?? 1 };
  const draft =
    flags.draft === undefined
      ? undefined
      : opened.use(await openModel(flags.draft, { ...options, ...shapes, role: 'draft', profile: flags.draftProfile }));
  report.stop();
  if (draft !== undefined && draft.tokenizer.hash !== target.tokenizer.hash) {
    const cause = `${draft.identity.name} has another tokenizer than ${target.identity.name}`;
    throw new OutriderError('tokenizer-mismatch', cause, 'take a draft made for that target (outrider models list)');
  }
  const kept = opened.move();
  return { target, draft, profile, [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose]() };
}

/** Compares digests of equal length, so that the time tells nothing about the key. */
function keyCheck(key: string): (credentials: string) => boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const expected = digest(key);
  return (credentials) => timingSafeEqual(digest(credentials), expected);
}

function note(text: string): void {
  process.stderr.write(`${styleText('dim', 'edge')} ${text}\n`);
}

async function end(listener: Listener, edge: Edge, flags: EdgeFlags, paced: PacedModel | undefined): Promise<void> {
  await edge.close();
  await listener.close();
  const { sessions: _sessions, connections: _connections, ...account } = edge.status;
  const pacing = paced?.pacing;
  const overrun =
    pacing === undefined || pacing.steps === 0 ? {} : { pacedOverrunShare: pacing.overranSteps / pacing.steps };
  if (flags.json !== true) return;
  const draft = flags.draft === undefined ? {} : { draft: modelLabel(flags.draft) };
  const params = { ...flags, model: modelLabel(flags.model), ...draft, key: undefined, log: undefined };
  printDocument('edge', { rows: [], summary: { ...account, ...overrun }, params });
}

function checkExposure({ host, key, allowAnyone }: EdgeFlags): void {
  const isLocal = host === 'localhost' || host === '::1' || /^127\./.test(host);
  if (isLocal || key !== undefined || allowAnyone === true) return;
  const cause = `${host} can be reached by others, and no key is asked for`;
  throw new OutriderError('bad-argument', cause, 'set --key or OUTRIDER_KEY, or say --allow-anyone');
}
