// The metrics of requests over HTTP: by route and status, never by who asks.

import type { RequestRecord } from '../http/request-record.ts';
import type { MetricSet } from './metric-set.ts';

/** Seconds. */
const durationBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/** @returns counts a request that is over */
export function countRequests(set: MetricSet): (record: RequestRecord) => void {
  const requests = set.counter(
    'http_requests_total',
    'Requests over HTTP that are over, by route ("other": there is none) and status.',
    ['route', 'status'],
  );
  const durations = set.histogram(
    'http_request_duration_seconds',
    'From the headers of a request over HTTP to the end of its answer, by route.',
    durationBounds,
    ['route'],
  );
  return ({ route, status, ms }) => {
    requests.inc({ route, status });
    durations.observe({ route }, ms / 1000);
  };
}
