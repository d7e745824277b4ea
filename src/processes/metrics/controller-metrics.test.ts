import { expect, it } from 'vitest';
import type { DecidedEvent } from '../../allocation/controller/controller-events.ts';
import { type ControllerMetrics, createControllerMetrics } from './controller-metrics.ts';

function start(): ControllerMetrics {
  const metrics = createControllerMetrics();
  metrics.follow({ status: { epoch: 7, edges: 2, devices: 3 } });
  return metrics;
}

function decided(policy: string, paces: readonly [string, string | null, number, number | null][]): DecidedEvent {
  return {
    kind: 'decided',
    slot: 1,
    policy,
    edges: 4,
    devices: 3,
    moves: 1,
    shut: [
      { edge: 'x', why: 'full' },
      { edge: 'y', why: 'draining' },
      { edge: 'z', why: 'full' },
    ],
    paces: paces.map(([device, edge, predictedLaterMs, feltMs]) => {
      return {
        device,
        edge,
        predictedMs: 2 * predictedLaterMs,
        predictedLaterMs,
        rows: 1,
        feltMs,
        expectedTokens: null,
        bandwidthShare: 0,
        reason: null,
      };
    }),
  };
}

async function valueIn(metrics: ControllerMetrics, series: string): Promise<number | undefined> {
  const text = await metrics.text();
  const line = text.split('\n').find((one) => one.startsWith(`outrider_controller_${series} `));
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
}

it('has a value for what has not happened yet, and every line is one that Prometheus reads', async () => {
  const metrics = start();
  expect(await valueIn(metrics, 'members{role="edge"}')).toBe(2);
  expect(await valueIn(metrics, 'members{role="device"}')).toBe(3);
  expect(await valueIn(metrics, 'moves_total')).toBe(0);
  expect(await valueIn(metrics, 'epoch')).toBe(7);
  metrics.onEvent({ kind: 'policy-failed', policy: 'a "quoted"\n\\name', fault: 'slow', cause: '' });
  metrics.onEvent({ kind: 'policy-late', policy: 'best', cause: '' });
  const text = await metrics.text();
  expect(text.endsWith('\n')).toBe(true);
  for (const line of text.split('\n').filter((one) => one !== '')) {
    expect(line).toMatch(
      /^(# (HELP|TYPE) outrider_controller_[a-z_]+ .+|outrider_controller_[a-z_]+(\{[a-z]+="(\\.|[^"\\\n])*"(,[a-z]+="(\\.|[^"\\\n])*")*\})? [\d.e+-]+)$/,
    );
  }
  expect(text).toContain('policy_failures_total{policy="a \\"quoted\\"\\n\\\\name",fault="slow"} 1');
  expect(text).toContain('policy_late_total{policy="best"} 1');
});

it('counts members, refusals, policies, failures and moves', async () => {
  const metrics = start();
  metrics.onEvent({ kind: 'joined', role: 'device', id: 'one' });
  metrics.onEvent({ kind: 'replaced', role: 'device', id: 'one' });
  metrics.onEvent({ kind: 'left', role: 'edge', id: 'a', code: 'superseded' });
  metrics.onEvent({ kind: 'refused', id: null, code: 'unauthorized', cause: '' });
  metrics.onEvent({ kind: 'not-followed', slot: 5, device: 'one', edge: 'a', at: null, waitedMs: 5000 });
  metrics.onEvent({ kind: 'model-differs', edge: 'b', other: 'a', model: 'toy' });
  metrics.onEvent({ kind: 'assigned', slot: 5, device: 'one', edge: 'a' });
  metrics.onEvent(decided('best', [['one', 'a', 50, null]]));
  metrics.onEvent(decided('greedy', [['one', 'a', 50, null]]));
  metrics.onEvent(decided('none', []));
  metrics.onEvent(decided('best', []));
  expect(await valueIn(metrics, 'joins_total{role="device"}')).toBe(2);
  expect(await valueIn(metrics, 'leaves_total{role="edge",code="superseded"}')).toBe(1);
  expect(await valueIn(metrics, 'model_differs_total')).toBe(1);
  for (const [state, count] of Object.entries({ serving: 1, draining: 1, full: 2 }))
    expect(await valueIn(metrics, `edges{state="${state}"}`)).toBe(count);
  expect(await valueIn(metrics, 'refusals_total{code="unauthorized"}')).toBe(1);
  expect(await valueIn(metrics, 'orders_not_followed_total')).toBe(1);
  expect(await valueIn(metrics, 'assignments_total')).toBe(1);
  expect(await valueIn(metrics, 'slots_total{policy="best"}')).toBe(1);
  expect(await valueIn(metrics, 'slots_total{policy="greedy"}')).toBe(1);
  expect(await valueIn(metrics, 'slots_total{policy="none"}')).toBe(1);
  expect(await valueIn(metrics, 'idle_slots_total')).toBe(1);
  expect(await valueIn(metrics, 'moves_total')).toBe(4);
});

it('compares what is felt with what was predicted a slot ago, for the edge that wrote', async () => {
  const metrics = start();
  metrics.onEvent(decided('best', [['one', 'a', 110, 999]]));
  expect(await valueIn(metrics, 'prediction_error_ratio_count')).toBe(0);
  // 110 / 100 - 1 = 0.1
  metrics.onEvent(decided('best', [['one', 'a', 50, 100]]));
  expect(await valueIn(metrics, 'prediction_error_ratio_sum')).toBeCloseTo(0.1);
  // It has moved, has felt nothing, or was not there: nothing is compared.
  metrics.onEvent(decided('best', [['one', 'b', 50, 100]]));
  metrics.onEvent(decided('best', [['one', 'b', 50, null]]));
  metrics.onEvent(decided('best', [['two', 'b', 50, 100]]));
  expect(await valueIn(metrics, 'unserved_total')).toBe(0);
  metrics.onEvent(decided('best', [['two', null, 50, 100]]));
  expect(await valueIn(metrics, 'unserved_total')).toBe(1);
  expect(await valueIn(metrics, 'prediction_error_ratio_count')).toBe(1);
  expect(await valueIn(metrics, 'prediction_error_ratio_bucket{le="0.05"}')).toBe(0);
  expect(await valueIn(metrics, 'prediction_error_ratio_bucket{le="0.15"}')).toBe(1);
  expect(await valueIn(metrics, 'prediction_error_ratio_bucket{le="+Inf"}')).toBe(1);
});

it('sorts decision times into buckets, in seconds', async () => {
  const metrics = start();
  for (const ms of [2, 20, 20_000]) metrics.onDecision(ms);
  expect(await valueIn(metrics, 'decision_seconds_bucket{le="0.003"}')).toBe(1);
  expect(await valueIn(metrics, 'decision_seconds_bucket{le="10"}')).toBe(2);
  expect(await valueIn(metrics, 'decision_seconds_bucket{le="+Inf"}')).toBe(3);
  expect(await valueIn(metrics, 'decision_seconds_sum')).toBeCloseTo(20.022);
});

it('has an end of series, however many codes there are', async () => {
  const metrics = start();
  for (let one = 0; one < 1000; one += 1)
    metrics.onEvent({ kind: 'refused', id: null, code: `code-${one}`, cause: '' });
  expect(await valueIn(metrics, 'refusals_total{code="other"}')).toBe(900);
});

it('counts the edges of all its cells, without those that it decides for no more', async () => {
  const metrics = start();
  const event = { ...decided('best', []), edges: 4 };
  metrics.onEvent(event, 'north');
  metrics.onEvent({ ...event, edges: 3, shut: [] }, 'south');
  const states = async () => Promise.all(['serving', 'full'].map((one) => valueIn(metrics, `edges{state="${one}"}`)));
  expect(await states()).toEqual([4, 2]);
  metrics.ended('north');
  expect(await states()).toEqual([3, 0]);
});

it('compares the predictions of each cell with what is felt there', async () => {
  const metrics = start();
  metrics.onEvent(decided('best', [['one', 'a', 50, null]]), 'north');
  metrics.onEvent(decided('best', []), 'south');
  metrics.onEvent(decided('best', [['one', 'a', 50, 50]]), 'north');
  expect(await valueIn(metrics, 'prediction_error_ratio_count')).toBe(1);
});

it('shows who leads, how old a lease is, and that the store is lost', async () => {
  const metrics = start();
  expect(await valueIn(metrics, 'store_up')).toBe(0);
  const north = { cell: 'north', epoch: 7, holder: 'me', ageMs: 1500 };
  const south = { cell: 'south', epoch: null, holder: null, ageMs: null };
  metrics.followFleet(() => ({ cells: [north, south], isStoreUp: true, storeFailures: { 'disk-full': 2 } }));
  const values = async (name: string) =>
    Promise.all(['north', 'south'].map((cell) => valueIn(metrics, `${name}{cell="${cell}"}`)));
  expect(await values('cell_leading')).toEqual([1, 0]);
  expect(await values('cell_led')).toEqual([1, 0]);
  expect(await values('cell_epoch')).toEqual([7, 0]);
  expect(await values('cell_lease_age_seconds')).toEqual([1.5, undefined]);
  expect(await valueIn(metrics, 'store_up')).toBe(1);
  expect(await valueIn(metrics, 'store_failures_total{code="disk-full"}')).toBe(2);
});
