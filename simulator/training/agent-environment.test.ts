// The environment of several agents and its lines: spaces, masks, rewards, devices that come and go, refusals.

import { describe, expect, it } from 'vitest';
import { readPreset } from '../scenario/presets.ts';
import { parseOverride } from '../scenario/read-scenario.ts';
import { type AgentKind, createAgentEnvironment } from './agent-environment.ts';
import { createAgentLines } from './agent-lines.ts';
import { createEnvironment } from './environment.ts';

const small = ['devices.count=4', 'servers.placement.count=2', 'channel.shadowing=false'];

type Made = ReturnType<typeof createAgentEnvironment>;
const made = new Map<string, Made>();

/** Each is made once, since that draws worlds for the scale; every test begins with a reset. */
function make(kind: AgentKind, preset = 'paper', sets: readonly string[] = small): Made {
  const key = `${kind} ${preset}`;
  const environment =
    made.get(key) ?? createAgentEnvironment(createEnvironment(readPreset(preset, sets.map(parseOverride))), kind);
  made.set(key, environment);
  return environment;
}

function zerosOf({ spaces }: Made): unknown[] {
  const { action, agents } = spaces;
  return agents.map(() => (action.kind === 'scores' ? new Array(action.length).fill(0) : 0));
}

describe('the environment of several agents', () => {
  it.each(['servers', 'devices'] as const)(
    'has observations of its spaces, and is a function of seed and actions: %s',
    (kind) => {
      const environment = make(kind);
      const actions = zerosOf(environment);
      const episode = (seed: number): unknown[] => {
        const seen: unknown[] = [environment.reset(seed)];
        for (let slot = 0; slot < 3; slot++) {
          const outcome = environment.step(actions);
          const { agents, observationLength } = environment.spaces;
          expect(outcome.next.observations.map(({ length }) => length)).toEqual(agents.map(() => observationLength));
          expect(outcome.deviceCost.reduce((sum, cost) => sum + cost, 0) / 4).toBeCloseTo(-outcome.reward, 9);
          seen.push(outcome);
        }
        return seen;
      };
      const first = episode(5);
      expect(episode(6)).not.toEqual(first);
      expect(episode(5)).toEqual(first);
    },
  );

  it('shows agents the same device, server and link, and masks what is not eligible', () => {
    const [servers, devices] = [make('servers').reset(5), make('devices').reset(5)];
    for (const [server, row] of servers.observations.entries()) {
      for (const [device, other] of devices.observations.entries()) {
        const [at, from] = [5 + 14 * device, 8 + 12 * server];
        expect(row.subarray(at + 1, at + 8)).toEqual(other.subarray(1, 8));
        expect(row.subarray(at + 8, at + 14)).toEqual(other.subarray(from + 1, from + 7));
        expect(row.subarray(0, 5)).toEqual(other.subarray(from + 7, from + 12));
        expect([other[0], row[at], servers.masks[server]?.[device]]).toEqual([1, other[from], other[from]]);
        expect(devices.masks[device]?.[server]).toBe(other[from]);
      }
    }
    expect(new Set(servers.masks.flatMap((mask) => [...mask]))).toContain(1);
  });

  it('lets scores decide shares, and devices decide servers', () => {
    const costOf = (kind: AgentKind, actions: unknown[]): number => {
      const environment = make(kind);
      environment.reset(5);
      return environment.step(actions).costMs;
    };
    const scores = (value: number): unknown[] => [new Array(8).fill(value), new Array(8).fill(value)];
    // A score of -8 leaves the band to the slack.
    expect(costOf('servers', scores(-8))).toBeGreaterThan(10 * costOf('servers', scores(3)));
    expect(costOf('devices', [0, 0, 0, 0])).not.toBe(costOf('devices', [0, 1, 0, 1]));
  });

  it('keeps the place of a device that has no task', () => {
    const environment = make('devices', 'coupled', ['channel.shadowing=false']);
    let { observations, masks } = environment.reset(3);
    let idle = 0;
    let busy = 0;
    for (let slot = 0; slot < 10; slot++) {
      for (const [device, row] of observations.entries()) {
        if (row[0] === 1) busy++;
        else {
          idle++;
          expect(row.every((one) => one === 0)).toBe(true);
          expect(masks[device]?.every((one) => one === 1)).toBe(true);
        }
      }
      ({ observations, masks } = environment.step(zerosOf(environment)).next);
    }
    expect(Math.min(idle, busy)).toBeGreaterThan(0);
  });
});

describe('its lines', () => {
  const linesOf = (kind: AgentKind) => createAgentLines(make(kind), 2, { outrider: '1' });
  const ask = (lines: ReturnType<typeof linesOf>, request: unknown) =>
    JSON.parse(lines.answer(typeof request === 'string' ? request : JSON.stringify(request)) ?? 'null');

  it('say hello, answer, cut the episode, and close', () => {
    const lines = linesOf('devices');
    expect(JSON.parse(lines.hello)).toMatchObject({
      kind: 'spaces',
      protocol: 1,
      agents: { length: 4 },
      outrider: '1',
    });
    expect(ask(lines, { kind: 'reset', seed: 1 })).toMatchObject({ kind: 'slot', masks: { length: 4 } });
    const step = { kind: 'step', actions: [0, 0, 0, 0] };
    expect(ask(lines, step)).toMatchObject({ truncated: false, deviceCost: { length: 4 } });
    expect(ask(lines, step)).toMatchObject({ truncated: true });
    expect(ask(lines, step)).toMatchObject({ kind: 'error', cause: 'the episode is over' });
    expect(lines.answer('{"kind":"close"}')).toBeUndefined();
  });

  it.each([
    ['no JSON', '{', 'no JSON object'],
    ['a number', '7', 'no JSON object'],
    ['another request', { kind: 'dance' }, 'no request "dance"'],
    ['no seed', { kind: 'reset' }, 'the seed is undefined'],
    ['a seed below 0', { kind: 'reset', seed: -1 }, 'the seed is -1'],
    ['too few actions', { kind: 'step', actions: [0] }, '1 actions for 4 agents'],
    ['a server that is none', { kind: 'step', actions: [0, 0, 2, 0] }, 'the action of device_2'],
    ['no actions', { kind: 'step' }, 'no list'],
  ])('refuse %s, and go on', (_, request, cause) => {
    const lines = linesOf('devices');
    ask(lines, { kind: 'reset', seed: 1 });
    expect(ask(lines, request)).toMatchObject({
      kind: 'error',
      code: 'bad-argument',
      cause: expect.stringContaining(cause),
    });
    expect(ask(lines, { kind: 'step', actions: [0, 0, 0, 0] })).toMatchObject({ kind: 'slot' });
  });

  it('refuse scores that are no numbers', () => {
    const lines = linesOf('servers');
    ask(lines, { kind: 'reset', seed: 1 });
    const bad = [new Array(8).fill(0), new Array(8).fill(null)];
    expect(ask(lines, { kind: 'step', actions: bad })).toMatchObject({
      kind: 'error',
      cause: expect.stringContaining('server_1'),
    });
  });
});
