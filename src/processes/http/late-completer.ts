// A completer that exists before its models are loaded, and until an endpoint that is stopping has ended its last answer.

import { ApiError } from './api-error.ts';
import type { Completer } from './completion-port.ts';

/** Its state is `loading` until `open` is called. */
export interface LateCompleter extends Completer {
  open(completer: Completer): void;
  /** Lets no new answer begin. */
  drain(): void;
}

/** @param createdSeconds s since 1970 */
export function createLateCompleter(model: string, createdSeconds: number): LateCompleter {
  let opened: Completer | null = null;
  let isDraining = false;
  const ready = (): Completer => {
    if (opened !== null) return opened;
    throw new ApiError(503, 'model_loading', 'the models are being loaded; try again later', { retryAfterSeconds: 2 });
  };
  return {
    model,
    createdSeconds,
    get state() {
      return isDraining ? 'draining' : (opened?.state ?? 'loading');
    },
    get contextTokens() {
      return opened?.contextTokens;
    },
    open: (completer) => {
      opened = completer;
    },
    drain: () => {
      isDraining = true;
    },
    count: (prompt) => ready().count(prompt),
    start: (request) => ready().start(request),
  };
}
