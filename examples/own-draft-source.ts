// A draft source of your own: whatever guesses the next token. This one looks for the last two tokens earlier in the text and proposes what
// followed them. A wrong guess costs time, never a wrong text.
// In a clone: npm run --silent example examples/own-draft-source.ts [edge] [target] [key]

import { type Drafter, openDevice } from 'outrider';

const [edge = 'ws://127.0.0.1:8642', target = 'smollm2-135m', credentials = ''] = process.argv.slice(2);

const lookBack: Drafter = {
  async draft({ text }) {
    const [before, last] = text.slice(-2);
    for (let at = text.length - 2; at >= 1; at -= 1) {
      const token = text[at + 1];
      if (text[at] === last && text[at - 1] === before && token !== undefined) return { token, confidence: 0.5 };
    }
    return null;
  },
  async [Symbol.asyncDispose]() {},
};

// The source brings no tokenizer, so the device is told whose to use.
const device = await openDevice({ edge, draft: lookBack, target, credentials });
const turn = device.ask('Repeat: one two three one two three one two three', { maxAnswerTokens: 40 });
for await (const { text } of turn) process.stdout.write(text);
const { draftedTokens, acceptedTokens } = await turn.report;
process.stdout.write(`\n${acceptedTokens} of ${draftedTokens} guesses held\n`);
await device.close();
