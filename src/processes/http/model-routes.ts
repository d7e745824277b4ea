// The routes of the one model of an endpoint, in the shape of OpenAI's API; for a client that names a version of Anthropic's API in that one.

import type { Hono } from 'hono';
import { defined } from '../../core/basics/defined.ts';
import { ApiError } from './api-error.ts';
import type { Completer } from './completion-port.ts';
import { type EndpointFacts, wantsFacts } from './outrider-headers.ts';
import { anthropicHeader } from './refusals.ts';

/** @param facts reported of this endpoint where a request asks for them */
export function addModels(app: Hono, completer: Completer, facts: EndpointFacts | undefined): void {
  const modelFor = ({ headers }: Request): object =>
    headers.has(anthropicHeader)
      ? anthropicModel(completer)
      : { ...openaiModel(completer), ...defined({ outrider: wantsFacts(headers) ? facts : undefined }) };
  app.get('/v1/models', ({ req: { raw }, json }) => {
    const { model: id } = completer;
    const data = [modelFor(raw)];
    return json(
      raw.headers.has(anthropicHeader)
        ? { data, has_more: false, first_id: id, last_id: id }
        : { object: 'list', data },
    );
  });
  app.get('/v1/models/:model{.+}', ({ req, json }) => {
    requireModel(completer, req.param('model'));
    return json(modelFor(req.raw));
  });
}

/** The length of the context by the names that OpenRouter and vLLM have given it; without it as long as no edge has said. */
function openaiModel({ model: id, createdSeconds: created, contextTokens }: Completer): object {
  const context = defined({ context_length: contextTokens, max_model_len: contextTokens });
  return { id, object: 'model', created, owned_by: 'outrider', ...context };
}

function anthropicModel({ model: id, createdSeconds, contextTokens }: Completer): object {
  const created_at = new Date(1000 * createdSeconds).toISOString();
  const most = contextTokens ?? null;
  return { type: 'model', id, display_name: id, created_at, max_input_tokens: most, max_tokens: most };
}

/** @throws ApiError 404 */
export function requireModel({ model }: Completer, asked: string): void {
  if (asked === model) return;
  const cause = `there is no model "${asked.slice(0, 100)}"; this endpoint has "${model}"`;
  throw new ApiError(404, 'model_not_found', cause, { param: 'model' });
}
