// `outrider live`: a controller, several edges and many devices together on this machine, and a table of what each device reads.

import { styleText } from 'node:util';
import type { Command } from 'commander';
import { type Demo, openDemo } from '../experiments/live/demo.ts';
import { printDocument } from '../files/document.ts';
import type { ReaderState } from '../laboratory/fleet-reader.ts';
import type { OptionsOf } from '../laboratory/options.ts';
import { namesOf, pairOption } from '../laboratory/pair-options.ts';
import { defaultEdgeProfile, latencyProfiles } from '../models/profiles.ts';
import { withInterrupt } from './interrupt.ts';
import { commandOf } from './option-flags.ts';
import { canRedraw } from './progress-bar.ts';
import { formatTable } from './terminal-table.ts';
import { foreignLine } from './terminal-text.ts';

const notes = `Examples:
  outrider live                               8 devices walk in Munich, 3 edges write, for 30 seconds; a toy in place of models
  outrider live --real --devices 2 --edges 2  real models; they need free processors, else the emulated hardware is late
  outrider live --policy max-sinr             another policy
  outrider live --seconds 60 --json           one JSON document at the end

Every text is compared with the target's own at the end; a text that differs ends with status 1. docs/controller.md.`;

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
  slot: { flag: '--slot <ms>', help: 'time from one decision to the next', whole: [100, 60_000], default: 1000 },
  seed: { flag: '--seed <number>', help: 'seed of the world', whole: [0, 4_294_967_295], default: 1 },
  real: { flag: '--real', help: 'real models; without it a toy language, which is as quick as the emulated hardware' },
  pair: { ...pairOption, help: 'with --real: target and draft, from "outrider models list"' },
  profile: {
    flag: '--profile <name>',
    help: 'hardware whose step times the edges emulate',
    choices: latencyProfiles.map(({ name }) => name),
    default: defaultEdgeProfile.name,
  },
  maxTokens: { flag: '--max-tokens <count>', help: 'most tokens of an answer', whole: [1, 1024], default: 96 },
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
  const { target, draft } = namesOf({ pair: flags.pair });
  note(`starting a controller, ${flags.edges} edges and ${flags.devices} devices ...`);
  await using demo = await openDemo({
    ...{ edges: flags.edges, devices: flags.devices, scenario: flags.scenario, seed: flags.seed, policy: flags.policy },
    ...{ objective: flags.objective, slotMs: flags.slot, profile: flags.profile, maxTokens: flags.maxTokens },
    ...{ isToy: flags.real !== true, isAuto: true, target, draft },
    note: (line) => note(foreignLine(line)),
  });
  await watch(demo, flags, signal);
  await demo.fleet.finish();
  const compared = await demo.compare();
  const readers = demo.fleet.readers.map(rowOf);
  const summary = { ...compared, handovers: demo.fleet.readers.reduce((sum, one) => sum + one.handovers, 0) };
  if (flags.json === true) printDocument('live', { rows: readers, summary, params: flags });
  else {
    process.stdout.write(`${formatTable(readers, keys)}\n\n`);
    const words = `${compared.texts} texts, ${compared.identical} equal to the target's own, ${compared.failed} not ended`;
    process.stdout.write(`${words}, ${summary.handovers} handovers\n`);
  }
  return compared.texts === compared.identical ? 0 : 1;
}

const keys = ['device', 'edge', 'mode', 'msPerToken', 'predicted', 'answers', 'handovers', 'why'];
const drawEveryMs = 500;
const plainEveryMs = 5000;

/** Shows the table until the time is over: drawn again and again on a terminal, else a few times. */
async function watch(demo: Demo, { seconds, json }: LiveFlags, signal: AbortSignal): Promise<void> {
  const isTerminal = canRedraw(process.stderr) && json !== true;
  const endMs = performance.now() + 1000 * seconds;
  const everyMs = isTerminal ? drawEveryMs : plainEveryMs;
  let lines = 0;
  while (performance.now() < endMs && !signal.aborted) {
    const restMs = Math.min(everyMs, endMs - performance.now());
    await new Promise((resolve) => setTimeout(resolve, Math.max(1, restMs)));
    if (json === true) continue;
    const { policy, slots, decisionMs } = demo.fleet.controller.status;
    const heading = `slot ${slots}, policy ${policy}, decided in ${decisionMs.toFixed(1)} ms`;
    const table = `${heading}\n${formatTable(demo.fleet.readers.map(rowOf), keys)}\n`;
    // A line that is wrapped would be two when the table is drawn again.
    const text = isTerminal ? clipped(table, process.stderr.columns) : table;
    if (isTerminal && lines > 0) process.stderr.write(`\u001b[${lines}A\u001b[J`);
    process.stderr.write(text);
    lines = text.split('\n').length - 1;
  }
}

function clipped(text: string, columns: number): string {
  return text.replace(/^.*$/gm, (line) => line.slice(0, Math.max(1, columns - 1)));
}

function rowOf({ name, edge, mode, msPerToken, predictedMs, answers, handovers, why }: ReaderState): object {
  const rounded = (ms: number | null): string | null => (ms === null ? null : ms.toFixed(1));
  return {
    ...{ device: name, edge, mode, msPerToken: rounded(msPerToken), predicted: rounded(predictedMs) },
    ...{ answers, handovers, why },
  };
}

function note(text: string): void {
  process.stderr.write(`${styleText('dim', text)}\n`);
}
