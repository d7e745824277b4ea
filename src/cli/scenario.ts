// `outrider scenario`: the worlds that the simulator knows, and what a file may say.

import { styleText } from 'node:util';
import { Command } from 'commander';
import { measureLengths } from '../experiments/workload-lengths.ts';
import { findScenario } from '../files/scenario-file.ts';
import { presetNames, readPreset } from '../scenario/presets.ts';
import { scenarioSchemaText, scenarioText } from '../scenario/write-scenario.ts';
import { commandOf } from './option-flags.ts';
import { hardwareTable, reachedTable, reasonsTable } from './scenario-tables.ts';
import { createWorkProgress } from './work-progress.ts';

const nameArgument = {
  argument: '<name|file>',
  help: 'a scenario that comes with outrider, or a YAML or JSON file',
} as const;

function listCommand(): Command {
  return new Command('list').description('list the scenarios that come with outrider').action(() => {
    for (const name of presetNames)
      process.stdout.write(`${styleText('bold', name)}: ${readPreset(name).description}\n`);
  });
}

function showCommand(): Command {
  const description = 'print one scenario with every default filled in; refuses a broken one';
  const options = {
    name: nameArgument,
    set: { flag: '--set <path=value>', help: 'set a value; may be given several times', texts: true, default: [] },
    json: { flag: '--json', help: 'JSON instead of YAML' },
  } as const;
  return commandOf({ name: 'show', description, options }, async ({ name, set, json }) => {
    const scenario = await findScenario(name, set);
    process.stdout.write(json ? `${JSON.stringify(scenario, undefined, 2)}\n` : scenarioText(scenario));
  });
}

function schemaCommand(): Command {
  return new Command('schema')
    .description('print the JSON Schema of scenario files (docs/scenario.schema.json)')
    .action(() => void process.stdout.write(scenarioSchemaText()));
}

function whyCommand(): Command {
  const description = 'print why each number of a scenario is what it is, and what its hardware reaches, as Markdown';
  return commandOf({ name: 'why', description, options: { name: nameArgument } }, async ({ name }) => {
    const scenario = await findScenario(name, []);
    process.stdout.write(`${[...reasonsTable(scenario), '', ...reachedTable(scenario)].join('\n')}\n`);
  });
}

function hardwareCommand(): Command {
  return new Command('hardware')
    .description('print the known phones and GPUs, each figure with its source, as Markdown')
    .action(() => void process.stdout.write(`${hardwareTable().join('\n')}\n`));
}

function lengthsCommand(): Command {
  const description = 'measure the lengths of prompts and answers of each task (src/world/workload-lengths.json)';
  const options = {
    data: {
      flag: '--data <directory>',
      help: 'holds humaneval.jsonl (HumanEval) and spec-bench.jsonl (Spec-Bench)',
      isRequired: true,
    },
    model: {
      flag: '--model <name|path>',
      help: 'model whose tokens are counted, and that answers where the data has no answer',
      default: 'smollm2-135m',
    },
  } as const;
  return commandOf({ name: 'lengths', description, options }, async ({ data, model }) => {
    const progress = createWorkProgress();
    const table = await measureLengths(data, model, progress.update);
    progress.stop();
    process.stdout.write(`${JSON.stringify(table, undefined, 2)}\n`);
  });
}

export function scenarioCommand(): Command {
  return new Command('scenario')
    .description('list, show and check the worlds of the simulator')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(schemaCommand())
    .addCommand(whyCommand())
    .addCommand(hardwareCommand())
    .addCommand(lengthsCommand());
}
