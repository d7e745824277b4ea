// An endpoint or edge that still loads its model answers 503 and says for how long: what was asked is asked again, up to a limit.

const mostMs = 120_000;
const longestPauseMs = 5000;

/** Called with a sentence while the endpoint loads, and with null when it is over. */
export type OnWait = (sentence: string | null) => void;

/** @returns the first answer that is another one, or after two minutes the last */
export async function whileLoading(
  ask: () => Promise<Response>,
  onWait: OnWait = () => {},
  signal?: AbortSignal | null,
): Promise<Response> {
  const untilMs = performance.now() + mostMs;
  try {
    for (;;) {
      const answer = await ask();
      const sentence = await loadingWords(answer);
      if (sentence === null || performance.now() >= untilMs) return answer;
      onWait(sentence);
      const seconds = Number(answer.headers.get('retry-after') ?? 1);
      await new Promise((resolve) => setTimeout(resolve, Math.min(1000 * seconds, longestPauseMs)));
      signal?.throwIfAborted();
    }
  } finally {
    onWait(null);
  }
}

/** Null: it is no answer of one that loads. */
async function loadingWords(answer: Response): Promise<string | null> {
  if (answer.status !== 503) return null;
  const { error } = (await answer
    .clone()
    .json()
    .catch(() => ({}))) as { readonly error?: { readonly code?: unknown; readonly message?: unknown } };
  return error?.code === 'model_loading' ? String(error.message) : null;
}
