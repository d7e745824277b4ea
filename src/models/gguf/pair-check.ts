// Checks from their files alone whether a draft fits a target: ids must mean the same on both sides. Names the first difference, so
// that a person sees whether it is one token or another model. It loads no weights.

import { badArgument, OutriderError } from '../../core/basics/errors.ts';
import { readNaming } from './cursor.ts';
import { readMappedDraft } from './draft-metadata.ts';
import type { GgufHeader, GgufScalar, GgufValue } from './gguf.ts';
import { readModel } from './model-files.ts';
import { specialIdKeys, vocabularyOf } from './vocabulary.ts';

/** The first difference within one field of the two tokenizers. */
export interface TokenizerDifference {
  /** "tokens", "merges", "eos_token_id", ... */
  readonly field: string;
  /** Index in a list; null for a single value, or where only the lengths differ. */
  readonly index: number | null;
  readonly target: string;
  readonly draft: string;
}

export interface PairCheck {
  readonly fits: boolean;
  /** `same`: the draft has the target's vocabulary; `mapped`: it has a part of it and a map. */
  readonly vocabulary: 'same' | 'mapped';
  readonly targetTokens: number;
  readonly draftTokens: number;
  /** Tokens first, the best known field. Empty if the pair fits. */
  readonly differences: readonly TokenizerDifference[];
  /** Whether both write a conversation in the same format. A device writes in the draft's format, so otherwise its prompts differ. */
  readonly sameChatFormat: boolean;
}

type Metadata = GgufHeader['metadata'];

const comparedFields = ['tokens', 'token_type', 'scores', 'merges', 'model', 'pre'];

function valuesOf(value: GgufValue | undefined): readonly GgufScalar[] {
  if (value === undefined) return [];
  return value.type === 'array' ? value.value : [value.value];
}

function show(value: GgufScalar | undefined): string {
  if (value === undefined) return 'nothing';
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

function firstDifference(field: string, target: Metadata, draft: Metadata): TokenizerDifference | undefined {
  const key = `tokenizer.ggml.${field}`;
  const [ours, theirs] = [valuesOf(target.get(key)), valuesOf(draft.get(key))];
  const index = ours.findIndex((value, at) => value !== theirs[at]);
  const isList = target.get(key)?.type === 'array' || draft.get(key)?.type === 'array';
  if (index >= 0) {
    return { field, index: isList ? index : null, target: show(ours[index]), draft: show(theirs[index]) };
  }
  if (theirs.length === ours.length) return undefined;
  const at = ours.length;
  return { field, index: isList ? at : null, target: show(ours[at]), draft: show(theirs[at]) };
}

function notATarget(path: string): OutriderError {
  const cause = `${path} is a draft with a part of its target's vocabulary, and can't be a target`;
  return badArgument(cause, 'name it with --draft, and its target with --target');
}

/**
 * What opening both would come to, computed before anything is loaded. @param names of target and draft, for people
 * @throws OutriderError `tokenizer-mismatch`, and what {@link checkPair} throws
 */
export async function demandPair(
  targetPath: string,
  draftPath: string,
  names: { readonly target: string; readonly draft: string },
): Promise<void> {
  const { fits, differences } = await checkPair(targetPath, draftPath);
  if (fits) return;
  const [first] = differences;
  const place = first === undefined ? '' : ` (${first.field}${first.index === null ? '' : ` ${first.index}`} differs)`;
  const cause = `${names.draft} has another tokenizer than ${names.target}${place}`;
  throw new OutriderError('tokenizer-mismatch', cause, 'take a draft made for that target (outrider models list)');
}

/** @throws OutriderError `model-unreadable` for a broken file, `bad-argument` for a target that is a draft */
export async function checkPair(targetPath: string, draftPath: string): Promise<PairCheck> {
  const [target, draft] = [await readModel(targetPath), await readModel(draftPath)];
  if (readNaming(targetPath, () => readMappedDraft(target)) !== undefined) throw notATarget(targetPath);
  const mapped = readNaming(draftPath, () => readMappedDraft(draft));
  const draftTokenizer = mapped?.tokenizer ?? draft.metadata;
  const ours = readNaming(targetPath, () => vocabularyOf(target));
  const theirs = readNaming(draftPath, () => vocabularyOf({ metadata: draftTokenizer }));
  const fits = ours.hash === theirs.hash;
  const fields = fits ? [] : [...comparedFields, ...specialIdKeys];
  const found = fields.map((field) => firstDifference(field, target.metadata, draftTokenizer));
  const format = (metadata: Metadata): unknown => metadata.get('tokenizer.chat_template')?.value;
  return {
    fits,
    vocabulary: mapped === undefined ? 'same' : 'mapped',
    targetTokens: ours.vocabularySize,
    draftTokens: mapped?.ids.length ?? theirs.vocabularySize,
    differences: found.filter((difference) => difference !== undefined),
    sameChatFormat: format(target.metadata) === format(draftTokenizer),
  };
}
