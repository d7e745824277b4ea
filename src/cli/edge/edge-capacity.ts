// What an edge says of its capacity when it starts.

import type { ModelLimits } from '../../models/port/model.ts';

/** How many texts of which length, what each takes, and how prompts are read: what a long context costs. */
export function describeCapacity({
  maxSequences,
  contextLength,
  maxItemTokens,
  law,
  cachedTokenBytes,
}: ModelLimits): string {
  const megabytes = cachedTokenBytes === undefined ? null : Math.ceil((contextLength * cachedTokenBytes) / 1e6);
  return [
    `${maxSequences} session${maxSequences === 1 ? '' : 's'} of ${contextLength} tokens`,
    ...(megabytes === null ? [] : [`keys and values of each take ${megabytes} MB`]),
    `prompts are read ${Math.min(law.most, maxItemTokens)} tokens a call`,
  ].join('; ');
}
