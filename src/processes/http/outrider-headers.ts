// Headers of requests that are Outrider's own, in no API: decode one answer without drafts, keep a time per token, and report drafts beside
// the text. Without them an answer is the API's, byte for byte.

import { defined } from '../../core/basics/defined.ts';
import { invalid } from './api-error.ts';
import type { ApiRequest } from './api-request.ts';
import type { CompletionEnd, CompletionRequest } from './completion-port.ts';

/** `ar`: the edge alone. It costs no one anything, so that whoever may ask at all may choose it. */
const modeHeader = 'x-outrider-mode';
const factsHeader = 'x-outrider-facts';
/** ms a token, as {@link CompletionRequest.targetMsPerToken}. */
const targetHeader = 'x-outrider-target-ms';
export const outriderHeaders: readonly string[] = [modeHeader, factsHeader, targetHeader];
const mostTargetMs = 3_600_000;

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
  const targetMsPerToken = targetOf(headers);
  if (!facts && mode === null && targetMsPerToken === undefined) return request;
  const own = { ...(mode === null ? {} : ({ mode: 'ar' } as const)), ...defined({ targetMsPerToken }) };
  return { ...request, facts, asked: request.asked.map((one) => ({ ...one, ...own })) };
}

/** @throws ApiError 400 */
function targetOf(headers: Headers): CompletionRequest['targetMsPerToken'] {
  const text = headers.get(targetHeader);
  if (text === null) return undefined;
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (ms >= 0.001 && ms <= mostTargetMs) return ms;
  throw invalid(targetHeader, `must be a number of milliseconds from 0.001 to ${mostTargetMs}`);
}

/** What the last chunk of a choice reports. */
export function factsOfEnd(end: CompletionEnd): object {
  const { mode, servedBy, completionTokens: tokens, acceptedDrafts, rejectedDrafts } = end;
  return { ...defined({ mode, edges: servedBy }), tokens, acceptedDrafts, rejectedDrafts };
}
