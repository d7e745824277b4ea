import { stripVTControlCharacters } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ControllerEvent } from '../allocation/controller/controller-events.ts';
import { connectWebSocket } from '../network/transport-node/websocket-client.ts';
import { reachBy } from '../processes/controller/control-client.ts';
import { joinAsDevice } from '../processes/controller/device-agent.ts';
import { controllerCommand } from './controller.ts';
import { controllerNote } from './controller-note.ts';
import { terminationOf } from './terminal/signal.fixture.ts';

const left = { kind: 'left', role: 'device', id: 'phone' } as const;

it.each<[ControllerEvent, string]>([
  [{ kind: 'joined', role: 'edge', id: 'box' }, 'edge box has joined'],
  [
    { kind: 'replaced', role: 'edge', id: 'box' },
    'edge box has joined again; its older connection was closed (two with one name?)',
  ],
  [{ ...left, code: 'done' }, 'device phone has left'],
  [{ ...left, code: 'interrupted' }, 'device phone has left: this controller ends'],
  [{ ...left, code: 'edge-unreachable' }, 'device phone has left: its connection is lost'],
  [{ ...left, code: 'silent' }, 'device phone has left: it has heard nothing from here for too long [silent]'],
  [{ ...left, code: 'superseded' }, 'device phone has left: it obeys a controller with a higher epoch [superseded]'],
  [{ ...left, code: 'unauthorized' }, 'device phone has left [unauthorized]'],
  [
    { kind: 'refused', id: null, code: 'unauthorized', cause: 'it has no key' },
    'refused a stranger: it has no key [unauthorized]',
  ],
  [{ kind: 'refused', id: 'box', code: 'bad-argument', cause: 'no' }, 'refused box: no [bad-argument]'],
  [
    { kind: 'policy-failed', policy: 'mine', fault: 'threw', cause: 'oops' },
    'policy mine failed: oops; greedy decides [threw]',
  ],
  [{ kind: 'policy-late', policy: 'mine', cause: '90 ms' }, 'policy mine is late: 90 ms; greedy decides'],
  [
    { kind: 'not-followed', slot: 7, device: 'phone', edge: 'box', at: 'tower', waitedMs: 5040 },
    'a device has not gone to box: that edge refuses it, or is out of its reach (phone had 5.0 s, and reads from tower)',
  ],
  [
    { kind: 'model-differs', edge: 'box', other: 'tower', model: 'small' },
    'edges box and tower run different models under the name small; neither goes on with a text of the other',
  ],
])('says of %j in a line for people what has happened', (event, line) => {
  expect(controllerNote(event)).toBe(line);
});

it('says nothing of what happens in each slot', () => {
  expect(controllerNote({ kind: 'assigned', slot: 1, device: 'phone', edge: 'box' })).toBeNull();
});

describe('the command', () => {
  afterEach(() => vi.restoreAllMocks());

  it.each([
    [[], /^device phone has joined$/m],
    [['--log'], /^\{"kind":"joined","role":"device","id":"phone"\}$/m],
  ])('with %j writes an event as %s', async (words, line) => {
    const [out, err] = [process.stdout, process.stderr].map((stream) =>
      vi.spyOn(stream, 'write').mockReturnValue(true),
    );
    const written = (spy: typeof out) => stripVTControlCharacters(spy?.mock.calls.map(([part]) => part).join('') ?? '');
    const terminate = terminationOf();
    const opened = Promise.withResolvers<unknown>();
    const ended = controllerCommand(opened.resolve)
      .exitOverride()
      .parseAsync(['--port', '0', ...words], { from: 'user' });
    await Promise.race([opened.promise, ended]);
    const agent = joinAsDevice({
      reach: reachBy(connectWebSocket(written(out).trim(), { peer: 'controller' })),
      id: 'phone',
      credentials: '',
      tokenizerHash: '',
      connectEdge: ({ address }) => connectWebSocket(address),
    });
    await expect.poll(() => written(err)).toMatch(line);
    await agent.close();
    terminate();
    await ended;
  });
});
