// A page that asks an edge. Vite, esbuild or any other bundler takes it as it is.

import { createDevice, createNgramModel, createToyModel, ModelDrafter, probeEdge } from 'outrider/device';

const edge = new URLSearchParams(location.search).get('edge') ?? 'ws://127.0.0.1:8642';
const answer = document.querySelector('#answer') as HTMLElement;

async function ask(question: string): Promise<void> {
  // Your application brings the tokenizer of the edge's model. Here the edge has a toy, so the toy's will do.
  const { tokenizer } = createToyModel({ seed: 1, role: 'draft' });
  const { hello } = await probeEdge(edge);
  if (hello.tokenizerHash !== tokenizer.hash) throw new Error(`${hello.model} needs another tokenizer`);

  // What the text says already is a draft without a model file. A wrong draft costs time, never a wrong text.
  const drafter = new ModelDrafter(createNgramModel({ tokenizer }));
  const turn = createDevice({ edge, tokenizer, drafter }).ask(question, { maxAnswerTokens: 40 });
  for await (const { text } of turn) answer.append(text);
  const { outcome } = await turn.report;
  answer.dataset['outcome'] = outcome.kind;
}

ask('Why is the sky blue?').catch((error: Error) => {
  answer.dataset['outcome'] = error.message;
});
