// A question to an edge, with a small model here that drafts.
// In a clone: npm run --silent example examples/ask-an-edge.ts [edge] [draft] [key]

import { isOutriderError, openDevice } from 'outrider';

const [edge = 'ws://127.0.0.1:8642', draft = 'smollm2-135m-coarse', credentials = ''] = process.argv.slice(2);

const device = await openDevice({ edge, draft, credentials });
const turn = device.ask('Why is the sky blue?', { maxAnswerTokens: 40 });
try {
  // Each round brings tokens that are final: they are what the large model writes by itself, and never change.
  for await (const { text } of turn) process.stdout.write(text);
  process.stdout.write('\n');
  const { msPerToken, acceptance, tokens } = await turn.report;
  console.error(`${tokens.length} tokens, ${msPerToken?.toFixed(1)} ms each, acceptance ${acceptance?.toFixed(2)}`);
} catch (error) {
  if (!isOutriderError(error)) throw error;
  console.error(`${error.message}; ${error.remedy} [${error.code}]`);
  process.exitCode = 1;
} finally {
  await device.close();
}
