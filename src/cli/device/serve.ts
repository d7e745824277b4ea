// `outrider serve`: an endpoint for applications on this machine. It drafts here and lets an edge verify.

import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { badArgument, type OutriderError } from '../../core/basics/errors.ts';
import { grouped, type OptionsOf, type OptionTable } from '../../core/options/options.ts';
import { defaultLoadedWithinMs } from '../../core/protocol/device/edge-choice.ts';
import { defaultRate, keyRateOf } from '../../core/protocol/edge/edge-connections.ts';
import { type ModeName, modeNames } from '../../core/protocol/wire/mode.ts';
import { SenderRates } from '../../core/protocol/wire/rate-book.ts';
import { packageVersion } from '../../files/document.ts';
import { isTypedKey } from '../../files/key-ring.ts';
import { readPageFiles } from '../../files/page-files.ts';
import { createGrammarEngine } from '../../models/engines/xgrammar.ts';
import { defaultEdgeProfile } from '../../models/port/profiles.ts';
import { machineClock } from '../../network/transport/machine-clock.ts';
import { createAddressGuard } from '../../network/transport-node/upgrade-guard.ts';
import { createHttpApp, type HttpApp } from '../../processes/http/app.ts';
import type { Completer } from '../../processes/http/completion-port.ts';
import { createDeviceCompleter } from '../../processes/http/device-completer.ts';
import { createLateCompleter } from '../../processes/http/late-completer.ts';
import { listenHttp } from '../../processes/http/listen-http.ts';
import type { EndpointFacts } from '../../processes/http/outrider-headers.ts';
import { withOwnKey } from '../../processes/http/own-key.ts';
import { createPromptOwners } from '../../processes/http/prompt-owners.ts';
import { RequestIntake } from '../../processes/http/request-intake.ts';
import { createEndpointMetrics } from '../../processes/metrics/endpoint-metrics.ts';
import { type EdgeProcess, startEdgeProcess } from '../children/edge-process.ts';
import { drainOption, type EdgeLog, logOptions, openLog } from '../edge/edge-log.ts';
import { logRequests } from '../edge/request-log.ts';
import { prepareModels } from '../models/model-room.ts';
import { looksUpOnDevice } from '../options/look-up-place.ts';
import { metricsOption, openMetricsPort } from '../options/metrics-port.ts';
import { type CommandFace, commandOf } from '../options/option-flags.ts';
import { namesOf } from '../options/pair-options.ts';
import { askedToStop, withInterrupt } from '../terminal/interrupt.ts';
import { note } from '../terminal/note.ts';
import { foreignLine } from '../terminal/terminal-text.ts';
import { hideWaiting, showWaiting, writeAboveWaiting } from '../terminal/waiting-line.ts';
import { answerOptions } from './answer-flags.ts';
import { type EdgeFound, edgeLines, keepMeasuredOrder, measuredOrder, probeLoaded } from './edge-order.ts';
import {
  edgeWaitMs,
  type OfflineChoice,
  type OfflinePolicy,
  offlineNote,
  offlineOpenings,
  offlinePolicy,
  openOfflineWriter,
} from './offline-model.ts';
import {
  type CommandDevice,
  edgeAddresses,
  edgeKeyOption,
  fingerprintsOption,
  openCommandDevice,
} from './open-device.ts';
import { edgeFlagsOf, emulatedRoundTripMs, networkText, openingsOf, paceText } from './run-plan.ts';

const host = '127.0.0.1';
const defaultEdge = 'ws://127.0.0.1:8642';

const options = {
  edge: {
    flag: '--edge <address>',
    help: `address of the edge; given several times: edges in the order of preference (default: ${defaultEdge})`,
    texts: true,
  },
  prefer: {
    flag: '--prefer <order>',
    help: 'order of several edges: as they are given, or measured, the one first whose round trip and step are shortest, again every 30 s',
    choices: ['given', 'measured'] as readonly ('given' | 'measured')[],
    default: 'given',
  },
  offline: {
    flag: '--offline [model]',
    help: 'while no edge answers, let this model of this machine answer alone (without a value: the draft); such answers say that nobody verified them, and an edge that is back verifies them where it still can. Or: wait, refuse (default: refuse)',
    type: undefined as OfflineChoice,
  },
  wait: {
    flag: '--wait <seconds>',
    help: 'how long an answer waits for an edge, at its beginning and after a loss, before what --offline says (default: not at its beginning; 120 s for one that still loads its model)',
    number: [0, 86_400],
  },
  demo: {
    flag: '--demo',
    help: 'start an edge on this machine as well, paced to a large model on one GPU, over an emulated network',
  },
  port: { flag: '--port <number>', help: 'port to listen on; 0: any free one', whole: [0, 65_535], default: 8643 },
  ...grouped('Access:', {
    edgeFingerprint: fingerprintsOption,
    key: edgeKeyOption,
    clientKey: {
      flag: '--client-key <key>',
      help: 'key that applications must show (default: whatever they show is taken)',
      env: 'OUTRIDER_CLIENT_KEY',
      isSecret: true,
    },
    allowOrigin: {
      flag: '--allow-origin <origin...>',
      help: 'origins of pages that may ask, as https://page.example, beside those of this machine (http://localhost:3000)',
      texts: true,
    },
    allowHost: {
      flag: '--allow-host <name...>',
      help: 'names of this machine in the addresses of applications, beside localhost and IP addresses',
      texts: true,
    },
  }),
  metricsPort: metricsOption as typeof metricsOption,
  pair: answerOptions.pair,
  target: {
    flag: '--target <name|path>',
    alias: '--model <name|path>',
    help: "model of the edge: its name for applications, and the tokenizer where the draft has none; instead of the pair's",
  },
  draft: answerOptions.draft,
  mode: {
    ...answerOptions.mode,
    help: 'decoding mode of every answer; auto: device and edge each draft while their own drafts save time',
    choices: [...modeNames, 'auto'] as readonly (ModeName | 'auto')[],
    default: 'auto',
  },
  hedges: answerOptions.hedges,
  lookUp: answerOptions.lookUp,
  gpu: answerOptions.gpu,
  rtt: {
    ...answerOptions.rtt,
    help: `${answerOptions.rtt.help} (default: 0; with --demo ${emulatedRoundTripMs})`,
    default: undefined as number | undefined,
  },
  link: answerOptions.link,
  ...grouped('Logs and stopping:', { drain: drainOption, ...logOptions }),
} as const;

const notes = `Examples:
  outrider serve --demo                                  everything on this machine; prints a request that works
  OUTRIDER_KEY=... outrider serve --edge wss://box.example:8642
  outrider serve --edge wss://near.example:8642 --edge wss://far.example:8642

It listens on ${host} only. Applications take the printed address as base URL of OpenAI's API: docs/use/http.md has routes and fields.`;

type ServeFlags = OptionsOf<typeof options> & {
  readonly draft: string;
  readonly target: string;
  readonly rtt: number;
};

const face: CommandFace<typeof options> = {
  name: 'serve',
  options,
  notes,
  isConfigurable: true,
  description: 'an OpenAI-compatible endpoint on this machine: drafts here, an edge verifies',
};
/** The command as data. */
export const serveFace: CommandFace<OptionTable> = face;

type OnServing = (app: HttpApp) => void;

/** @param onServing called once, when clients may ask, for a program that runs the command in its own process */
export function serveCommand(onServing: OnServing = () => {}): Command {
  return commandOf(face, async (typed) => {
    const rtt = typed.rtt ?? (typed.demo ? emulatedRoundTripMs : 0);
    const flags = { ...typed, ...namesOf(typed), rtt };
    await withInterrupt((signal) => serve(flags, onServing, signal));
  });
}

async function serve(flags: ServeFlags, onServing: OnServing, signal: AbortSignal): Promise<void> {
  const policy = offlinePolicy(flags.offline, flags.draft);
  if (flags.demo && flags.edge !== undefined)
    throw badArgument('--demo starts an edge of its own', 'leave out --demo, or --edge');
  const { allowOrigin: allowOrigins, allowHost: allowHosts } = flags;
  const guard = createAddressGuard({ host, allowOrigins, allowHosts, allowLocalPages: true });
  await using log = await openLog(flags);
  const completer = createLateCompleter(flags.target, Math.floor(Date.now() / 1000));
  // Before the models are loaded: /health reports `loading`, and a port that is taken ends the command at once.
  const { app, metrics } = createEndpoint(flags, completer, log, (headers) => {
    return guard({ headers: Object.fromEntries(headers) })?.cause ?? null;
  });
  await using listener = await listenHttp(app, host, flags.port);
  await using _metrics = await openMetricsPort(flags.metricsPort, metrics, note);
  showWaiting('starting ...');
  const edge = flags.demo ? await startDemoEdge(flags, policy) : null;
  const lost = new Promise<never>((_, reject) => {
    if (edge !== null)
      void edge.lost.then((error) => (policy.kind === 'refuse' ? reject(error) : note(lostDemo(edge, flags, error))));
  });
  try {
    const addresses =
      edge === null ? edgeAddresses(flags.edge ?? [defaultEdge], flags.edgeFingerprint) : [{ edge: edge.url }];
    await using device = await openCommandDevice(addresses, flags.target, flags);
    await using writer = await openOfflineWriter(policy, device, flags.gpu);
    await using grammars = createGrammarEngine(device.tokenizer);
    const waitMs = edgeWaitMs(policy, flags.wait);
    const { target: model, key, mode } = flags;
    const local = writer ?? undefined;
    // Without a key for the edge it is shown none: a key of the application is for this endpoint.
    const credentials = key?.reveal() ?? '';
    const answering = { device, model, grammars, local, waitMs, nowMs, credentials, mode };
    const parts = { ...answering, ownerOf: createPromptOwners(), onOutage: noteOutage, onLoading: noteLoading() };
    const withinMs = local === undefined ? (waitMs ?? defaultLoadedWithinMs) : 0;
    const found = await probeLoaded(device.edges, { withinMs, signal, waits: showWaiting });
    completer.open(withOwnKey(createDeviceCompleter(parts)));
    // Asks the edges: GET /v1/models has the answer.
    void completer.contextTokens;
    using _order = keepOrder(device, found, flags);
    for (const line of emulatedTexts(flags)) note(line);
    note(offlineNote(policy, waitMs));
    hideWaiting();
    printAddress(flags, listener.port);
    onServing(app);
    await Promise.race([askedToStop(signal), lost]);
    completer.drain();
    const drainSeconds = signal.aborted ? flags.drain : 0;
    log.note('info', `going down: no new request, running answers may end within ${drainSeconds} s`);
    await Promise.race([listener.settle(1000 * drainSeconds), lost]);
    // Its answers need the device until here.
    await listener.close();
  } finally {
    await edge?.close();
  }
}

const { nowMs } = machineClock;

function createEndpoint(
  flags: ServeFlags,
  completer: Completer,
  log: Pick<EdgeLog, 'line' | 'note'>,
  refuses: (headers: Headers) => string | null,
): { readonly app: HttpApp; readonly metrics: () => Promise<string> } {
  const { target, clientKey } = flags;
  const version = packageVersion();
  const metrics = createEndpointMetrics({ model: target, version }, () => completer.state);
  const logged = logRequests(log, nowMs);
  // A key may send here what it may send to an edge with few places.
  const rates = new SenderRates(keyRateOf(defaultRate, 1));
  const isClient = (shown: string | undefined): boolean =>
    clientKey !== undefined && shown !== undefined && isTypedKey(clientKey, shown);
  const app = createHttpApp({
    completer,
    nowMs,
    refuses,
    version,
    metrics: metrics.text,
    pages: readPageFiles(),
    facts: factsOf(flags),
    observer: {
      ...metrics.observer,
      ended(record) {
        metrics.observer.ended(record);
        logged(record);
      },
    },
    onFault: (error) => {
      const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
      log.line('error', { kind: 'fault', cause: words }, `a request has failed: ${words}`);
    },
    randomBits: () => randomBytes(8).readBigUInt64LE(),
    intake: new RequestIntake({ spend: (sender, bytes) => rates.spend(sender, nowMs(), bytes) }),
    accountOf: () => ({
      keyId: clientKey === undefined ? null : '--client-key',
      mostAnswers: Number.POSITIVE_INFINITY,
    }),
    // The one key of this endpoint: in metrics it sees only what it has asked itself.
    mayUse: (shown) => clientKey === undefined || isClient(shown),
    keyName: (shown) => (isClient(shown) ? '--client-key' : null),
  });
  return { app, metrics: metrics.text };
}

/** Whether an edge elsewhere is paced is not known here. */
function factsOf({ draft, lookUp, mode, demo, link, rtt }: ServeFlags): EndpointFacts {
  const canDraft = (draft !== 'none' || looksUpOnDevice(lookUp)) && mode !== 'ar' && mode !== 'edge-sd';
  return {
    drafts: canDraft ? 'device' : 'none',
    emulated: {
      ...(link === undefined ? (rtt === 0 ? {} : { roundTripMs: rtt }) : { link }),
      ...(demo ? { pace: defaultEdgeProfile.description } : {}),
    },
  };
}

/** What is emulated, for the one who has started the endpoint. */
function emulatedTexts(flags: ServeFlags): readonly string[] {
  const { demo, link, rtt } = flags;
  const network = `${networkText(flags)}${demo && link === undefined ? ' (--rtt 0: none)' : ''}`;
  return [...(demo ? [paceText(defaultEdgeProfile.name)] : []), ...(link === undefined && rtt === 0 ? [] : [network])];
}

function demoPlan(flags: ServeFlags) {
  return {
    ...flags,
    model: flags.target,
    mode: 'auto',
    context: 4096,
    draftLength: 4,
    unpaced: false,
    profile: defaultEdgeProfile.name,
  } as const;
}

async function startDemoEdge(flags: ServeFlags, policy: OfflinePolicy): Promise<EdgeProcess> {
  const plan = demoPlan(flags);
  const openings = [...openingsOf(plan), ...offlineOpenings(policy)];
  await prepareModels(openings, 'close other programs, or name a smaller --pair (outrider models list)');
  note('starting the edge process and loading the draft ...');
  return startEdgeProcess(edgeFlagsOf(plan), (line) => writeAboveWaiting(`${foreignLine(line)}\n`));
}

/** The endpoint outlives the edge of the demonstration where something writes without it, or waits. */
function lostDemo({ url }: EdgeProcess, flags: ServeFlags, { message }: OutriderError): string {
  const edgeFlags = edgeFlagsOf(demoPlan(flags)).filter(
    (flag, index, all) => flag !== '--log-level' && all[index - 1] !== '--log-level',
  );
  return `${message}; to start it again: outrider edge --port ${new URL(url).port} ${edgeFlags.join(' ')}`;
}

/** Says which edges answer now; one that does not may come later. @returns what keeps their order */
function keepOrder({ edges }: CommandDevice, found: readonly EdgeFound[], { prefer }: ServeFlags): Disposable {
  for (const line of edgeLines(found)) note(line);
  if (prefer === 'given' || found.length < 2) return { [Symbol.dispose]: () => {} };
  const noteOrder = (names: readonly string[]): void => note(`preferred, as measured: ${names.join(', ')}`);
  edges.routes.replace(measuredOrder(found));
  noteOrder(edges.routes.names);
  return keepMeasuredOrder(edges, noteOrder);
}

const loadingNoteMs = 5000;

/** All answers that wait share a line now and then. */
function noteLoading(): (cause: string) => void {
  let notedMs = Number.NEGATIVE_INFINITY;
  return (cause) => {
    if (nowMs() - notedMs < loadingNoteMs) return;
    notedMs = nowMs();
    note(`an answer waits: ${foreignLine(cause)}`);
  };
}

function noteOutage(isDown: boolean): void {
  note(
    isDown
      ? 'no edge answers: the model of this machine writes, and nobody verifies it'
      : 'an edge is back: it verifies and goes on',
  );
}

function printAddress({ target, clientKey }: ServeFlags, port: number): void {
  const base = `http://${host}:${port}/v1`;
  const key = clientKey === undefined ? '' : ` -H "Authorization: Bearer $OUTRIDER_CLIENT_KEY"`;
  const body = JSON.stringify({
    model: target,
    messages: [{ role: 'user', content: 'Why is the sky blue?' }],
    stream: true,
  });
  note(`a page to chat in a browser: http://${host}:${port}/`);
  note(`${clientKey === undefined ? 'no key is asked for' : 'asks for a key'}; try it:`);
  note(`  curl -N ${base}/chat/completions${key} -H "Content-Type: application/json" -d '${body}'`);
  process.stdout.write(`${base}\n`);
}
