import { describe, expect, it } from 'vitest';
import { isOutriderError } from '../../src/core/basics/errors.ts';
import { presetNames, readPreset } from './presets.ts';
import { parseOverride, parseScenarioText, readScenario } from './read-scenario.ts';
import type { Scenario } from './scenario.ts';

function read(name: string, ...sets: string[]): Scenario {
  return readPreset(name, sets.map(parseOverride));
}

function faultOf(act: () => unknown): { readonly code: string; readonly cause: string; readonly remedy: string } {
  try {
    act();
  } catch (error) {
    if (isOutriderError(error)) return { code: error.code, cause: error.message, remedy: error.remedy };
    throw error;
  }
  throw new Error('nothing was refused');
}

const refusal = (...sets: string[]): string => faultOf(() => read('paper', ...sets)).cause;

describe('presets', () => {
  it.each(presetNames)('%s is complete and reads back the same', (name) => {
    const scenario = read(name);
    expect(scenario.name).toBe(name);
    expect(readScenario(JSON.parse(JSON.stringify(scenario)), name)).toEqual(scenario);
  });

  it('paper gives a reason for every open number', () => {
    const open = Object.values(read('paper').why).filter((reason) => reason.startsWith('Open.'));
    expect(open.length).toBeGreaterThanOrEqual(15);
  });

  it('with another name are refused, with the nearest name', () => {
    const fault = faultOf(() => read('papper'));
    expect(fault).toMatchObject({ code: 'bad-argument', cause: 'no scenario "papper"' });
    expect(fault.remedy).toContain('Did you mean paper?');
    expect(faultOf(() => read('constructor')).cause).toBe('no scenario "constructor"');
  });
});

describe('values set on the command line', () => {
  it('replace those of the file, and remove their reasons', () => {
    const scenario = read(
      'paper',
      'radio.bandwidthMHz=20',
      'workload.tasks.0.windowTokens=7',
      'devices.count={minimum: 2, maximum: 9}',
    );
    expect(scenario.radio.bandwidthMHz).toBe(20);
    expect(scenario.workload.tasks[0]?.windowTokens).toBe(7);
    expect(scenario.devices.count).toEqual({ minimum: 2, maximum: 9 });
    expect(scenario.why).not.toHaveProperty(['radio.bandwidthMHz']);
    expect(scenario.why).toHaveProperty(['radio.noiseFigureDb']);
    expect(read('paper').radio.bandwidthMHz).toBe(10);
  });

  it.each(['radio', '=3', 'a..b=3', '__proto__.x=1'])('are refused when they are no path and value: %s', (text) => {
    expect(faultOf(() => parseOverride(text)).cause).toContain('is not path=value');
  });

  it('are refused inside a plain value, and beyond the end of a list', () => {
    expect(refusal('slotMs.x=1')).toBe('--set slotMs.x: slotMs is 500, which has no parts');
    expect(refusal('workload.tasks.9.windowTokens=1')).toContain('is missing');
    expect(refusal('servers.hardware.9=1')).toBe('--set servers.hardware.9: the list has 3 entries');
  });
});

describe('a broken scenario', () => {
  it.each([
    [
      'devices.transmitPowerDbm.minimum=-300',
      'devices.transmitPowerDbm.minimum is -300; allowed: a number from -20 to 40',
    ],
    ['radio.bandwidthMHz=0', 'radio.bandwidthMHz is 0; allowed: a number from 0.001 to 10000'],
    ['radio.bandwidthMHz=-10', 'radio.bandwidthMHz is -10; allowed: a number from 0.001 to 10000'],
    ['radio.bandwidthMHz=.inf', 'radio.bandwidthMHz is Infinity; allowed: a number from 0.001 to 10000'],
    ['radio.bandwidthMHz=.nan', 'radio.bandwidthMHz is NaN; allowed: a number from 0.001 to 10000'],
    ['radio.bandwidthMHz="10"', 'radio.bandwidthMHz is "10"; allowed: a number from 0.001 to 10000'],
    ['devices.count=181', 'devices.count is more than devices.maximumCount, 180'],
    [
      'devices.count=0',
      'devices.count is 0; allowed: a whole number from 1 to 10000 or an object with minimum, maximum',
    ],
    ['devices.count={minimum: 3, maximum: 1}', 'devices.count.minimum is above maximum'],
    ['devices.count={minimum: 3, maximum: 300}', 'devices.count.maximum is more than devices.maximumCount, 180'],
    ['servers.placement.count=1.5', 'servers.placement.count is 1.5; allowed: a whole number from 1 to 1000'],
    ['servers.placement.kind=ring', 'servers.placement.kind is "ring"; allowed: one of grid, list, map-sites'],
    ['servers.hardware.0.name=rtx-9999', 'servers.hardware[0].name is "rtx-9999"; allowed: one of rtx-2080, rtx-3090'],
    ['workload.payloadLaw=q8', 'workload.payloadLaw is "q8"; allowed: one of q16, ids'],
    ['objective.lambdaUnit=per-hour', 'objective.lambdaUnit is "per-hour"; allowed: one of per-ms, per-s'],
    ['radio.bandwithMHz=10', 'radio.bandwithMHz is unknown; did you mean radio.bandwidthMHz?'],
    ['radios.bandwidthMHz=10', 'radios is unknown; did you mean radio?'],
    ['channel.colour=red', 'channel.colour is unknown; allowed: kind, carrierGHz, shadowing, fading, highLossShare'],
    ['mobility.model=streets', 'mobility.model is "streets"; without a map random-waypoint or still are allowed'],
    ['area=null', 'area is missing; only a map may leave it out'],
    [
      'workload.tasks.0.windowTokens=600',
      'workload.tasks[0].windowTokens is 600; at most half a context of 1024 is allowed',
    ],
    ['workload.tasks.1.kind=code', 'workload.tasks[1].kind is "code" again; each is allowed once'],
    [
      'mobility.hotSpots=[{xM: 900, yM: 1, radiusM: 5, share: 1}]',
      'mobility.hotSpots[0] is at 900, 1; only places in the area',
    ],
    [
      'handover={kind: prefill}',
      'handover.kind is "prefill"; with workload.arrivals one-per-slot no text lasts: only none is allowed',
    ],
    ['handover={kind: pigeon}', 'handover.kind is "pigeon"; allowed: one of none, prefill, transfer'],
    ['handover={kind: transfer, backhaulMbps: 0}', 'handover.backhaulMbps is 0; allowed: a number from 0.001 to'],
    ['knowledge.gainAgeSlots=-1', 'knowledge.gainAgeSlots is -1; allowed: a whole number from 0 to 1000'],
    ['devices.battery.usableShare=0', 'devices.battery.usableShare is 0; allowed: a number from 0.0001 to 1'],
    ['why={radio.colour: x}', 'why has a reason for radio.colour, where there is nothing'],
  ])('%s is refused: %s', (set, cause) => {
    expect(refusal(set)).toContain(cause);
  });

  it('is told all its faults at once', () => {
    const cause = refusal('radio.bandwidthMHz=0', 'devices.count=-1', 'objective.lamda=3', 'slotMs=0');
    expect(cause).toContain('scenario paper: 4 faults: ');
    for (const part of [
      'radio.bandwidthMHz is 0',
      'devices.count is -1',
      'did you mean objective.lambda?',
      'slotMs is 0',
    ]) {
      expect(cause).toContain(part);
    }
  });

  it('on a map may use only what a map has', () => {
    const cause = faultOf(() =>
      read('munich', 'devices.indoorShare=0.2', 'mobility.model=random-waypoint', 'area={widthM: 50, depthM: 50}'),
    ).cause;
    expect(cause).toContain('devices.indoorShare is 0.2; with a map only 0 is allowed');
    expect(cause).toContain('walks through buildings');
    expect(cause).toContain('area is given');
    expect(faultOf(() => read('munich', 'servers.placement={kind: grid, count: 4}')).cause).toContain(
      'only map-sites is allowed',
    );
  });

  it.each([
    ['version: 2', 'is of version 2; this outrider reads version 1', 'Install a newer outrider.'],
    ['version: 0', 'is of version 0', 'Compare it with docs/scenario.schema.json'],
    ['name: x', 'says no version', 'Compare it with docs/scenario.schema.json'],
    ['- 1', 'holds no scenario', 'A scenario begins with "version: 1"'],
    ['', 'holds no scenario', 'A scenario begins with'],
  ])('of another kind is refused with what to do: %s', (text, cause, remedy) => {
    const fault = faultOf(() => readScenario(parseScenarioText(text, 'x.yaml'), 'x.yaml'));
    expect(fault.cause).toContain(cause);
    expect(fault.remedy).toContain(remedy);
  });

  it.each(['a: [', 'a: 1\na: 2', 'a: *nobody'])('that is not YAML is refused: %s', (text) => {
    expect(faultOf(() => parseScenarioText(text, 'x.yaml')).cause).toContain('x.yaml is neither YAML nor JSON');
  });
});
