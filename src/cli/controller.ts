// `outrider controller`: decides which edge serves which device, and the shares of each.

import type { Command } from 'commander';
import { encodeStreets } from '../allocation/controller/watch/street-map.ts';
import { CloseStack } from '../core/basics/close-stack.ts';
import { defined } from '../core/basics/defined.ts';
import { asOutriderError, badArgument } from '../core/basics/errors.ts';
import { grouped, type OptionsOf, type OptionTable } from '../core/options/options.ts';
import { readPageFiles } from '../files/page-files.ts';
import { findPolicy } from '../files/policy-file.ts';
import { openPolicyProcess } from '../files/policy-process.ts';
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
import { FleetService, type FleetServiceSettings, fleetOptions } from './controller-fleet.ts';
import { controllerNote } from './controller-note.ts';
import { metricsOption, openMetricsPort } from './options/metrics-port.ts';
import { type CommandFace, commandOf } from './options/option-flags.ts';
import { tlsOptions } from './options/port-access.ts';
import { reachableUrl } from './options/reachable-url.ts';
import { askedToStop, withInterrupt } from './terminal/interrupt.ts';
import { note } from './terminal/note.ts';

const notes = `Examples:
  outrider controller                                      policy best, objective felt, on ws://127.0.0.1:8640
  outrider edge --controller ws://127.0.0.1:8640 --port 8642
  outrider device --controller ws://127.0.0.1:8640 --prompt "Why is the sky blue?"
  outrider controller --metrics-port 9640                  metrics for Prometheus at http://127.0.0.1:9640/metrics
  outrider controller --policy ./my-policy.ts --log        a policy of your own; each slot on standard error
  outrider controller --fleet nats://10.0.0.1:4222 --cells north,south
                                                           one of several; the others take over its cells when it ends
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
  slot: {
    flag: '--slot <ms>',
    help: 'longest time from one decision to the next',
    whole: [100, 60_000],
    default: 1000,
  },
  host: { flag: '--host <address>', help: 'address to listen on', default: '127.0.0.1' },
  port: { flag: '--port <number>', help: 'port to listen on; 0: any free one', whole: [0, 65_535], default: 8640 },
  epoch: {
    flag: '--epoch <number>',
    help: 'number of this run, larger than that of every run before; only a counter (default: the time of day in ms)',
    whole: [1, 9_007_199_254_740_991],
    conflicts: 'fleet',
  },
  metricsPort: {
    ...metricsOption,
    help: 'serve metrics for Prometheus at http://127.0.0.1:PORT/metrics; 0: any free port (default: none)',
  },
  ...grouped('Output:', {
    log: { flag: '--log', help: 'a line of JSON for each decision and event, on standard error' },
  }),
  map: {
    flag: '--map <file>',
    help: 'a radio map (NAME.map.json) whose streets the fleet page draws (default: none)',
  },
  ...grouped('Fleet of controllers:', fleetOptions),
  ...grouped('Access:', {
    ...accessOptions,
    ...tlsOptions,
    tlsSelfSigned: {
      ...tlsOptions.tlsSelfSigned,
      help: 'a certificate that the controller makes once and keeps; members compare its fingerprint (--controller-fingerprint)',
    },
  }),
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

/** @param onServing called when members may connect, or of a fleet when it begins to lead a cell: for a program that runs the command */
export function controllerCommand(onServing: OnServing = () => {}): Command {
  return commandOf(face, (flags) => withInterrupt((signal) => serve(flags, onServing, signal)));
}

async function serve(flags: ControllerFlags, onServing: OnServing, signal: AbortSignal): Promise<void> {
  await using access = await openControllerAccess(flags);
  await using policy = await openPolicyProcess(flags.policy, { clock: machineClock });
  const fallback = await findPolicy('greedy');
  const metrics = createControllerMetrics();
  const streets = flags.map === undefined ? undefined : await streetsFor(flags.map);
  const print: FleetServiceSettings['print'] = (event, line) => {
    if (flags.log === true) process.stderr.write(`${JSON.stringify(event)}\n`);
    else if (line !== null) note(line);
  };
  const start: FleetServiceSettings['start'] = (decider, own) =>
    startController({
      policy: decider,
      fallback,
      slotMs: flags.slot,
      objective: flags.objective,
      ...defined({ targetMsPerToken: flags.targetMs, streets }),
      ...own,
      keyOf: access.keyOf,
      onDecision: metrics.onDecision,
      onEvent(event) {
        metrics.onEvent(event, own.cell);
        print(flags.fleet === undefined ? event : { ...event, cell: own.cell }, controllerNote(event));
      },
    });
  const serving: typeof start = (...given) => {
    const controller = start(...given);
    onServing(controller);
    return controller;
  };
  await using deciding =
    flags.fleet === undefined
      ? alone(flags, (own) => start(policy, own), onServing)
      : await FleetService.open(flags.fleet, flags, { start: serving, metrics, print });
  metrics.follow(deciding);
  const onRequest = fleetPageOf(readPageFiles());
  await using open = new CloseStack();
  const listener = await listenController(deciding, { ...access.listen, port: flags.port, onRequest });
  open.defer(() => listener.close());
  access.follow(deciding, listener, (error) => note(`a file can't be used: ${asOutriderError(error).message}`));
  await using _metrics = await openMetricsPort(flags.metricsPort, metrics.text, note);
  const url = access.urlOf(listener.port);
  process.stdout.write(`${url}\n`);
  note(`fleet page at ${new URL(fleetPath, reachableUrl(url, flags.allowHost?.[0]))}`);
  note(
    `policy ${policy.name}, objective ${flags.objective}, decisions every ${flags.slot} ms, and at once when an answer begins or ends`,
  );
  for (const line of access.said) note(line);
  deciding.begin(url);
  await askedToStop(signal);
}

/** @throws OutriderError `bad-argument` */
function alone(
  { cells: [cell, ...others], epoch }: ControllerFlags,
  start: (own: Parameters<FleetServiceSettings['start']>[1]) => RunningController,
  onServing: OnServing,
): Pick<FleetService, 'accept' | 'status' | 'renewKeys' | 'begin' | typeof Symbol.asyncDispose> {
  if (others.length > 0) throw badArgument('one controller decides for one cell', 'give --fleet for several');
  const controller = start(defined({ cell, epoch }));
  return {
    accept: controller.accept,
    get status() {
      return controller.status;
    },
    renewKeys: (isValid) => controller.renewKeys(isValid),
    begin: () => onServing(controller),
    [Symbol.asyncDispose]: () => controller.close(),
  };
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
