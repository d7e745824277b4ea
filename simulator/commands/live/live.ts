// `outrider live`: a controller, several edges and many devices together on this machine, and a table of what each device reads.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { ControllerEvent } from '../../../src/allocation/controller/controller-events.ts';
import { commandOf } from '../../../src/cli/options/option-flags.ts';
import { namesOf, pairOption } from '../../../src/cli/options/pair-options.ts';
import { withInterrupt } from '../../../src/cli/terminal/interrupt.ts';
import { badArgument } from '../../../src/core/basics/errors.ts';
import type { OptionsOf } from '../../../src/core/options/options.ts';
import { printDocument } from '../../../src/files/document.ts';
import { defaultEdgeProfile, latencyProfiles } from '../../../src/models/port/profiles.ts';
import { fleetPath } from '../../../src/processes/http/fleet-page.ts';
import { type Demo, openDemo, scenarioHardware } from '../../fleet/demo.ts';
import { createLiveTable, endTable, type LiveTable, runningTable } from './live-table.ts';
import { openPage } from './open-page.ts';

const notes = `Examples:
  outrider live                               8 devices walk in Munich, 3 edges write, for 30 seconds; a toy in place of models
  outrider live --real --devices 2 --edges 2  real models; they need free processors, else the emulated hardware is late
  outrider live --policy max-sinr             another policy
  outrider live --scenario city-70b --profile scenario --edges 6 --devices 20    a 72B target on three kinds of servers
  outrider live --seconds 60 --json           one JSON document at the end
  outrider live --open --seconds 600          the fleet page of its controller in a browser
  outrider live --fleet local                 two controllers: kill the one that leads, and the other takes over

Columns: the edge that writes for each device; decoding mode; ms a token over the last 4 s, with the time to the first one;
handovers; why it reads from there, with what the controller predicts for it there and elsewhere: policies minimise the sum over all devices,
so a device alone may be quicker elsewhere. Processes that end are started again: kill one, and see.
Every text is compared with the target's own at the end; one that differs, or has not ended, gives status 1. docs/operate/controller.md.`;

const options = {
  edges: { flag: '--edges <count>', help: 'edge processes', whole: [1, 16], default: 3 },
  devices: { flag: '--devices <count>', help: 'devices', whole: [1, 64], default: 8 },
  scenario: {
    flag: '--scenario <name|file>',
    help: 'world in which devices walk: their links to the edges follow it',
    default: 'munich' as string,
  },
  seconds: { flag: '--seconds <number>', help: 'duration', number: [1, 3600], default: 30 },
  policy: { flag: '--policy <name|file>', help: 'policy of the controller', default: 'best' as string },
  objective: {
    flag: '--objective <name>',
    help: 'what policies minimise',
    choices: ['felt', 'paper'] as readonly ('felt' | 'paper')[],
    default: 'felt',
  },
  slot: {
    flag: '--slot <ms>',
    help: 'longest time from one decision to the next',
    whole: [100, 60_000],
    default: 1000,
  },
  seed: { flag: '--seed <number>', help: 'seed of the world', whole: [0, 4_294_967_295], default: 1 },
  toy: { flag: '--toy', help: 'a toy language in place of models (default): as quick as the emulated hardware' },
  real: { flag: '--real', help: 'real models: on few processors slower than the hardware that they emulate' },
  pair: { ...pairOption, help: 'with --real: target and draft, from "outrider models list"' },
  profile: {
    flag: '--profile <name>',
    help: "hardware whose step times the edges emulate; scenario: the world's own, with its round trips, drafts and texts",
    choices: [...latencyProfiles.map(({ name }) => name), scenarioHardware],
    default: defaultEdgeProfile.name,
  },
  maxTokens: { flag: '--max-tokens <count>', help: 'most tokens of an answer', whole: [1, 1024], default: 96 },
  fleet: {
    flag: '--fleet <store>',
    help: 'two controllers that share a store; local: one that is started here (node setup.mjs --fleet installs it)',
    choices: ['local'] as readonly 'local'[],
  },
  open: { flag: '--open', help: 'open the fleet page of the controller in a browser' },
  json: { flag: '--json', help: 'print one JSON document at the end' },
} as const;

type LiveFlags = OptionsOf<typeof options>;

export function liveCommand(): Command {
  const description = 'a controller, several edges and many devices together here: who reads from where, and how fast';
  return commandOf({ name: 'live', description, options, notes }, async (flags) => {
    process.exitCode = await withInterrupt((signal) => live(flags, signal));
  });
}

async function live(flags: LiveFlags, signal: AbortSignal): Promise<number> {
  if (flags.real === true && flags.toy === true) throw badArgument('--real and --toy exclude each other', 'give one');
  const { target, draft } = namesOf({ pair: flags.pair });
  const table = createLiveTable(process.stderr);
  table.note(`starting a controller, ${flags.edges} edges and ${flags.devices} devices ...`);
  const starting = drawSeconds(table, 'starting');
  const said = new Set<string>();
  let isStarting = true;
  await using demo = await openDemo({
    ...flags,
    slotMs: flags.slot,
    isToy: flags.real !== true,
    isAuto: true,
    isApart: true,
    target,
    draft,
    note(line) {
      // Edges that start, or restart, print the same lines.
      const words = line.replace(/^edge-\d+: /, '');
      if (!said.has(words)) table.note(isStarting ? words : line);
      if (isStarting) said.add(words);
    },
    onEvent: (event) => noteFailures(event, table),
  });
  isStarting = false;
  starting[Symbol.dispose]();
  table.note(processes(demo));
  // The controller has printed the address.
  if (flags.open === true) openPage(`${demo.control.url.split(',')[0]?.replace(/^ws/, 'http')}${fleetPath}`);
  await watch(demo, flags, signal, table);
  const ending = drawSeconds(table, 'ending and comparing the texts');
  await demo.fleet.finish();
  const compared = await demo.compare();
  ending[Symbol.dispose]();
  const { readers, answers } = demo.fleet;
  const summary = {
    ...compared,
    handovers: readers.reduce((sum, one) => sum + one.handovers, 0),
    longestPauseMs: Math.round(Math.max(0, ...readers.map(({ pauseMs }) => pauseMs))),
  };
  table.end();
  if (flags.json === true) printDocument('live', { rows: [...readers], summary, params: flags });
  else {
    process.stdout.write(`\n${endTable(readers, answers)}\n\n`);
    const words = `${compared.texts} texts, ${compared.identical} equal to the target's own, ${compared.failed} not ended`;
    const more = `${summary.handovers} handovers, longest pause ${(summary.longestPauseMs / 1000).toFixed(1)} s`;
    process.stdout.write(`${words}; ${more}\n`);
  }
  return compared.texts === compared.identical && compared.failed === 0 ? 0 : 1;
}

/** A sign of life in the place of the table, until it is disposed. */
function drawSeconds(table: LiveTable, doing: string): Disposable {
  const startMs = performance.now();
  const draw = (): void => table.draw(`${doing}: ${((performance.now() - startMs) / 1000).toFixed(0)} s`);
  const timer = setInterval(draw, table.everyMs).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** For a reader who wants to stop or kill one of them. */
function processes({ fleet, control }: Demo): string {
  const edges = fleet.edges.map(({ name, process: { processId } }) => `${name} ${processId}`);
  return `processes: ${control.processes}, ${edges.join(', ')}; kill one, and see: it is started again`;
}

function noteFailures(event: ControllerEvent, table: LiveTable): void {
  if (event.kind === 'policy-failed')
    table.note(`policy ${event.policy} failed: ${event.cause}; greedy decides [${event.fault}]`);
  if (event.kind === 'policy-late') table.note(`policy ${event.policy} is late: ${event.cause}; greedy decides`);
  if (event.kind === 'refused') table.note(`the controller refused ${event.id ?? 'a stranger'}: ${event.cause}`);
}

/** Shows the table until the time is over. */
async function watch(demo: Demo, flags: LiveFlags, signal: AbortSignal, table: LiveTable): Promise<void> {
  const startMs = performance.now();
  const endMs = startMs + 1000 * flags.seconds;
  while (performance.now() < endMs && !signal.aborted) {
    const restMs = Math.min(table.everyMs, endMs - performance.now());
    await sleep(Math.max(1, restMs), undefined, { signal }).catch(() => {});
    if (flags.json !== true) table.draw(screen(demo, flags, (performance.now() - startMs) / 1000));
  }
  table.note('letting each device end its answer ...');
}

function screen({ fleet, control }: Demo, { seconds }: LiveFlags, passed: number): string {
  const { decided } = fleet;
  const down = [
    ...(control.processId === null ? ['the controller'] : []),
    ...fleet.edges.filter(({ isRunning }) => !isRunning).map(({ name }) => name),
  ];
  const who = decided === null ? 'nothing decided yet' : `decision ${decided.slot} by ${decided.policy}`;
  const heading = `${passed.toFixed(0)} of ${seconds} s, ${who}${down.length === 0 ? '' : `, down: ${down.join(', ')}`}`;
  return `${heading}\n${runningTable(fleet.readers, process.stderr)}`;
}
