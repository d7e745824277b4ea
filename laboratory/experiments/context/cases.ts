// The cases of `bench context`. Texts are drawn from a seed: random tokens, with stretches that repeat earlier ones, as in code and summaries.

import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createRandom } from '../../../src/core/basics/philox.ts';
import { median } from '../../../src/core/basics/statistics.ts';
import type { Candidates } from '../../../src/core/decoding/candidates.ts';
import { chooseToken } from '../../../src/core/decoding/choose-token.ts';
import { LookUp } from '../../../src/core/decoding/look-up.ts';
import { neutralSampling } from '../../../src/core/decoding/sampling.ts';
import { RunningCounts } from '../../../src/core/decoding/token-counts.ts';
import { DraftedText } from '../../../src/core/decoding/token-list.ts';
import { TokenText } from '../../../src/core/decoding/token-text.ts';
import { draftRequest, ModelDrafter } from '../../../src/models/port/drafter.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { PlainNgramIndex } from './plain-ngram-index.ts';

export interface Found {
  readonly unit: 'ms' | 'bytes/token';
  readonly value: number;
  readonly longest: number | null;
  readonly plain: number;
}

const vocabularySize = 49_152;
/** As on an edge. */
const readInARound = 1024;
const shortestMatch = 2;
const longestMatch = 8;
const tokensPerStep = 3;
const draftCount = 8;

/** @returns ids: half of them repeat earlier stretches of 30 */
export function drawText(length: number): readonly number[] {
  const random = createRandom(1);
  const ids: number[] = [];
  while (ids.length < length) {
    const from = random.integer(Math.max(1, ids.length - 30));
    const isCopy = ids.length > 60 && random.uniform() < 0.5;
    for (let index = 0; index < 30 && ids.length < length; index += 1) {
      ids.push(isCopy ? (ids[from + index] as number) : random.integer(vocabularySize));
    }
  }
  return ids;
}

function timed(work: () => void): number {
  const startMs = performance.now();
  work();
  return performance.now() - startMs;
}

function inMs(own: readonly number[], plain: readonly number[]): Found {
  return { unit: 'ms', value: median(own), longest: null, plain: median(plain) };
}

/** The choice of one token, as verification makes it for each row. The whole text is answer. */
export function penaltiesCase(ids: readonly number[], repeats: number): Found {
  const sampling = { ...neutralSampling, temperature: 1, presencePenalty: 0.1, repetitionPenalty: 1.1, seed: 1n };
  const row: Candidates = { ids: ids.slice(0, 64), logits: Array.from({ length: 64 }, (_, index) => 20 - 0.1 * index) };
  const own: number[] = [];
  const plain: number[] = [];
  let text = TokenText.of(ids);
  text.countsFrom(0).get(0);
  for (let step = 0; step < repeats; step += 1) {
    own.push(timed(() => chooseToken(row, sampling, text.countsFrom(0), text.length)));
    plain.push(timed(() => chooseToken(row, sampling, new RunningCounts(text.slice(0)), text.length)));
    text = text.append(ids.slice(step, step + tokensPerStep));
  }
  return inMs(own, plain);
}

/** Reading the text for look-up: in parts, as an edge does it, and at one go. */
export function lookUpReadCase(ids: readonly number[], repeats: number): Found {
  const text = new DraftedText(TokenText.of(ids));
  // The least of several runs for each part: other work on the machine only adds to it.
  const parts: number[] = [];
  const plain: number[] = [];
  for (let step = 0; step < Math.min(repeats, 6); step += 1) {
    const lookUp = new LookUp();
    for (let part = 0; lookUp.length < ids.length; part += 1) {
      const ms = timed(() => lookUp.follow(text, ids.length, ids.length, readInARound));
      parts[part] = Math.min(parts[part] ?? ms, ms);
    }
  }
  for (let step = 0; step < 2; step += 1) {
    plain.push(
      timed(() => {
        const index = new PlainNgramIndex(shortestMatch, longestMatch);
        for (const id of ids) index.append(id);
      }),
    );
  }
  const value = parts.reduce((sum, ms) => sum + ms, 0);
  return { unit: 'ms', value, longest: Math.max(...parts), plain: Math.min(...plain) };
}

/** A round of a session: follow the commit, look drafts up. */
export function lookUpRoundCase(ids: readonly number[], repeats: number): Found {
  let text = TokenText.of(ids);
  const lookUp = new LookUp();
  lookUp.follow(new DraftedText(text), 1, text.length);
  const index = new PlainNgramIndex(shortestMatch, longestMatch);
  for (const id of ids) index.append(id);
  const own: number[] = [];
  const plain: number[] = [];
  for (let step = 0; step < repeats; step += 1) {
    text = text.append(ids.slice(step, step + tokensPerStep));
    own.push(
      timed(() => {
        lookUp.follow(new DraftedText(text), 1, text.length);
        lookUp.draft(draftCount, 0);
      }),
    );
    plain.push(
      timed(() => {
        const copy = text.slice(0);
        for (let at = index.sharedPrefix(copy); at < copy.length; at += 1) index.append(copy[at] as number);
        for (let count = 0; count < draftCount; count += 1) index.append(index.next() ?? 0);
        index.truncate(copy.length);
      }),
    );
  }
  return inMs(own, plain);
}

/** A request to a draft model that costs nothing, after a commit of three tokens and with eight drafts. */
export async function draftRequestCase(ids: readonly number[], repeats: number): Promise<Found> {
  const contextLength = ids.length + repeats * tokensPerStep + 100;
  const times: number[][] = [];
  for (const isPlain of [false, true]) {
    await using model = createToyModel({ seed: 1, role: 'draft', contextLength, sequences: 1 });
    await using drafter = new ModelDrafter(model);
    const settings = { promptLength: 1, sampling: neutralSampling };
    let text = TokenText.of(ids);
    await drafter.draft(draftRequest(new DraftedText(text), settings));
    const spent: number[] = [];
    for (let step = 0; step < repeats; step += 1) {
      text = text.append(ids.slice(step, step + tokensPerStep));
      const tail = ids.slice(0, draftCount);
      const startMs = performance.now();
      const request = isPlain
        ? { text: [...text.slice(0), ...tail], ...settings }
        : draftRequest(new DraftedText(text, tail), settings);
      await drafter.draft(request);
      spent.push(performance.now() - startMs);
    }
    times.push(spent);
  }
  return inMs(times[0] ?? [], times[1] ?? []);
}

/** Memory of the index; the plain one is measured after a collection, the other one is the length of its arrays. */
export function lookUpMemoryCase(ids: readonly number[]): Found {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const lookUp = new LookUp();
  lookUp.follow(ids, ids.length, ids.length);
  const before = used();
  const index = new PlainNgramIndex(shortestMatch, longestMatch);
  for (const id of ids) index.append(id);
  const plain = (used() - before) / index.length;
  const value = lookUp.bytes / ids.length;
  return { unit: 'bytes/token', value, longest: null, plain };
}
