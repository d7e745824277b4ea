// `outrider serve --prefer measured`: edges in the order of what the device measures of them, instead of that in which they are given.

import { isOutriderError } from '../../core/basics/errors.ts';
import type { EdgeList } from '../../processes/device/edge-list.ts';
import { probeEdge } from '../../processes/device/probe-edge.ts';
import { foreignLine } from '../terminal/terminal-text.ts';

/** What one probe has found; null: the edge does not answer. */
export interface EdgeFound {
  readonly name: string;
  readonly found: {
    readonly model: string;
    readonly contextLength: number;
    readonly roundTripMs: number;
    /** A step with one row, as the edge announces it: its load shows in it; null: not announced. */
    readonly stepMs: number | null;
  } | null;
  /** An edge that loads says so, in a sentence for people. */
  readonly loading?: string;
}

/** Asks all edges at the same time. */
export function probeEdges({ edges }: Pick<EdgeList, 'edges'>): Promise<readonly EdgeFound[]> {
  return Promise.all(
    [...edges.values()].map(async ({ name, connect }) => {
      try {
        const { hello, roundTripMs } = await probeEdge(connect);
        const { model, contextLength, timing } = hello;
        return { name, found: { model, contextLength, roundTripMs, stepMs: timing.stepMs?.[0] ?? null } };
      } catch (error) {
        const isLoading = isOutriderError(error) && error.code === 'edge-loading';
        return { name, found: null, ...(isLoading ? { loading: foreignLine(error.message) } : {}) };
      }
    }),
  );
}

const probeAgainMs = 1000;

/** As {@link probeEdges}, but waits for the first edge where none serves and one loads. @param waits called each time, in words for people */
export async function probeLoaded(
  edges: Pick<EdgeList, 'edges'>,
  { withinMs, signal, waits }: { readonly withinMs: number; readonly signal: AbortSignal; waits(text: string): void },
): Promise<readonly EdgeFound[]> {
  const untilMs = performance.now() + withinMs;
  for (;;) {
    const all = await probeEdges(edges);
    const one = all.find(({ loading }) => loading !== undefined);
    const isOver = performance.now() >= untilMs || signal.aborted;
    if (one === undefined || isOver || all.some(({ found }) => found !== null)) return all;
    waits(`waiting for ${one.name}: ${one.loading}`);
    await new Promise((resolve) => setTimeout(resolve, probeAgainMs));
  }
}

/** One line for each. */
export function edgeLines(edges: readonly EdgeFound[]): readonly string[] {
  return edges.map(({ name, found, loading = 'does not answer yet' }) => {
    if (found === null) return `${name}: ${loading}`;
    const { model, contextLength, roundTripMs } = found;
    return `${name}: ${foreignLine(model)}, ${contextLength} tokens, ${roundTripMs.toFixed(0)} ms away`;
  });
}

/** Names, the edge with the soonest token first: round trip and one step. Equal ones stay as given, those that do not answer are last. */
export function measuredOrder(edges: readonly EdgeFound[]): readonly string[] {
  const ms = ({ found }: EdgeFound): number =>
    found === null ? Number.MAX_VALUE : found.roundTripMs + (found.stepMs ?? 0);
  return [...edges].sort((one, other) => ms(one) - ms(other)).map(({ name }) => name);
}

/** Between two measurements, ms. */
const measureEveryMs = 30_000;

/** Measures again every 30 s, and keeps the order. @param changed called with another order */
export function keepMeasuredOrder(edges: EdgeList, changed: (names: readonly string[]) => void): Disposable {
  let isMeasuring = false;
  const timer = setInterval(async () => {
    if (isMeasuring) return;
    isMeasuring = true;
    const order = measuredOrder(await probeEdges(edges));
    isMeasuring = false;
    if (order.join('\n') === edges.routes.names.join('\n')) return;
    edges.routes.replace(order);
    changed(order);
  }, measureEveryMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
