// `outrider env`: the simulator as an environment for learning libraries of other languages, over standard input and output: lines of JSON.

import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { commandOf } from '../../src/cli/options/option-flags.ts';
import type { OptionsOf } from '../../src/core/options/options.ts';
import { packageVersion } from '../../src/files/document.ts';
import { findScenario } from '../files/scenario-file.ts';
import { findMapOf } from '../files/shipped-maps.ts';
import { type AgentKind, agentKinds, createAgentEnvironment } from '../training/agent-environment.ts';
import { createAgentLines } from '../training/agent-lines.ts';
import { createEnvironment } from '../training/environment.ts';
import { setOption } from './set-option.ts';

const options = {
  scenario: {
    flag: '--scenario <name|file>',
    help: 'a scenario that comes with outrider, or a file',
    default: 'paper',
  },
  set: setOption,
  agents: {
    flag: '--agents <kind>',
    help: "servers: each gives scores for shares, association by TMA (the paper's); devices: each chooses a server, shares in closed form",
    choices: agentKinds as readonly AgentKind[],
    default: 'servers',
  },
  slots: { flag: '--slots <count>', help: 'slots of an episode', whole: [1, 1_000_000], default: 100 },
} as const;

const notes = `One JSON object a line. The first line out says agents and spaces. Requests: {"kind": "reset", "seed": 1},
{"kind": "step", "actions": [...]}, {"kind": "close"}. The package outrider-env makes a PettingZoo environment of it (docs/research/python.md).`;

export function envCommand(): Command {
  const description = 'the simulator as an environment for learning libraries, over standard input and output';
  return commandOf({ name: 'env', description, options, notes }, serve);
}

async function serve({ scenario: name, set, agents, slots }: OptionsOf<typeof options>): Promise<void> {
  const scenario = await findScenario(name, set);
  const environment = createAgentEnvironment(createEnvironment(scenario, await findMapOf(scenario)), agents);
  const lines = createAgentLines(environment, slots, { outrider: packageVersion(), scenario: scenario.name });
  process.stdout.write(`${lines.hello}\n`);
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === '') continue;
    const answer = lines.answer(line);
    if (answer === undefined) break;
    process.stdout.write(`${answer}\n`);
  }
}
