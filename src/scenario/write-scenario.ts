// Writes a scenario as a file that reads back the same.

import { stringify } from 'yaml';
import type { Scenario } from './scenario.ts';
import { scenarioJsonSchema } from './schema.ts';

/** YAML. */
export function scenarioText(scenario: Scenario): string {
  return stringify(scenario, { lineWidth: 120 });
}

/** The published schema, the content of docs/scenario.schema.json. */
export function scenarioSchemaText(): string {
  return `${JSON.stringify(scenarioJsonSchema(), undefined, 2)}\n`;
}
