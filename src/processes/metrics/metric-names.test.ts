// Names of metrics as `promtool check metrics` wants them.

import { expect, it } from 'vitest';
import { createControllerMetrics } from './controller-metrics.ts';
import { createEdgeMetrics } from './edge-metrics.ts';
import { createEndpointMetrics } from './endpoint-metrics.ts';

const ports = {
  edge: () => createEdgeMetrics({ model: 'toy', version: '1', kvTokens: 1 }).text(),
  endpoint: () => createEndpointMetrics({ model: 'toy', version: '1' }, () => 'ready').text(),
  controller: () => createControllerMetrics().text(),
};

it.each(Object.entries(ports))('of an %s: counters end in _total, and nothing else does', async (_, text) => {
  const types = [...(await text()).matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => ({
    name,
    type,
  }));
  expect(types.length).toBeGreaterThan(3);
  expect(types.filter(({ name, type }) => name.endsWith('_total') !== (type === 'counter'))).toEqual([]);
});

it.each(Object.entries(ports))('of an %s: each has a help', async (_, text) => {
  expect([...(await text()).matchAll(/^# HELP (\S+) *$/gm)]).toEqual([]);
});
