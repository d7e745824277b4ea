// `outrider allocate`: decides one slot from a JSON file or standard input, and prints each device's server, shares and cost,
// and the largest possible distance from the optimum. The way to use the policies from another program.

import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { Command, Option } from 'commander';
import { type Decision, describeDecision } from '../../src/allocation/slot/describe-decision.ts';
import { requireAssignment } from '../../src/allocation/slot/require-assignment.ts';
import { readState } from '../../src/allocation/slot/slot-json.ts';
import { exampleState } from '../../src/allocation/slot/slot-json-example.ts';
import { OutriderError } from '../../src/core/basics/errors.ts';
import { findPolicy } from '../../src/files/policy-file.ts';
import { assignmentMap } from '../charts/assignment-map.ts';
import { checkFigure, writeFigure } from '../files/render-figure.ts';
import { learnedPolicyList, trainedOn } from '../files/shipped-weights.ts';
import { policyList } from '../policies/policies.ts';
import { printResult } from '../runner/result-output.ts';

interface AllocateFlags {
  readonly state?: string;
  readonly example?: boolean;
  readonly figure?: string;
  readonly policy: string;
  readonly objective?: 'felt' | 'paper';
  readonly certify?: boolean;
  readonly json?: boolean;
}

export function allocateCommand(): Command {
  const names = [
    ...policyList.map(({ name, description, sharing }) => `  ${name.padEnd(nameWidth)} ${description}; ${sharing}`),
    ...learnedPolicyList.map(({ name, description }) => `  ${name.padEnd(nameWidth)} ${description}`),
    `  ${'...@SCENARIO'.padEnd(nameWidth)} such as tma-masac@munich: trained on ${trainedOn.join(', ')} (default ${trainedOn[0]}; paper-ids: drafts sent as ids)`,
    `  ${'masac:FILE'.padEnd(nameWidth)} weights that "outrider train masac --out" wrote`,
  ];
  return new Command('allocate')
    .description('decide the user association and the shares of one slot')
    .option('--state <file|->', 'the slot as JSON (docs/research/allocation.md); - for standard input')
    .option('--policy <name|file>', 'policy, with +equal or +optimal to say how servers share', 'best')
    .addOption(
      new Option(
        '--objective <name>',
        "what to minimise: felt, the predicted time per token of an answer; paper, latency, mismatch and energy of a window as in Koh & Yang 2025 (default: the slot's, otherwise felt where it says the pace of its sessions)",
      ).choices(['felt', 'paper']),
    )
    .option('--certify', "prove the distance from the optimum with the dual's bound, which takes longer")
    .option('--figure <file.svg>', 'draw the decision as a map, and a PNG beside it')
    .option('--example', 'print a slot to begin with, and decide nothing')
    .option('--json', 'print one JSON document')
    .addHelpText('after', `\nPolicies, and how their servers share unless told:\n${names.join('\n')}`)
    .action(async (flags: AllocateFlags) => {
      if (flags.example === true) process.stdout.write(`${exampleState(exampleDevices, exampleServers, 1)}\n`);
      else await allocate(flags);
    });
}

const nameWidth = 18;
const exampleDevices = 24;
const exampleServers = 4;

async function allocate(flags: AllocateFlags): Promise<void> {
  const { state: source, policy, figure } = flags;
  if (source === undefined) {
    const remedy = 'Give --state FILE, or --state - for standard input; --example prints one.';
    throw new OutriderError('bad-argument', 'there is no slot to decide', remedy);
  }
  const { decide, needsPlaces } = await findPolicy(policy);
  if (figure !== undefined) await checkFigure(figure);
  const placesFor = needsPlaces === true ? `policy ${policy}` : figure === undefined ? undefined : 'a map';
  const read = readState(await readText(source), source === '-' ? 'standard input' : source, placesFor);
  const kind = flags.objective ?? read.objective.kind;
  const slot = { ...read, objective: { ...read.objective, kind } };
  const assignment = requireAssignment({ name: policy, decide }, slot);
  const decision = describeDecision(slot, assignment, flags.certify === true);
  if (figure !== undefined) {
    const subtitle = subtitleOf(policy, decision);
    await writeFigure(assignmentMap(slot, assignment, { title: 'User association', subtitle }), figure);
  }
  const { rows, summary } = decision;
  const params = { policy, objective: kind ?? 'paper', certify: flags.certify === true };
  printResult('allocate', { rows, summary: { ...summary }, params }, flags.json === true);
}

function subtitleOf(policy: string, { summary }: Decision): string[] {
  const variableMs = Math.round(summary.costMs - summary.constantMs);
  const gap = summary.variableGap;
  const distance = gap === undefined ? [] : [`At most ${(100 * gap).toPrecision(2)} % above the optimum.`];
  return [`Policy ${policy}. Decisions make ${variableMs} ms of the cost.`, ...distance];
}

async function readText(source: string): Promise<string> {
  if (source === '-') return text(process.stdin);
  return readFile(source, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const remedy = 'Name a file that can be read, or - for standard input.';
    throw new OutriderError('bad-argument', `${source} can't be read: ${error.code}`, remedy, { cause: error });
  });
}
