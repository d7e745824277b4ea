// `outrider scenario`: the worlds that the simulator knows, and what a file may say.

import { styleText } from 'node:util';
import { Command } from 'commander';
import { measureLengths } from '../experiments/workload-lengths.ts';
import { findScenario, gather } from '../files/scenario-file.ts';
import { presetNames, readPreset } from '../scenario/presets.ts';
import { scenarioSchemaText, scenarioText } from '../scenario/write-scenario.ts';
import { hardwareTable, reachedTable, reasonsTable } from './scenario-tables.ts';
import { createWorkProgress } from './work-progress.ts';

function listCommand(): Command {
  return new Command('list').description('the scenarios that come with outrider').action(() => {
    for (const name of presetNames)
      process.stdout.write(`${styleText('bold', name)}: ${readPreset(name).description}\n`);
  });
}

interface ShowFlags {
  readonly set: readonly string[];
  readonly json?: boolean;
}

function showCommand(): Command {
  return new Command('show')
    .description('one scenario with every default filled in; refuses a broken one')
    .argument('<name|file>', 'a scenario that comes with outrider, or a YAML or JSON file')
    .option('--set <path=value>', 'set a value; may be given several times', gather, [])
    .option('--json', 'JSON instead of YAML')
    .action(async (name: string, { set, json }: ShowFlags) => {
      const scenario = await findScenario(name, set);
      process.stdout.write(json === true ? `${JSON.stringify(scenario, undefined, 2)}\n` : scenarioText(scenario));
    });
}

function schemaCommand(): Command {
  return new Command('schema')
    .description('JSON Schema of scenario files: docs/scenario.schema.json')
    .action(() => void process.stdout.write(scenarioSchemaText()));
}

function whyCommand(): Command {
  return new Command('why')
    .description('the reasons of a scenario, and what its hardware reaches, as Markdown')
    .argument('<name|file>')
    .action(async (name: string) => {
      const scenario = await findScenario(name, []);
      process.stdout.write(`${[...reasonsTable(scenario), '', ...reachedTable(scenario)].join('\n')}\n`);
    });
}

function hardwareCommand(): Command {
  return new Command('hardware')
    .description('phones and GPUs, each figure with its source, as Markdown')
    .action(() => void process.stdout.write(`${hardwareTable().join('\n')}\n`));
}

function lengthsCommand(): Command {
  return new Command('lengths')
    .description('measure prompts and answers of the tasks: src/world/workload-lengths.json')
    .requiredOption('--data <directory>', 'holds humaneval.jsonl (HumanEval) and spec-bench.jsonl (Spec-Bench)')
    .option('--model <name|path>', 'whose tokens are counted, and who answers where the data does not', 'smollm2-135m')
    .action(async ({ data, model }: { data: string; model: string }) => {
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
