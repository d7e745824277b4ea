// `outrider controller`: decides which edge serves which device, and the shares of each.

import type { Command } from 'commander';
import type { ControllerEvent } from '../allocation/controller/controller-events.ts';
import { encodeStreets } from '../allocation/controller/watch/street-map.ts';
import { CloseStack } from '../core/basics/close-stack.ts';
import { defined } from '../core/basics/defined.ts';
import { asOutriderError, badArgument } from '../core/basics/errors.ts';
import { recordFleet } from '../files/fleet-record.ts';
import { readPageFiles } from '../files/page-files.ts';
import { findPolicy } from '../files/policy-file.ts';
import { openPolicyThread } from '../files/policy-thread.ts';
import { readStreetMap } from '../files/street-map-file.ts';
import { machineClock } from '../network/transport/machine-clock.ts';
import {
  listenController,
  type RunningController,
  startController,
} from '../processes/controller/controller-server.ts';
import { fleetPageOf, fleetPath } from '../processes/http/fleet-page.ts';
import { createControllerMetrics } from '../processes/metrics/controller-metrics.ts';
import { accessOptions, openControllerAccess } from './controller-access.ts';
import { controllerNote } from './controller-note.ts';
import { metricsOption, openMetricsPort } from './options/metrics-port.ts';
import { type CommandFace, commandOf } from './options/option-flags.ts';
import type { OptionsOf, OptionTable } from './options/options.ts';
import { tlsOptions } from './options/port-access.ts';
import { reachableUrl } from './options/reachable-url.ts';
import { askedToStop, untilInputEndsOption, withInterrupt } from './terminal/interrupt.ts';
import { note } from './terminal/note.ts';

const notes = `Examples:
  outrider controller                                      policy best, objective felt, on ws://127.0.0.1:8640
  outrider edge --controller ws://127.0.0.1:8640 --port 8642
  outrider device --controller ws://127.0.0.1:8640 --prompt "Why is the sky blue?"
  outrider controller --metrics-port 9640                  metrics for Prometheus at http://127.0.0.1:9640/metrics
  outrider controller --policy ./my-policy.ts --log        a policy of your own; each slot on standard error
  outrider controller --record fleet.jsonl                 the fleet page replays this file
  outrider controller --host 0.0.0.0 --key KEY --tls-self-signed
                                                           for members elsewhere, who pass --controller-fingerprint

Edges and devices go on without it: with the last decision, or with edges of their own (--edge). docs/operate/controller.md.`;

const options = {
  policy: {
    flag: '--policy <name|file>',
    help: 'a policy by name ("outrider allocate --help" lists them), trained weights (masac:FILE), or a module of your own',
    default: 'best' as string,
  },
  objective: {
    flag: '--objective <name>',
    help: 'what policies minimise: felt, the predicted time per token; paper, the objective of the paper',
    choices: ['felt', 'paper'] as readonly ('felt' | 'paper')[],
    default: 'felt',
  },
  targetMs: {
    flag: '--target-ms <ms>',
    help: "time per token that every session is to keep; edges clip it to the key's (default: what the edges have)",
    number: [0.001, 3_600_000],
  },
  slot: { flag: '--slot <ms>', help: 'time from one decision to the next', whole: [100, 60_000], default: 1000 },
  host: { flag: '--host <address>', help: 'address to listen on', default: '127.0.0.1' },
  port: { flag: '--port <number>', help: 'port to listen on; 0: any free one', whole: [0, 65_535], default: 8640 },
  epoch: {
    flag: '--epoch <number>',
    help: 'number of this run, larger than that of every run before; only a counter (default: the time of day in ms)',
    whole: [1, 9_007_199_254_740_991],
  },
  metricsPort: {
    ...metricsOption,
    help: 'serve metrics for Prometheus at http://127.0.0.1:PORT/metrics; 0: any free port (default: none)',
  },
  log: { flag: '--log', help: 'a line of JSON for each decision and event, on standard error' },
  record: {
    flag: '--record <file>',
    help: 'append what the fleet does, once a second, to a file that the fleet page replays (default: none)',
  },
  map: {
    flag: '--map <file>',
    help: 'a radio map (NAME.map.json) whose streets the fleet page draws (default: none)',
  },
  ...accessOptions,
  ...tlsOptions,
  tlsSelfSigned: {
    ...tlsOptions.tlsSelfSigned,
    help: 'a certificate that the controller makes once and keeps; members compare its fingerprint (--controller-fingerprint)',
  },
  untilInputEnds: untilInputEndsOption as typeof untilInputEndsOption,
} as const;

type ControllerFlags = OptionsOf<typeof options>;

const face: CommandFace<typeof options> = {
  name: 'controller',
  options,
  notes,
  isConfigurable: true,
  description: 'decide which edge serves which device, and how each edge is shared',
};
/** The command as data. */
export const controllerFace: CommandFace<OptionTable> = face;

type OnServing = (controller: RunningController) => void;

/** @param onServing called once, when members may connect, for a program that runs the command in its own process */
export function controllerCommand(onServing: OnServing = () => {}): Command {
  return commandOf(face, (flags) => withInterrupt((signal) => serve(flags, onServing, signal)));
}

async function serve(flags: ControllerFlags, onServing: OnServing, signal: AbortSignal): Promise<void> {
  await using access = await openControllerAccess(flags);
  await using policy = await openPolicyThread(flags.policy, { clock: machineClock });
  const fallback = await findPolicy('greedy');
  const metrics = createControllerMetrics();
  const streets = flags.map === undefined ? undefined : await streetsFor(flags.map);
  await using controller = startController({
    policy,
    fallback,
    slotMs: flags.slot,
    objective: flags.objective,
    ...defined({ epoch: flags.epoch, targetMsPerToken: flags.targetMs, streets }),
    keyOf: access.keyOf,
    onDecision: metrics.onDecision,
    onEvent(event) {
      metrics.onEvent(event);
      printEvent(event, flags.log);
    },
  });
  metrics.follow(controller);
  await using open = new CloseStack();
  const onRequest = fleetPageOf(readPageFiles());
  const listener = await listenController(controller, { ...access.listen, port: flags.port, onRequest });
  open.defer(() => listener.close());
  access.follow(controller, listener, (error) => note(`a file can't be used: ${asOutriderError(error).message}`));
  await using _metrics = await openMetricsPort(flags.metricsPort, metrics.text, note);
  if (flags.record !== undefined)
    open.use(recordFleet(flags.record, { fleet: () => controller.fleet(), onEnded: (why) => note(why) }));
  const url = access.urlOf(listener.port);
  process.stdout.write(`${url}\n`);
  note(`fleet page at ${new URL(fleetPath, reachableUrl(url, flags.allowHost?.[0]))}`);
  note(`policy ${policy.name}, objective ${flags.objective}, a slot of ${flags.slot} ms`);
  for (const line of access.said) note(line);
  onServing(controller);
  await askedToStop(signal, flags.untilInputEnds);
}

/** @throws OutriderError `bad-argument` */
async function streetsFor(path: string): Promise<Uint8Array> {
  const streets = encodeStreets(await readStreetMap(path));
  if (streets !== null) return streets;
  throw badArgument(
    `"${path}" has too many streets for the fleet page`,
    'take a map with larger cells, or leave out --map',
  );
}

function printEvent(event: ControllerEvent, isLogging: boolean | undefined): void {
  const said = controllerNote(event);
  if (isLogging === true) process.stderr.write(`${JSON.stringify(event)}\n`);
  else if (said !== null) note(said);
}
