// Headers of requests that are Outrider's own, in no API: decode one answer without drafts, and report drafts beside the text. Without
// them an answer is the API's, byte for byte.

import { defined } from '../../core/basics/defined.ts';
import { invalid } from './api-error.ts';
import type { ApiRequest } from './api-request.ts';
import type { CompletionEnd } from './completion-port.ts';

/** `ar`: the edge alone. It costs no one anything, so that whoever may ask at all may choose it. */
const modeHeader = 'x-outrider-mode';
const factsHeader = 'x-outrider-facts';
export const outriderHeaders: readonly string[] = [modeHeader, factsHeader];

/** What an endpoint reports of itself: who drafts, and what of the network and the edge is emulated, as far as it knows. */
export interface EndpointFacts {
  readonly drafts: 'device' | 'edge' | 'none';
  readonly emulated: {
    /** ms, between this endpoint and its edge. */
    readonly roundTripMs?: number;
    /** The link between both, as its flag has it. */
    readonly link?: string;
    /** The hardware that the edge is paced to, in words. */
    readonly pace?: string;
  };
}

/** @throws ApiError 400 for another value than "yes" */
export function wantsFacts(headers: Headers): boolean {
  const value = headers.get(factsHeader);
  if (value !== null && value !== 'yes') throw invalid(factsHeader, 'must be "yes"');
  return value !== null;
}

/** The same request with what its headers ask for. @throws ApiError 400 */
export function withOwnHeaders(request: ApiRequest, headers: Headers): ApiRequest {
  const mode = headers.get(modeHeader);
  const facts = wantsFacts(headers);
  if (mode !== null && mode !== 'ar') throw invalid(modeHeader, 'must be "ar"');
  if (!facts && mode === null) return request;
  const own = mode === null ? {} : ({ mode: 'ar' } as const);
  return { ...request, facts, asked: request.asked.map((one) => ({ ...one, ...own })) };
}

/** What the last chunk of a choice reports. */
export function factsOfEnd(end: CompletionEnd): object {
  const { mode, servedBy, completionTokens: tokens, acceptedDrafts, rejectedDrafts } = end;
  return { ...defined({ mode, edges: servedBy }), tokens, acceptedDrafts, rejectedDrafts };
}
