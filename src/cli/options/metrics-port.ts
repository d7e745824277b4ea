// `--metrics-port`: metrics for Prometheus on a port of this machine only, where no key is needed.

import { listenMetrics } from '../../processes/http/metrics-app.ts';

export const metricsOption = {
  flag: '--metrics-port <number>',
  help: 'serve metrics for Prometheus at http://127.0.0.1:PORT/metrics as well, without a key; 0: any free port (default: none)',
  whole: [0, 65_535],
} as const;

/** @param port undefined: none is opened @param note gets its address, for people @throws OutriderError `port-in-use`, `bad-argument` */
export async function openMetricsPort(
  port: number | undefined,
  text: () => Promise<string>,
  note: (line: string) => void,
): Promise<AsyncDisposable | null> {
  if (port === undefined) return null;
  const listener = await listenMetrics(text, port);
  note(`metrics at http://127.0.0.1:${listener.port}/metrics`);
  return { [Symbol.asyncDispose]: () => listener.close() };
}
