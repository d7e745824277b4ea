// `--metrics-port`: metrics for Prometheus on a port of this machine only, where nobody needs a key.

import { listenMetrics } from '../../processes/http/metrics-app.ts';

export const metricsOption = {
  flag: '--metrics-port <number>',
  help: 'serve metrics for Prometheus at http://127.0.0.1:PORT/metrics as well, without a key; 0: any free port (default: none)',
  whole: [0, 65_535],
} as const;

interface MetricsPort extends AsyncDisposable {
  /** For people: where it is. */
  readonly said: string;
}

/** @param port undefined: none is opened @throws OutriderError `port-in-use`, `bad-argument` */
export async function openMetricsPort(
  port: number | undefined,
  text: () => Promise<string>,
): Promise<MetricsPort | null> {
  if (port === undefined) return null;
  const listener = await listenMetrics(text, port);
  return {
    said: `metrics at http://127.0.0.1:${listener.port}/metrics`,
    [Symbol.asyncDispose]: () => listener.close(),
  };
}
