// Stopping an answer with an AbortSignal.
// In a clone: npm run --silent example examples/abort.ts [edge] [draft] [key]

import { isOutriderError, openDevice } from 'outrider';

const [edge = 'ws://127.0.0.1:8642', draft = 'smollm2-135m-coarse', credentials = ''] = process.argv.slice(2);

const device = await openDevice({ edge, draft, credentials });
const controller = new AbortController();
const turn = device.ask('Tell me a long story.', { maxAnswerTokens: 1000, signal: controller.signal });
let length = 0;
try {
  for await (const { text, tokens } of turn) {
    process.stdout.write(text);
    length += tokens.length;
    if (length >= 10) controller.abort();
  }
  // The iteration ends without an error, the edge is told, and what was received stays.
  const { outcome, tokens } = await turn.report;
  process.stdout.write(`\n${outcome.kind} after ${tokens.length} tokens\n`);
} catch (error) {
  if (!isOutriderError(error)) throw error;
  console.error(`${error.message}; ${error.remedy} [${error.code}]`);
  process.exitCode = 1;
} finally {
  await device.close();
}
