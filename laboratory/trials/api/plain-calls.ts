// Requests without any client: what operators and scripts ask, and what a curl line sends.

import { type ApiCall, type ApiPlace, chatAsked, demand, sampled, textAsked } from './call.ts';

export const plainCalls: readonly ApiCall[] = [
  {
    name: 'GET /health, and /version and /metrics where they are',
    async run(place) {
      const paths = ['/version', '/metrics'].filter((path) => place.routes.includes(`GET ${path}`));
      for (const path of ['/health', ...paths]) {
        // Health asks for no key.
        const answer = await fetch(`${rootOf(place)}${path}`, path === '/health' ? {} : { headers: headersOf(place) });
        demand(answer.status === 200, `${path}: status ${answer.status}`);
        demand((await answer.text()).length > 0, `${path}: an empty answer`);
      }
      return [];
    },
  },
  {
    name: 'POST /v1/chat/completions',
    async run(place) {
      const asked = chatAsked(50);
      const { choices } = await post<Chat>(place, '/chat/completions', {
        messages: asked.prompt.messages,
        ...sampled(asked),
      });
      return [{ asked, text: choices[0]?.message.content ?? '' }];
    },
  },
  {
    name: 'POST /v1/completions, two prompts',
    async run(place) {
      const asked = textAsked(51);
      const other = { ...asked, prompt: { text: 'The first thing that she saw was' } };
      const prompt = [asked.prompt.text, other.prompt.text];
      const { choices } = await post<Texts>(place, '/completions', { prompt, ...sampled(asked) });
      return choices.map(({ text, index }) => ({ asked: index === 0 ? asked : other, text }));
    },
  },
];

interface Chat {
  readonly choices: readonly { readonly message: { readonly content: string } }[];
}

interface Texts {
  readonly choices: readonly { readonly text: string; readonly index: number }[];
}

function rootOf({ baseUrl }: ApiPlace): string {
  return baseUrl.replace(/\/v1$/, '');
}

function headersOf({ key }: ApiPlace): Record<string, string> {
  return { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
}

async function post<Answer>(place: ApiPlace, path: string, fields: object): Promise<Answer> {
  const body = JSON.stringify({ model: place.model, ...fields });
  const answer = await fetch(`${place.baseUrl}${path}`, { method: 'POST', headers: headersOf(place), body });
  demand(answer.status === 200, `status ${answer.status}: ${(await answer.clone().text()).slice(0, 200)}`);
  return (await answer.json()) as Answer;
}
