// The metrics of requests over HTTP: by route and status, never by who asks.

import { Counter, Histogram, type Registry } from 'prom-client';
import type { RequestRecord } from '../http/request-record.ts';
import { prefix } from './answer-metrics.ts';

/** Seconds. */
const durationBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/** @returns told of each request that is over */
export function countRequests(registry: Registry): (record: RequestRecord) => void {
  const registers = [registry];
  const requests = new Counter({
    name: `${prefix}http_requests_total`,
    help: 'Requests over HTTP that are over, by route ("other": there is none) and status.',
    labelNames: ['route', 'status'],
    registers,
  });
  const durations = new Histogram({
    name: `${prefix}http_request_duration_seconds`,
    help: 'From the headers of a request over HTTP to the end of its answer, by route.',
    labelNames: ['route'],
    buckets: durationBounds,
    registers,
  });
  return ({ route, status, ms }) => {
    requests.inc({ route, status });
    durations.observe({ route }, ms / 1000);
  };
}
