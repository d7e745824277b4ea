// What the ways of running a model have answered, sample by sample, and their scores. Pure.

import type { FoundWay } from './lm-eval.ts';

/** One task by one way. */
export interface AccuracyRow {
  readonly task: string;
  readonly way: string;
  readonly samples: number;
  /** Answers that are those of the first way that has the task: each character, or each bit of a loglikelihood. */
  readonly equalOutputs: number;
  readonly score: number;
  readonly equalScores: boolean;
}

export interface Comparison {
  readonly rows: readonly AccuracyRow[];
  readonly samples: number;
  /** Samples with the same answer by all ways. */
  readonly equalOutputs: number;
  readonly equalScores: boolean;
  /** Samples whose answer differs between the two ways of the product. */
  readonly edgeAgainstServe: number;
  /** Tasks on whose documents the model is neither always right nor always wrong. */
  readonly tellingTasks: number;
}

/** @param ways the first that has a task is the reference of the others */
export function compareWays(ways: readonly FoundWay[]): Comparison {
  const tasks = [...new Set(ways.flatMap(({ samples }) => Object.keys(samples)))];
  const rows = tasks.flatMap((task) => rowsOf(task, ways));
  const answersOf = (task: string, name: string): readonly string[] => {
    const own = ways.find(({ way }) => way === name)?.samples[task] ?? [];
    return own.map((one) => JSON.stringify(one));
  };
  const equalIn = (task: string): number => {
    const own = ways.filter(({ samples }) => task in samples).map(({ way }) => answersOf(task, way));
    return (own[0] ?? []).filter((answer, index) => own.every((one) => one[index] === answer)).length;
  };
  const differing = (task: string): number => {
    const [edge, serve] = [answersOf(task, 'edge'), answersOf(task, 'serve')];
    const most = Math.max(edge.length, serve.length);
    return Array.from({ length: most }, (_, index) => edge[index] === serve[index]).filter((same) => !same).length;
  };
  const firsts = tasks.map((task) => rows.find((row) => row.task === task) as AccuracyRow);
  return {
    rows,
    samples: sum(firsts.map(({ samples }) => samples)),
    equalOutputs: sum(tasks.map(equalIn)),
    equalScores: rows.every(({ equalScores }) => equalScores),
    edgeAgainstServe: sum(tasks.map(differing)),
    tellingTasks: firsts.filter(({ score }) => score > 0 && score < 1).length,
  };
}

function rowsOf(task: string, ways: readonly FoundWay[]): readonly AccuracyRow[] {
  const own = ways.filter(({ samples }) => task in samples);
  const [first] = own;
  return own.map(({ way, samples, scores }) => {
    const answers = samples[task] ?? [];
    const expected = first?.samples[task] ?? [];
    const score = scores[task] ?? Number.NaN;
    return {
      task,
      way,
      samples: answers.length,
      equalOutputs: answers.filter((one, index) => JSON.stringify(one) === JSON.stringify(expected[index])).length,
      score,
      equalScores: score === first?.scores[task] && answers.length === expected.length,
    };
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
