// Which checks doctor makes, in which order, and which of them need what an earlier one found.

import type { Result } from '../../files/document.ts';
import type { OpenModelOptions } from '../../models/engines/open-model.ts';
import { needsFile } from '../../models/port/model-spec.ts';
import {
  type Check,
  checkCores,
  checkEngine,
  checkMemory,
  checkModelFile,
  checkNode,
  checkPort,
  checkTokenizers,
  measureLoopback,
  runCheck,
} from './doctor-checks.ts';
import { tryEdge } from './doctor-edge.ts';
import { checkShapesHere, describeCosts, describeExactness, exactCosts, isNative } from './doctor-exactness.ts';
import { Found, notTried, openNative, plannedModels } from './doctor-found.ts';
import { measureDrafts, measureSteps } from './doctor-measure.ts';
import { type AllPredictions, conclude } from './doctor-predictions.ts';

export interface DoctorOptions extends Pick<OpenModelOptions, 'gpu' | 'onLawProgress'> {
  /** Names, paths or toys, as everywhere. */
  readonly model: string;
  readonly draft: string;
  /** Address of an edge to try. */
  readonly edge?: string | undefined;
  /** SHA-256 of its certificate, where no authority vouches for that. */
  readonly edgeFingerprint?: string | undefined;
  readonly key?: string | undefined;
  /** The port that an edge here would listen on. */
  readonly port: number;
  readonly onCheck?: (check: Check) => void;
}

export interface Examination extends Result {
  readonly rows: readonly Check[];
  readonly allPredictions: AllPredictions;
}

interface PlannedCheck {
  readonly check: string;
  /** Earlier checks without which it is not tried. */
  readonly needs?: readonly string[];
  /** Says what was found, or throws what is wrong. */
  readonly run: () => Promise<string> | string;
}

/** Runs all checks, then predicts if both models could be opened. */
export async function examine(options: DoctorOptions): Promise<Examination> {
  const rows: Check[] = [];
  await using found = new Found();
  for (const { check, needs = [], run } of [...machineChecks(options, found), ...modelChecks(options, found)]) {
    const row = await runCheck(check, () => {
      const failed = rows.find((one) => !one.ok && needs.includes(one.check));
      if (failed !== undefined) throw notTried(`${failed.check} failed`);
      return run();
    });
    rows.push(row);
    options.onCheck?.(row);
  }
  return { rows, ...conclude(rows, found) };
}

function machineChecks(options: DoctorOptions, found: Found): PlannedCheck[] {
  const { model, draft, gpu, port } = options;
  const engine = { check: 'engine', run: () => checkEngine(gpu) };
  return [
    { check: 'node', run: () => checkNode() },
    ...(needsFile(model) || needsFile(draft) ? [engine] : []),
    { check: 'target file', run: () => checkModelFile(model) },
    { check: 'draft file', run: () => checkModelFile(draft) },
    { check: 'memory', needs: ['target file', 'draft file'], run: () => checkMemory(plannedModels(options)) },
    { check: 'cores', run: () => checkCores() },
    { check: 'port', run: () => checkPort(port) },
    {
      check: 'loopback',
      async run() {
        found.loopbackMs = await measureLoopback();
        return `a frame goes and comes back in ${found.loopbackMs.toFixed(2)} ms`;
      },
    },
  ];
}

function modelChecks(options: DoctorOptions, found: Found): PlannedCheck[] {
  // Opening would download missing files, and need more memory than there is.
  const openable = ['engine', 'target file', 'draft file', 'memory'];
  return [
    { check: 'models', needs: openable, run: () => found.open(options, options) },
    { check: 'tokenizers', run: () => checkTokenizers(...found.models) },
    {
      check: 'shape law',
      run() {
        if (found.refusal !== null) throw found.refusal;
        return describeExactness(found.exactTarget);
      },
    },
    { check: 'exact shapes', run: () => checkShapesHere(found.exactTarget) },
    { check: 'acceptance', run: () => findAcceptance(found) },
    { check: 'steps', run: () => findSteps(options, found) },
    { check: 'exact cost', run: () => findCosts(found) },
    ...edgeChecks(options, found),
  ];
}

async function findAcceptance(found: Found): Promise<string> {
  const [target, draft] = found.models;
  checkTokenizers(target, draft);
  found.drafts = await measureDrafts(target, draft);
  const { acceptance, comparedTokens, draftMs } = found.drafts;
  return `${Math.round(acceptance * 100)} % of ${comparedTokens} drafts hold; a draft takes ${draftMs.toFixed(1)} ms`;
}

async function findSteps({ model, gpu }: DoctorOptions, found: Found): Promise<string> {
  const [target] = found.models;
  const native = await openNative(model, target, gpu);
  try {
    found.steps = await measureSteps(target, native);
  } finally {
    await native?.close();
  }
  const { steps } = found.steps;
  return `1 to ${steps.length} rows of one sequence take ${steps.map(({ ms }) => ms.toFixed(1)).join(', ')} ms`;
}

function findCosts(found: Found): string {
  const target = found.exactTarget;
  if (found.steps === null) throw notTried('steps were not measured');
  found.costs = exactCosts(target, found.steps);
  return describeCosts(found.costs, found.steps.nativeSteps !== null || isNative(target));
}

function edgeChecks({ edge, edgeFingerprint, key }: DoctorOptions, found: Found): PlannedCheck[] {
  if (edge === undefined) return [];
  const run = async (): Promise<string> => {
    const { said, figures } = await tryEdge({ edge, edgeFingerprint }, key, found.draft);
    found.edge = figures;
    return said;
  };
  return [{ check: 'edge', run }];
}
