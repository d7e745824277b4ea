// `outrider scenario`: the preset worlds of the simulator, and the fields of a scenario file.

import { styleText } from 'node:util';
import { Command } from 'commander';
import { commandOf } from '../../src/cli/options/option-flags.ts';
import { printDocument } from '../../src/files/document.ts';
import { findScenario } from '../files/scenario-file.ts';
import { createWorkProgress } from '../runner/work-progress.ts';
import { presetNames, readPreset } from '../scenario/presets.ts';
import { scenarioSchemaText, scenarioText } from '../scenario/write-scenario.ts';
import { hardwareList } from '../world/hardware.ts';
import { hardwareTable, reachedTable, reasonsOf, reasonsTable } from './scenario-tables.ts';
import { measureLengths } from './workload-lengths.ts';

const nameArgument = {
  argument: '<name|file>',
  help: 'a scenario that comes with outrider, or a YAML or JSON file',
} as const;

const jsonOption = { flag: '--json', help: 'print one JSON document' } as const;

function listCommand(): Command {
  const description = 'list the scenarios that come with outrider';
  return commandOf({ name: 'list', description, options: { json: jsonOption } }, ({ json }) => {
    const rows = presetNames.map((name) => ({ name, description: readPreset(name).description }));
    if (json) printDocument('scenario list', { rows, summary: { scenarios: rows.length } });
    else for (const row of rows) process.stdout.write(`${styleText('bold', row.name)}: ${row.description}\n`);
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
  const description = 'print the JSON Schema of scenario files (docs/scenario.schema.json)';
  const options = { json: { ...jsonOption, help: 'the same: a schema is JSON' } } as const;
  return commandOf({ name: 'schema', description, options }, () => void process.stdout.write(scenarioSchemaText()));
}

function whyCommand(): Command {
  const description = 'print why each number of a scenario is what it is, and what its hardware reaches, as Markdown';
  const options = { name: nameArgument, json: jsonOption };
  return commandOf({ name: 'why', description, options }, async ({ name, json }) => {
    const scenario = await findScenario(name, []);
    if (json) {
      const rows = reasonsOf(scenario);
      printDocument('scenario why', { rows, summary: { scenario: scenario.name, reasons: rows.length } });
      return;
    }
    process.stdout.write(`${[...reasonsTable(scenario), '', ...reachedTable(scenario)].join('\n')}\n`);
  });
}

function hardwareCommand(): Command {
  const description = 'print the known phones and GPUs, each figure with its source, as Markdown';
  return commandOf({ name: 'hardware', description, options: { json: jsonOption } }, ({ json }) => {
    if (json) printDocument('scenario hardware', { rows: hardwareList, summary: { hardware: hardwareList.length } });
    else process.stdout.write(`${hardwareTable().join('\n')}\n`);
  });
}

function lengthsCommand(): Command {
  const description = 'measure the lengths of prompts and answers of each task (simulator/world/workload-lengths.json)';
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
    json: { ...jsonOption, help: 'the same: the table is JSON' },
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
