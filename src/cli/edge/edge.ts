// `outrider edge`: serve a target model to devices.

import type { Command } from 'commander';
import { defined } from '../../core/basics/defined.ts';
import { grouped, type OptionsOf, type OptionTable } from '../../core/options/options.ts';
import { linearStepTime } from '../../core/scheduling/step-time.ts';
import { modelLabel, packageVersion, printDocument } from '../../files/document.ts';
import { createGrammarEngine } from '../../models/engines/xgrammar.ts';
import type { LanguageModel } from '../../models/port/model.ts';
import { needsFile } from '../../models/port/model-spec.ts';
import type { PacedModel } from '../../models/port/paced.ts';
import { findProfile, latencyProfiles } from '../../models/port/profiles.ts';
import { ticketPrefix } from '../../processes/controller/ticket-book.ts';
import { type Edge, startEdge } from '../../processes/edge/edge.ts';
import { defaultLookUpTokens, defaultMaxRows, mostEdgeHedges } from '../../processes/edge/edge-options.ts';
import { createEdgeMetrics } from '../../processes/metrics/edge-metrics.ts';
import { engineLabel } from '../options/engine-label.ts';
import { engineOptions, targetOf } from '../options/engine-options.ts';
import { gpuOption } from '../options/gpu-option.ts';
import { memberOptions } from '../options/member-options.ts';
import { metricsOption, openMetricsPort } from '../options/metrics-port.ts';
import { type CommandFace, commandOf } from '../options/option-flags.ts';
import { pairOption } from '../options/pair-options.ts';
import { tlsOptions } from '../options/port-access.ts';
import { reachableUrl } from '../options/reachable-url.ts';
import { askedToStop, hasParent, withInterrupt } from '../terminal/interrupt.ts';
import { noteOfEdge as note } from '../terminal/note.ts';
import { hideWaiting, secondsLeft } from '../terminal/waiting-line.ts';
import { accessOptions, type EdgeAccess, openAccess, unnamed } from './edge-access.ts';
import { describeCapacity } from './edge-capacity.ts';
import { edgeDrainCommand } from './edge-drain.ts';
import { edgeEndpoint, edgeFacts, insideKeys } from './edge-endpoint.ts';
import { drainOption, logOptions } from './edge-log.ts';
import { EdgeMembership, membershipOptions } from './edge-membership.ts';
import { type EdgeModels, openEdgeModels } from './edge-models.ts';
import { EdgeOperation } from './edge-operation.ts';
import { openEdgePort } from './edge-port.ts';
import { closedAfter, openEdgeUsage, usageOptions } from './edge-usage.ts';
import { boundHeap } from './heap-bounds.ts';
import { pageLink, qrLines } from './page-link.ts';
import { openTabFiles, tabOptions } from './tab-files.ts';

const notes = `Examples:
  outrider edge                                 the default target on ws://127.0.0.1:8642
  outrider edge --model ./model.gguf --port 0   a file, on a free port
  outrider edge --pair qwen2.5-coder            the target of another pair
  outrider edge --engine unix:/run/outrider/rows --tokenizer ./model.gguf
                                                a worker that runs, such as vLLM's
  outrider edge --profile edge-70b-a6000        emulates a 70B model on one RTX A6000
  outrider edge --host 0.0.0.0 --tls-self-signed --allow-host box.example
                                                for devices elsewhere, with the keys of "outrider keys"

The address is printed to standard output when devices may connect. Ctrl-C lets running answers end, for --drain seconds at most; a second
Ctrl-C ends the edge at once. Keys, TLS, logs and limits: docs/operate/operations.md.`;

const profileNames = latencyProfiles.map(({ name }) => name);

const options = {
  pair: { ...pairOption, help: 'the pair whose target is served, from "outrider models list"' },
  model: {
    flag: '--model <name|path>',
    alias: '--target <name|path>',
    help: "target model instead of the pair's: a name, a GGUF file, or toy:SEED",
  },
  ...engineOptions,
  host: { flag: '--host <address>', help: 'address to listen on', default: '127.0.0.1' },
  port: { flag: '--port <number>', help: 'port to listen on; 0: any free one', whole: [0, 65_535], default: 8642 },
  sessions: { flag: '--sessions <count>', help: 'most answers at the same time', whole: [1, 1024], default: 8 },
  context: {
    flag: '--context <tokens>',
    help: 'tokens that prompt and answer may have together; a model that was trained for fewer holds fewer',
    whole: [64, 262_144],
    default: 2048,
  },
  queueSeconds: {
    flag: '--queue-seconds <seconds>',
    help: 'how long an answer may wait for a place where all are taken; then the edge says that it is full',
    // A device takes an edge that sends no text for two minutes for a silent one.
    number: [0, 120],
    default: 60,
  },
  queueLength: {
    flag: '--queue-length <count>',
    help: 'most answers that wait at the same time; beyond it the newest of the key with the most is refused',
    whole: [0, 1024],
    default: 64,
  },
  keepLost: {
    flag: '--keep-lost <seconds>',
    help: 'how long a session is kept whose device is gone, or whose answer is complete',
    number: [0, 86_400],
    default: 60,
  },
  maxRows: {
    flag: '--max-rows <count>',
    help: 'most tokens of all sessions in one step (default: 32, or what the profile allows)',
    whole: [1, 1024],
  },
  targetMs: {
    flag: '--target-ms <ms>',
    help: 'time per token that answers are to keep, of keys without one of their own; drafts go first to those that are late (default: none)',
    number: [0.001, 3_600_000],
  },
  downlink: {
    flag: '--downlink <Mbit/s>',
    help: 'rate of the way to the devices, which their connections share (default: nothing is paced)',
    number: [0.008, 1_000_000],
  },
  profile: {
    flag: '--profile <name>',
    help: `hardware whose step times are emulated: ${profileNames.join(', ')}, or ms of a step and of a row, as 57.7+0.57`,
    parse: (text: string): string => findProfile(text).name,
  },
  draft: {
    flag: '--draft <name|path>',
    help: 'draft model on the edge itself, for devices in modes edge-sd, mix and auto (default: none)',
  },
  ...grouped('Drafting:', {
    draftLength: {
      flag: '--draft-length <count>',
      alias: '--draft-window <count>',
      help: 'drafted tokens of a window (gamma) of that draft model',
      whole: [1, 63],
      default: 4,
    },
    draftHedges: {
      flag: '--draft-hedges <count>',
      help: 'most second choices that draft model goes on from as well while the target steps; each costs its context again',
      whole: [0, mostEdgeHedges],
      default: 0,
    },
    draftProfile: {
      flag: '--draft-profile <name>',
      help: 'hardware whose step times are emulated for that draft model',
      choices: profileNames,
    },
    lookUp: {
      flag: '--look-up <count>',
      help: 'most tokens that the edge looks up in the text for a step without drafts; only those that pay become rows',
      whole: [0, 16],
      default: defaultLookUpTokens,
    },
  }),
  fast: { flag: '--fast', help: 'use all cores but one and no shape law; the edge says how often choices differ' },
  threads: {
    flag: '--threads <count>',
    help: 'threads of the engine (default: 1; with --fast all cores but one)',
    whole: [1, 1024],
  },
  gpu: gpuOption as typeof gpuOption,
  ...tabOptions,
  qr: {
    flag: '--qr',
    help: 'print the address of the page to chat, with the key of --key, as a QR code for a phone, whose browser then drafts',
  },
  metricsPort: metricsOption as typeof metricsOption,
  ...grouped('Access:', { ...accessOptions, ...tlsOptions, ...usageOptions }),
  ...grouped('Logs and stopping:', { drain: drainOption, ...logOptions }),
  ...grouped('Controller:', { ...memberOptions, ...membershipOptions }),
  ...grouped('Output:', {
    json: { flag: '--json', help: 'print an account as one JSON document at the end' },
  }),
} as const;

type TypedFlags = OptionsOf<typeof options>;
type EdgeFlags = TypedFlags & { readonly model: string };

const face: CommandFace<typeof options> = {
  name: 'edge',
  description: 'serve a target model to devices',
  options,
  notes,
  isConfigurable: true,
};
/** The command as data. */
export const edgeFace: CommandFace<OptionTable> = face;

/** What an edge serves, for a program that runs the command in its own process. */
export interface ServedEdge {
  readonly edge: Edge;
  readonly target: LanguageModel;
  /** "GET /health": what its port answers over HTTP, from the app itself. */
  readonly routes: readonly string[];
}

type OnServing = (served: ServedEdge) => void;

/** @param onServing called once, when devices may connect */
export function edgeCommand(onServing: OnServing = () => {}): Command {
  return (
    commandOf(face, (flags) => runEdge(flags, onServing))
      // Flags after "drain" are its own.
      .enablePositionalOptions()
      .addCommand(edgeDrainCommand())
  );
}

async function runEdge(typed: TypedFlags, onServing: OnServing): Promise<void> {
  // A draft model of its own costs memory and time, so it is opened only if it is named.
  const flags = { ...typed, model: targetOf(typed) };
  await withInterrupt((signal) => serve(flags, onServing, signal));
}

async function serve(flags: EdgeFlags, onServing: OnServing, signal: AbortSignal): Promise<void> {
  using _ = boundHeap();
  const asked = askedToStop(signal);
  await using operation = await EdgeOperation.open(flags, signal);
  await using access = await openAccess(flags);
  await using port = await openEdgePort({ ...access.listen, port: flags.port, mayOrder: access.mayOrder }, secondsLeft);
  // Another edge may have the port, and its file.
  await using usage = await openEdgeUsage(flags, access.ring !== undefined, operation.log);
  const { listener } = port;
  const link = linkOf(flags, access.urlOf(listener.port));
  await using models = await openEdgeModels(flags, operation.engineEvent);
  const { target, draft, profile } = models;
  const { identity, limits } = target;
  const membership = new EdgeMembership(flags, target);
  const inside = insideKeys(access.chatKeyOf);
  const keyOf = membership.beside(inside.beside(access.keyOf));
  const kvTokens = limits.maxSequences * limits.contextLength;
  const metrics = createEdgeMetrics({ model: identity.name, version: packageVersion(), kvTokens });
  await using grammars = createGrammarEngine(target.tokenizer);
  // The first answer with a schema must not wait for the library, nor others with it. Where it can't be loaded, answers without one continue.
  const warmed = grammars.warm?.().catch((error: unknown) => operation.warn(error));
  await using edge = await startEdge({
    model: target,
    meter: metrics.meter,
    grammars,
    // A profile's cap is what the real target of the pair keeps up with on this machine; a toy has no such limit.
    maxRows: flags.maxRows ?? (needsFile(flags.model) ? profile?.rowCap : undefined) ?? defaultMaxRows,
    lookUpTokens: flags.lookUp,
    keepLostMs: flags.keepLost * 1000,
    places: { waitMs: flags.queueSeconds * 1000, maxWaiting: flags.queueLength },
    ...(flags.downlink === undefined ? {} : { downlinkBitsPerSecond: flags.downlink * 1e6 }),
    ...(profile === undefined ? {} : { stepTime: linearStepTime(profile.stepMs, profile.rowMs) }),
    ...defined({ keyOf, quotas: usage?.quotas, targetMsPerToken: flags.targetMs }),
    ...defined({ draft: draft && { model: draft, draftLength: flags.draftLength, hedges: flags.draftHedges } }),
    onEvent: operation.onEvent,
  });
  await using tab = await openTabFiles(flags, target);
  const { onApi, routes } = edgeEndpoint(edge, target, access, {
    tabFiles: tab.files,
    isOwnName: (name) => listener.isOwnName(name),
    onFault: (error) => operation.warn(error),
    metrics: metrics.text,
    observer: endsOf(metrics, operation),
    credentialsOf: inside.credentialsOf,
    facts: edgeFacts(models),
  });
  await warmed;
  hideWaiting();
  port.begin(edge, onApi);
  metrics.follow(edge);
  await using _metrics = await openMetricsPort(flags.metricsPort, metrics.text, note);
  // Keys of a file change; tickets of a controller are none of them, and stay.
  const renewKeys: Edge['renewKeys'] = (find) =>
    edge.renewKeys((id, key) => (id.startsWith(ticketPrefix) ? key : find(id, key)));
  access.follow({ renewKeys }, listener, (error) => operation.warn(error));
  const address = access.urlOf(listener.port);
  operation.log.note('info', `serving ${identity.name} at ${address}; ${access.said.join('; ')}`);
  announce(flags, models, access, address);
  for (const line of link === null ? [] : qrLines(link)) note(line);
  using _agents = membership.join(edge, { address, certificate: access.certificate });
  onServing({ edge, target, routes });
  await operation.run(edge, closedAfter(usage, listener), asked, port.requests);
  if (flags.json) printAccount(edge, flags, target);
}

/** For a phone, before the models are loaded; null: none is asked for. @throws OutriderError `bad-argument` */
function linkOf({ qr, key, allowHost }: EdgeFlags, address: string): string | null {
  // What is no terminal is a log, and keeps what it gets.
  return qr ? pageLink(address, process.stderr.isTTY ? key?.reveal() : undefined, allowHost?.[0]) : null;
}

/** Requests that have ended, for all who count them. */
function endsOf(...ends: readonly Pick<EdgeOperation, 'requestEnded'>[]): {
  readonly ended: EdgeOperation['requestEnded'];
} {
  return {
    ended(record) {
      for (const end of ends) end.requestEnded(record);
    },
  };
}

function announce(
  { json, allowHost }: EdgeFlags,
  { target: { identity, limits }, draft }: EdgeModels,
  { said, ring }: EdgeAccess,
  address: string,
): void {
  note(identity.description);
  if (draft !== undefined) note(`draft model: ${draft.identity.description}`);
  note(describeCapacity(limits));
  // A program that has started this edge has chosen them itself.
  if (!hasParent()) for (const line of said) note(line);
  (json ? process.stderr : process.stdout).write(`${address}\n`);
  if (hasParent()) return;
  const base = reachableUrl(address, allowHost?.[0]).href;
  const [forPage, forClients] =
    ring === undefined ? ['', ''] : [', with the scopes chat and verify', ', with the scope chat'];
  note(`a page to chat in a browser${forPage}: ${base}`);
  note(`for OpenAI's clients${forClients}: ${base}v1, model "${identity.name}"`);
}

/** Rows: how often each kind of refusal happened. */
function printAccount(edge: Edge, flags: EdgeFlags, target: LanguageModel): void {
  const { counts, ...status } = edge.status;
  const ofNow: readonly string[] = ['state', 'sessions', 'answering', 'connections', 'keptTokens', 'engineAway'];
  const account = Object.fromEntries(Object.entries(status).filter(([name]) => !ofNow.includes(name)));
  const pacing = 'pacing' in target ? (target as PacedModel).pacing : undefined;
  const overrun =
    pacing === undefined || pacing.steps === 0 ? {} : { pacedOverrunShare: pacing.overranSteps / pacing.steps };
  const draft = flags.draft === undefined ? {} : { draft: modelLabel(flags.draft) };
  const tokenizer = flags.tokenizer === undefined ? undefined : modelLabel(flags.tokenizer);
  const named = { model: modelLabel(flags.model), engine: engineLabel(flags.engine), tokenizer, ...draft };
  const params = { ...flags, ...named, ...unnamed, logFile: undefined };
  const { refusals, upgradeRefusals, ...counted } = counts;
  const rows = [
    ...Object.entries(refusals).map(([code, count]) => ({ refused: 'connection or session', code, count })),
    ...Object.entries(upgradeRefusals).map(([code, count]) => ({ refused: 'request for a connection', code, count })),
  ];
  printDocument('edge', { rows, summary: { ...account, ...counted, ...overrun }, params });
}
