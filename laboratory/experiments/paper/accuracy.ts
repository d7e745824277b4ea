// The paper's claim that accuracy stays as it is: with our rule, and with its own (accuracy-rule.ts). With ours it is a comparison of texts: where every text is the target's own, id for id, every
// measure of accuracy is the same. Real models where they are there; the toy language in virtual time otherwise.

import type { DraftClaim } from '../../../simulator/runner/claim.ts';
import { runSession } from '../../../simulator/virtual-time/run-session.ts';
import { isOutriderError } from '../../../src/core/basics/errors.ts';
import { InvariantError } from '../../../src/core/basics/invariant.ts';
import { markdownTable } from '../../../src/core/basics/markdown.ts';
import { neutralSampling } from '../../../src/core/decoding/sampling.ts';
import { type ModeName, modeNames } from '../../../src/core/protocol/wire/mode.ts';
import { defaultPair } from '../../../src/models/files/manifest-data.ts';
import { trialExactness } from '../../trials/exactness/exactness.ts';
import { measureRules, type RuleRow, ruleClaims, ruleTable } from './accuracy-rule.ts';
import { type Drafted, type PaperExperiment, paperExperiment } from './paper-experiment.ts';
import type { Size } from './sizes.ts';

interface TextRow {
  readonly mode: string;
  readonly temperature: number;
  readonly tokens: number;
  readonly identical: boolean;
}

interface ModeCount extends Omit<TextRow, 'identical'> {
  readonly texts: number;
  readonly identical: number;
}

interface Texts {
  /** Source of the texts: "the default pair", "the toy language". */
  readonly writer: string;
  readonly counts: readonly ModeCount[];
}

const temperatures = [0, 0.8];
const roundTripMs = 20;
const toySeeds = 5;

export const accuracy: PaperExperiment = paperExperiment({
  figure: 'accuracy',
  description: 'Accuracy: is the text unchanged?',
  plan({ size }) {
    const { promptCount, textTokens } = size;
    const measure = () => (promptCount === 0 ? writeToys(size, '') : writeTexts(size));
    return {
      settings: { promptCount, textTokens, temperatures, roundTripMs },
      units: [
        { key: 'texts', measure: async (): Promise<Found> => ({ texts: await measure() }) },
        { key: 'rules', measure: async (): Promise<Found> => ({ rules: await measureRules(size) }) },
      ],
    };
  },
  conclude(found) {
    const [texts, { rules = [] }] = found as [Found, Found];
    return conclusionOf(texts.texts as Texts, rules);
  },
});

/** What one unit found. */
interface Found {
  readonly texts?: Texts;
  readonly rules?: readonly RuleRow[];
}

async function writeTexts(size: Size): Promise<Texts> {
  try {
    const { rows } = await trialExactness({
      target: defaultPair.target,
      draft: defaultPair.draft,
      tokens: size.textTokens,
      roundTripsMs: [roundTripMs],
      temperatures,
      modes: modeNames,
      callSizes: [2, 8],
      promptCount: size.promptCount,
    });
    return { writer: 'the default pair', counts: countsOf(rows as readonly TextRow[]) };
  } catch (error) {
    // A machine without models or engine uses the toy language.
    if (!isOutriderError(error)) throw error;
    return writeToys(size, ` (${error.message})`);
  }
}

function countsOf(rows: readonly TextRow[]): ModeCount[] {
  return [...Map.groupBy(rows, ({ mode, temperature }) => `${mode} ${temperature}`).values()].map((texts) => {
    const [{ mode, temperature }] = texts as [TextRow];
    return {
      mode,
      temperature,
      texts: texts.length,
      tokens: texts.reduce((sum, { tokens }) => sum + tokens, 0),
      identical: texts.filter(({ identical }) => identical).length,
    };
  });
}

function writeToys({ textTokens }: Size, why: string): Texts {
  const rows = modeNames.flatMap((mode) =>
    temperatures.flatMap((temperature) =>
      Array.from({ length: toySeeds }, (_, index) => {
        const identical = isToyTextIdentical(mode, temperature, index + 1, textTokens);
        return { mode, temperature, tokens: textTokens, identical };
      }),
    ),
  );
  return { writer: `the toy language${why}`, counts: countsOf(rows) };
}

/** A session that ends in another text than the target's breaks an invariant. */
function isToyTextIdentical(mode: ModeName, temperature: number, seed: number, answerTokens: number): boolean {
  try {
    runSession({
      mode,
      seed,
      roundTripMs,
      acceptance: 0.7,
      draftMs: 10,
      step: { fixedMs: 40, perRowMs: 0.4 },
      answerTokens,
      sampling: { ...neutralSampling, temperature, seed: BigInt(seed) },
    });
    return true;
  } catch (error) {
    if (error instanceof InvariantError) return false;
    throw error;
  }
}

function conclusionOf({ writer, counts }: Texts, rules: readonly RuleRow[]): Drafted {
  const sum = (key: 'texts' | 'identical' | 'tokens'): number => counts.reduce((total, one) => total + one[key], 0);
  const [texts, identical] = [sum('texts'), sum('identical')];
  const changed = 1 - identical / texts;
  const claim: DraftClaim = {
    figure: 'accuracy',
    name: 'changedTexts',
    statement: 'accuracy unchanged: texts that differ from the target alone, share',
    choices: { rule: 'ours: shared noise', texts: `${texts} of ${writer}, all modes` },
    dependsOn: 'the rule of acceptance: see tokenBias',
    claimed: 0,
    measured: changed,
    // The exact bound for a count of zero: (1 - p)^n = 0.05.
    interval: identical === texts ? [0, 1 - 0.05 ** (1 / texts)] : null,
    verdict: texts > 0 && identical === texts ? 'holds' : 'does not hold',
    isMain: true,
  };
  const rows = counts.map(({ mode, ...numbers }) => [`\`${mode}\``, ...Object.values(numbers).map(String)]);
  return {
    claims: [claim, ...ruleClaims(rules)],
    rows: counts.map((one) => ({ writer, ...one })),
    figures: [],
    page: [
      `Claimed: accuracy stays what the target's is. Here: ${identical} of ${texts} texts (${sum('tokens')} tokens) of ${writer} are the target's own, id for id, whatever draft`,
      'and mode; so every measure of accuracy is the same, not only on average. The interval is for the share of texts that could differ unseen. `outrider trial exactness` tries harder.',
      '',
      markdownTable(['mode', 'temperature', 'texts', 'tokens', "the target's own"], rows),
      '',
      ruleTable(rules),
    ].join('\n'),
  };
}
