// The directory of a run: the settings (config.json), the tables (Parquet), and the result (summary.json), which says whether the run is
// whole. --resume reads a whole run, and begins another one again.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer';
import { badArgument } from '../../../src/core/basics/errors.ts';
import { makeDirectory } from '../../../src/files/make-directory.ts';
import { demandSameSettings } from '../../runner/run-record.ts';
import type { Table, TableName } from '../../simulation/slot-tables.ts';

export interface RunDirectory {
  writeTable(table: Table): void;
  writeReport(html: string): void;
  /** Ends the tables and writes the summary. */
  finish(outcome: object, isWhole: boolean): void;
}

const configName = 'config.json';
const summaryName = 'summary.json';

/**
 * @param config the settings of the run; a resumed run must have the same
 * @throws OutriderError `bad-argument` when the directory holds something else
 */
export function openRunDirectory(directory: string, config: object, resume: boolean): RunDirectory {
  const names = existsSync(directory) ? readdirSync(directory) : [];
  if (resume) requireSameRun(directory, config);
  else if (names.length > 0) {
    const remedy = 'Give an empty or new directory; --resume begins an interrupted run again.';
    throw badArgument(`${directory} is not empty`, remedy);
  }
  makeDirectory(directory);
  writeJson(join(directory, configName), config);
  const writers = new Map<TableName, ParquetWriter>();
  return {
    writeTable(table) {
      const writer = writers.get(table.name) ?? createTable(directory, table);
      writers.set(table.name, writer);
      void writer.write({ columnData: columnsOf(table), rowGroupSize: table.rowCount });
    },
    writeReport: (html) => writeFileSync(join(directory, 'report.html'), html),
    finish(outcome, isWhole) {
      for (const writer of writers.values()) void writer.finish();
      writeJson(join(directory, summaryName), { isWhole, ...outcome });
    },
  };
}

/** The summary of a run that is whole; undefined while it is not. */
export function readWholeRun(directory: string): Readonly<Record<string, unknown>> | undefined {
  const path = join(directory, summaryName);
  if (!existsSync(path)) return undefined;
  const summary = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  return summary['isWhole'] === true ? summary : undefined;
}

function requireSameRun(directory: string, config: object): void {
  const path = join(directory, configName);
  if (!existsSync(path))
    throw badArgument(`${directory} holds no run`, 'Give the directory of an interrupted run, or leave --resume out.');
  demandSameSettings(`the run in ${directory}`, JSON.parse(readFileSync(path, 'utf8')) as object, config);
}

function columnsOf({ columns, rowCount }: Table) {
  const nullable = false as const;
  return columns.map(({ name, type, data }) => ({ name, type, data: data.subarray(0, rowCount), nullable }));
}

function createTable(directory: string, table: Table): ParquetWriter {
  const schema = schemaFromColumnData({ columnData: columnsOf(table) });
  const writer = fileWriter(join(directory, `${table.name}.parquet`));
  return new ParquetWriter({ writer, schema, createdBy: 'outrider' });
}

function writeJson(path: string, value: object): void {
  writeFileSync(path, `${JSON.stringify(value, undefined, 2)}\n`);
}
