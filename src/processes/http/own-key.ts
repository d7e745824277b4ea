// An endpoint that shows edges a key of its own: where an edge refuses that key, the fault is the endpoint's, not its client's.

import { isOutriderError, OutriderError } from '../../core/basics/errors.ts';
import { type Completer, type Round, startingWith } from './completion-port.ts';

/** The same completer; it reports a refused key as `edge-key-refused`. */
export function withOwnKey(completer: Completer): Completer {
  return startingWith(completer, async (request) => {
    const completion = await completer.start(request).catch(rethrow);
    const end = completion.end.catch(rethrow);
    // Whoever reads the rounds learns of the failure there.
    end.catch(() => {});
    return { ...completion, rounds: relabelled(completion.rounds), end };
  });
}

async function* relabelled(rounds: AsyncIterable<Round>): AsyncGenerator<Round> {
  try {
    yield* rounds;
  } catch (error) {
    rethrow(error);
  }
}

function rethrow(error: unknown): never {
  if (!isOutriderError(error) || error.code !== 'unauthorized') throw error;
  const remedy = 'give this endpoint a key of the edge (--key or OUTRIDER_KEY of outrider serve)';
  throw new OutriderError('edge-key-refused', error.message, remedy, { cause: error });
}
