// The eight lines of README.md: a question to an edge, with a small model here that drafts.
// In a clone: npm run --silent example examples/quickstart.ts [edge] [draft] [key]

import { openDevice } from 'outrider';

const [edge = 'ws://127.0.0.1:8642', draft = 'smollm2-135m-coarse', credentials = ''] = process.argv.slice(2);
const device = await openDevice({ edge, draft, credentials });
const turn = device.ask('Why is the sky blue?', { maxAnswerTokens: 40, onLoading: console.error });
for await (const { text } of turn) process.stdout.write(text);
const { msPerToken, tokens, acceptedTokens } = await turn.report;
console.error(`\n${msPerToken?.toFixed(1)} ms per token, ${acceptedTokens} of ${tokens.length} tokens drafted here`);
await device.close();
