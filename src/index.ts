// The public export list of the package and nothing else. What is not here may change without notice.

export { type ErrorCode, errorCodes, isOutriderError, OutriderError } from './basics/errors.ts';
export { type Candidates, candidateLimit } from './decoding/candidates.ts';
export { neutralSampling, type Sampling } from './decoding/sampling.ts';
export type {
  EvaluateItem,
  LanguageModel,
  Message,
  ModelIdentity,
  ModelLimits,
  ModelSequence,
  Tokenizer,
} from './models/model.ts';
