import { expect, it } from 'vitest';
import type { DecidedEvent } from './controller-events.ts';
import { ControllerMetrics } from './controller-metrics.ts';

const gauges = { epoch: 7, edges: 2, devices: 3 };

function decided(policy: string, paces: readonly [string, string | null, number, number | null][]): DecidedEvent {
  return {
    ...{ kind: 'decided', slot: 1, policy, edges: 4, devices: 3, moves: 1 },
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
        feltMs,
        bandwidthShare: 0,
        reason: null,
      };
    }),
  };
}

function valueIn(metrics: ControllerMetrics, series: string): number | undefined {
  const line = metrics
    .text(gauges)
    .split('\n')
    .find((one) => one.startsWith(`outrider_controller_${series} `));
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
}

it('has a value for what has not happened yet, and every line is one that Prometheus reads', () => {
  const metrics = new ControllerMetrics();
  expect(valueIn(metrics, 'members{role="edge"}')).toBe(2);
  expect(valueIn(metrics, 'members{role="device"}')).toBe(3);
  expect(valueIn(metrics, 'moves_total')).toBe(0);
  expect(valueIn(metrics, 'epoch')).toBe(7);
  metrics.event({ kind: 'policy-failed', policy: 'a "quoted"\n\\name', fault: 'slow', cause: '' });
  metrics.event({ kind: 'policy-late', policy: 'best', cause: '' });
  const text = metrics.text(gauges);
  expect(text.endsWith('\n')).toBe(true);
  for (const line of text.trimEnd().split('\n')) {
    expect(line).toMatch(
      /^(# (HELP|TYPE) outrider_controller_[a-z_]+ .+|outrider_controller_[a-z_]+(\{[a-z]+="(\\.|[^"\\\n])*"(,[a-z]+="(\\.|[^"\\\n])*")*\})? [\d.e+-]+)$/,
    );
  }
  expect(text).toContain('policy_failures_total{policy="a \\"quoted\\"\\n\\\\name",fault="slow"} 1');
  expect(text).toContain('policy_late_total{policy="best"} 1');
});

it('counts members, refusals, policies, failures and moves', () => {
  const metrics = new ControllerMetrics();
  metrics.event({ kind: 'joined', role: 'device', id: 'one' });
  metrics.event({ kind: 'replaced', role: 'device', id: 'one' });
  metrics.event({ kind: 'left', role: 'edge', id: 'a', code: 'superseded' });
  metrics.event({ kind: 'refused', id: null, code: 'unauthorized', cause: '' });
  metrics.event({ kind: 'not-followed', slot: 5, device: 'one', edge: 'a' });
  metrics.event({ kind: 'model-differs', edge: 'b', other: 'a', model: 'toy' });
  metrics.event({ kind: 'assigned', slot: 5, device: 'one', edge: 'a' });
  metrics.event(decided('best', [['one', 'a', 50, null]]));
  metrics.event(decided('greedy', [['one', 'a', 50, null]]));
  metrics.event(decided('none', []));
  metrics.event(decided('best', []));
  expect(valueIn(metrics, 'joins_total{role="device"}')).toBe(2);
  expect(valueIn(metrics, 'leaves_total{role="edge",code="superseded"}')).toBe(1);
  expect(valueIn(metrics, 'model_differs_total')).toBe(1);
  for (const [state, count] of Object.entries({ serving: 1, draining: 1, full: 2 }))
    expect(valueIn(metrics, `edges{state="${state}"}`)).toBe(count);
  expect(valueIn(metrics, 'refusals_total{code="unauthorized"}')).toBe(1);
  expect(valueIn(metrics, 'orders_not_followed_total')).toBe(1);
  expect(valueIn(metrics, 'assignments_total')).toBe(1);
  expect(valueIn(metrics, 'slots_total{policy="best"}')).toBe(1);
  expect(valueIn(metrics, 'slots_total{policy="greedy"}')).toBe(1);
  expect(valueIn(metrics, 'slots_total{policy="none"}')).toBe(1);
  expect(valueIn(metrics, 'idle_slots_total')).toBe(1);
  expect(valueIn(metrics, 'moves_total')).toBe(4);
});

it('compares what is felt with what was predicted a slot ago, for the edge that wrote', () => {
  const metrics = new ControllerMetrics();
  metrics.event(decided('best', [['one', 'a', 110, 999]]));
  expect(valueIn(metrics, 'prediction_error_ratio_count')).toBe(0);
  // 110 / 100 - 1 = 0.1
  metrics.event(decided('best', [['one', 'a', 50, 100]]));
  expect(valueIn(metrics, 'prediction_error_ratio_sum')).toBeCloseTo(0.1);
  // It has moved, has felt nothing, or was not there: nothing is compared.
  metrics.event(decided('best', [['one', 'b', 50, 100]]));
  metrics.event(decided('best', [['one', 'b', 50, null]]));
  metrics.event(decided('best', [['two', 'b', 50, 100]]));
  expect(valueIn(metrics, 'unserved_total')).toBe(0);
  metrics.event(decided('best', [['two', null, 50, 100]]));
  expect(valueIn(metrics, 'unserved_total')).toBe(1);
  expect(valueIn(metrics, 'prediction_error_ratio_count')).toBe(1);
  expect(valueIn(metrics, 'prediction_error_ratio_bucket{le="0.05"}')).toBe(0);
  expect(valueIn(metrics, 'prediction_error_ratio_bucket{le="0.15"}')).toBe(1);
  expect(valueIn(metrics, 'prediction_error_ratio_bucket{le="+Inf"}')).toBe(1);
});

it('sorts decision times into buckets, in seconds', () => {
  const metrics = new ControllerMetrics();
  for (const ms of [2, 20, 20_000]) metrics.decidedIn(ms);
  expect(valueIn(metrics, 'decision_seconds_bucket{le="0.003"}')).toBe(1);
  expect(valueIn(metrics, 'decision_seconds_bucket{le="10"}')).toBe(2);
  expect(valueIn(metrics, 'decision_seconds_bucket{le="+Inf"}')).toBe(3);
  expect(valueIn(metrics, 'decision_seconds_sum')).toBeCloseTo(20.022);
});

it('has an end of series, however many codes there are', () => {
  const metrics = new ControllerMetrics();
  for (let one = 0; one < 1000; one += 1) metrics.event({ kind: 'refused', id: null, code: `code-${one}`, cause: '' });
  expect(valueIn(metrics, 'refusals_total{code="other"}')).toBe(900);
});
