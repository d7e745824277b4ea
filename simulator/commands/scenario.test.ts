import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findScenario } from '../files/scenario-file.ts';
import { presetNames, readPreset } from '../scenario/presets.ts';
import { parseScenarioText, readScenario } from '../scenario/read-scenario.ts';
import { scenarioSchemaText, scenarioText } from '../scenario/write-scenario.ts';
import { scenarioNumbersPage } from './scenario-tables.ts';

describe('outrider scenario', () => {
  it('prints the schema that is published: "outrider scenario schema > docs/scenario.schema.json"', () => {
    expect(JSON.parse(readFileSync('docs/scenario.schema.json', 'utf8'))).toEqual(JSON.parse(scenarioSchemaText()));
  });

  it('publishes a schema in which a file that extends another may leave out the rest, but not a part of a list', () => {
    const { anyOf } = JSON.parse(scenarioSchemaText()) as { anyOf: [Node, Node] };
    type Node = { required?: string[]; properties: Record<string, Node>; items: Node; anyOf: Node[] };
    const [whole, part] = anyOf;
    expect(whole.properties).not.toHaveProperty('extends');
    expect(whole.required).toContain('radio');
    expect(part.required).toEqual(['extends']);
    expect(part.properties['radio']).not.toHaveProperty('required');
    expect(part.properties['channel']?.anyOf[0]).not.toHaveProperty('required');
    expect(part.properties['workload']?.properties['tasks']?.items.required).toContain('windowTokens');
  });

  it.each(presetNames)('shows %s as a file that reads back the same', (name) => {
    const scenario = readPreset(name);
    expect(readScenario(parseScenarioText(scenarioText(scenario), name), name)).toEqual(scenario);
  });

  it('writes docs/research/scenario-numbers.md: "npm run docs:commands"', () => {
    expect(readFileSync('docs/research/scenario-numbers.md', 'utf8')).toBe(
      scenarioNumbersPage(readPreset('paper'), readPreset('city-70b')),
    );
  });

  it('has a row for each preset in docs/research/simulator.md', () => {
    const page = readFileSync('docs/research/simulator.md', 'utf8');
    for (const name of presetNames) expect(page).toContain(`| \`${name}\` |`);
  });

  it('tells a file that is not there from a name that is not known', async () => {
    await expect(findScenario('./nowhere.yaml', [])).rejects.toThrow("./nowhere.yaml can't be read: ENOENT");
    await expect(findScenario('nowhere', [])).rejects.toThrow('no scenario "nowhere"');
    await expect(findScenario('package.json', [])).rejects.toThrow('scenario package.json is of version "0.1.0"');
  });
});
