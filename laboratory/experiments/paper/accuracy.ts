// The paper's claim that accuracy stays as it is: with our rule, and with its own (acceptance-rule.ts). With ours it is a comparison of texts:
// where every text is the target's own, id for id, every measure of accuracy is the same. Real models where they are there; the toy language in
// virtual time otherwise.

import { type Estimate, estimate } from '../../../simulator/charts/bootstrap.ts';
import type { DraftClaim } from '../../../simulator/runner/claim.ts';
import { columnTable, markdownTable, numberWithin, percent } from '../../../simulator/runner/markdown.ts';
import { runSession } from '../../../simulator/virtual-time/run-session.ts';
import { isOutriderError } from '../../../src/core/basics/errors.ts';
import { InvariantError } from '../../../src/core/basics/invariant.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import { neutralSampling } from '../../../src/core/decoding/sampling.ts';
import { type ModeName, modeNames } from '../../../src/core/protocol/wire/mode.ts';
import { defaultPair } from '../../../src/models/files/manifest-data.ts';
import { combinedP } from '../../trials/coupling/distribution.ts';
import { trialExactness } from '../../trials/exactness/exactness.ts';
import { combinations } from '../combinations.ts';
import {
  compareRules,
  type Rule,
  type RuleFound,
  type RulePositions,
  realPositions,
  rules,
  toyPositions,
} from './acceptance-rule.ts';
import { claimMaker, type Drafted, type PaperExperiment, paperExperiment } from './paper-experiment.ts';
import type { Size } from './sizes.ts';

interface Text {
  readonly mode: string;
  readonly temperature: number;
  readonly tokens: number;
  readonly identical: boolean;
}

const temperatures = [0, 0.8];
const roundTripMs = 20;
const toySeeds = [1, 2, 3, 4, 5];

export const accuracy: PaperExperiment = paperExperiment({
  figure: 'accuracy',
  description: 'Accuracy: is the text unchanged?',
  plan({ size }) {
    const { promptCount, textTokens } = size;
    return {
      settings: { promptCount, textTokens, temperatures, roundTripMs },
      units: [
        { key: 'texts', measure: async (): Promise<object> => ({ texts: await measureTexts(size) }) },
        { key: 'rules', measure: async (): Promise<object> => ({ rules: await measureRules(size) }) },
      ],
      conclude(found: readonly object[]) {
        const [{ texts }, { rules }] = found as [{ texts: Texts }, { rules: RuleRow[] }];
        return conclusionOf(texts, rules);
      },
    };
  },
});

type Texts = Awaited<ReturnType<typeof measureTexts>>;

/** @returns the source of the texts, "the default pair" or "the toy language", and the counts */
async function measureTexts({ promptCount, textTokens }: Size) {
  if (promptCount === 0) return writeToys(textTokens, '');
  try {
    const { rows } = await trialExactness({
      target: defaultPair.target,
      draft: defaultPair.draft,
      tokens: textTokens,
      roundTripsMs: [roundTripMs],
      temperatures,
      modes: modeNames,
      callSizes: [2, 8],
      promptCount,
    });
    return { writer: 'the default pair', counts: countsOf(rows as readonly Text[]) };
  } catch (error) {
    // A machine without models or engine uses the toy language.
    if (!isOutriderError(error)) throw error;
    return writeToys(textTokens, ` (${error.message})`);
  }
}

function countsOf(rows: readonly Text[]) {
  return [...Map.groupBy(rows, ({ mode, temperature }) => `${mode} ${temperature}`).values()].map((texts) => {
    const [{ mode, temperature }] = texts as [Text];
    return {
      mode,
      temperature,
      texts: texts.length,
      tokens: texts.reduce((sum, { tokens }) => sum + tokens, 0),
      identical: texts.filter(({ identical }) => identical).length,
    };
  });
}

function writeToys(tokens: number, why: string) {
  const rows = combinations({ mode: modeNames, temperature: temperatures, seed: toySeeds }).map((one) => {
    return { ...one, tokens, identical: isToyTextIdentical(one.mode, one.temperature, one.seed, tokens) };
  });
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

const toyCount = 120;
const drawsPerPosition = 500;
/** Below this p the drawn tokens do not follow the target's distribution. */
const leastP = 0.001;

async function measureRules({ promptCount, textTokens }: Size): Promise<RuleRow[]> {
  const rows: RuleRow[] = [];
  for (const temperature of temperatures) {
    rows.push(...rowsOf(toyPositions(toyCount), temperature));
    // At temperature 0 both rules give the target's most likely token.
    if (promptCount === 0 || temperature === 0) continue;
    const real = await realPositions(promptCount, textTokens, temperature);
    if (real !== null) rows.push(...rowsOf(real, temperature));
  }
  return rows;
}

function rowsOf({ pair, positions }: RulePositions, temperature: number) {
  const found = positions.map((at, index) => compareRules(at, temperature, drawsPerPosition, 1 + index));
  return rules.map((rule, which) => {
    const own = found.map((all) => all[which] as RuleFound);
    const over = (key: 'totalVariation' | 'drawnVariation'): Estimate =>
      estimate(own.length, (pick) => mean(pick.map((index) => (own[index] as RuleFound)[key])));
    return {
      pair,
      temperature,
      rule,
      positions: own.length,
      totalVariation: over('totalVariation'),
      drawnVariation: over('drawnVariation'),
      acceptance: mean(own.map(({ acceptance }) => acceptance)),
      // p of all chi-square statistics together.
      chiSquareP: combinedP(own.map((one) => one.chiSquare)),
    };
  });
}

type RuleRow = ReturnType<typeof rowsOf>[number];

const ruleNames: Readonly<Record<Rule, string>> = {
  paper: "the paper's: min(1, p/q), a rejected token drawn from p",
  'shared noise': 'ours: shared noise',
};

/** The claim of unchanged accuracy for one token: the real pair at temperature 0.8 in the summary, the toy where there is none. */
function ruleClaims(rows: readonly RuleRow[]): DraftClaim[] {
  const mainPair = rows.at(-1)?.pair;
  return rows.map(({ pair, temperature, rule, totalVariation, chiSquareP }) => {
    const choices = { rule: ruleNames[rule], temperature: `${temperature}`, pair };
    const isMain = pair === mainPair && temperature === 0.8;
    const make = claimMaker({ figure: 'accuracy', choices, isMain });
    const statement = "accuracy unchanged: distance of a token's distribution from the target's, total variation";
    const claim = make('tokenBias', statement, 0, totalVariation, () =>
      chiSquareP < leastP ? 'does not hold' : 'holds',
    );
    return { ...claim, summaryName: rule === 'paper' ? 'tokenBiasPaperRule' : 'tokenBiasSharedNoise' };
  });
}

function ruleTable(rows: readonly RuleRow[]): string {
  return columnTable(rows, {
    pair: ({ pair }) => pair,
    temperature: (row) => `${row.temperature}`,
    rule: ({ rule }) => ruleNames[rule],
    positions: (row) => `${row.positions}`,
    accepted: ({ acceptance }) => percent(acceptance),
    'exact distance': ({ totalVariation: { value, interval } }) => numberWithin(value, interval, 4),
    'drawn distance': ({ drawnVariation: { value, interval } }) => numberWithin(value, interval, 4),
    p: ({ chiSquareP }) => (chiSquareP < 1e-4 ? '< 0.0001' : chiSquareP.toFixed(2)),
  });
}

function conclusionOf({ writer, counts }: Texts, rules: readonly RuleRow[]): Drafted {
  const texts = counts.reduce((sum, one) => sum + one.texts, 0);
  const identical = counts.reduce((sum, one) => sum + one.identical, 0);
  const claim: DraftClaim = {
    figure: 'accuracy',
    name: 'changedTexts',
    statement: 'accuracy unchanged: texts that differ from the target alone, share',
    choices: { rule: 'ours: shared noise', texts: `${texts} of ${writer}, all modes` },
    dependsOn: 'the rule of acceptance: see tokenBias',
    claimed: 0,
    measured: 1 - identical / texts,
    // The exact bound for a count of zero: (1 - p)^n = 0.05.
    interval: identical === texts ? [0, 1 - 0.05 ** (1 / texts)] : null,
    verdict: texts > 0 && identical === texts ? 'holds' : 'does not hold',
    isMain: true,
  };
  const lines = counts.map((one) => Object.values(one).map(String));
  return {
    claims: [claim, ...ruleClaims(rules)],
    rows: counts.map((one) => ({ writer, ...one })),
    figures: {},
    tables: {
      [`Texts of ${writer}`]: markdownTable(['mode', 'temperature', 'texts', 'tokens', "the target's own"], lines),
      "One token: the paper's rule of acceptance, and ours": ruleTable(rules),
    },
  };
}
