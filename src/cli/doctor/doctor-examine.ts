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
import {
  checkShapesHere,
  describeCosts,
  describeExactness,
  type ExactCost,
  exactCosts,
  isNative,
} from './doctor-exactness.ts';
import { type MeasuredDrafts, type MeasuredSteps, measureDrafts, measureSteps } from './doctor-measure.ts';
import {
  type DoctorModels,
  noModels,
  notTried,
  openBoth,
  openNative,
  plannedModels,
  withExact,
  withModels,
} from './doctor-open.ts';
import { type AllPredictions, conclude, type Found } from './doctor-summary.ts';

export interface DoctorOptions {
  /** Names, paths or toys, as everywhere. */
  readonly model: string;
  readonly draft: string;
  readonly gpu?: OpenModelOptions['gpu'];
  /** Address of an edge to try. */
  readonly edge?: string | undefined;
  /** SHA-256 of its certificate, where no authority vouches for that. */
  readonly edgeFingerprint?: string | undefined;
  readonly key?: string | undefined;
  /** The port that an edge here would listen on. */
  readonly port: number;
  readonly onCheck?: (check: Check) => void;
  /** Told while the shape law of the target is looked for. */
  readonly onLawProgress?: (law: string, done: number, total: number) => void;
}

export interface Examination extends Result {
  readonly rows: readonly Check[];
  readonly allPredictions: AllPredictions;
}

type Note = (name: string, work: () => Promise<string> | string) => Promise<void>;

/** Runs all checks, then measures and predicts if both models could be opened. */
export async function examine(options: DoctorOptions): Promise<Examination> {
  const rows: Check[] = [];
  const note: Note = async (name, work) => {
    const check = await runCheck(name, work);
    rows.push(check);
    options.onCheck?.(check);
  };
  const loopbackMs = await examineMachine(options, rows, note);
  await using models = noModels();
  const found = await examineModels(models, options, rows, note);
  return { rows, ...conclude(rows, { ...found, loopbackMs }) };
}

/** @returns the loopback's round trip, NaN if it failed */
async function examineMachine(options: DoctorOptions, rows: readonly Check[], note: Note): Promise<number> {
  const { model, draft, port } = options;
  await note('node', () => checkNode());
  if (needsFile(model) || needsFile(draft)) await note('engine', () => checkEngine(options.gpu));
  await note('target file', () => checkModelFile(model));
  await note('draft file', () => checkModelFile(draft));
  await note('memory', () => {
    demandPassed(rows, ['target file', 'draft file']);
    return checkMemory(plannedModels(model, draft));
  });
  await note('cores', () => checkCores());
  await note('port', () => checkPort(port));
  let loopbackMs = Number.NaN;
  await note('loopback', async () => {
    loopbackMs = await measureLoopback();
    return `a frame goes and comes back in ${loopbackMs.toFixed(2)} ms`;
  });
  return loopbackMs;
}

async function examineModels(
  models: DoctorModels,
  { model, draft, gpu, edge, edgeFingerprint, key, onLawProgress }: DoctorOptions,
  rows: readonly Check[],
  note: Note,
): Promise<Omit<Found, 'loopbackMs'>> {
  await note('models', () => {
    // Opening would download missing files, and need more memory than there is.
    demandPassed(rows, ['engine', 'target file', 'draft file', 'memory']);
    return openBoth(models, model, draft, { gpu, onLawProgress });
  });
  await note('tokenizers', () => withModels(models, checkTokenizers));
  await note('shape law', () => {
    if (models.refusal !== null) throw models.refusal;
    return withModels(models, describeExactness);
  });
  await note('exact shapes', () => withExact(models, checkShapesHere));
  const found = await measureModels(models, { model, gpu }, note);
  let edgeFigures: Found['edge'] = {};
  if (edge !== undefined) {
    await note('edge', async () => {
      const { said, figures } = await tryEdge({ edge, edgeFingerprint }, key, models.draft);
      edgeFigures = figures;
      return said;
    });
  }
  return { ...found, edge: edgeFigures, target: models.target, isRefused: models.refusal !== null };
}

async function measureModels(models: DoctorModels, { model, gpu }: Pick<DoctorOptions, 'model' | 'gpu'>, note: Note) {
  let [drafts, steps]: [MeasuredDrafts | null, MeasuredSteps | null] = [null, null];
  await note('acceptance', async () => {
    drafts = await withModels(models, async (target, draft) => {
      checkTokenizers(target, draft);
      return measureDrafts(target, draft);
    });
    return describeDrafts(drafts);
  });
  await note('steps', async () => {
    steps = await withModels(models, async (target) => {
      const native = await openNative(model, target, gpu);
      try {
        return await measureSteps(target, native);
      } finally {
        await native?.close();
      }
    });
    return describeSteps(steps);
  });
  let costs: ExactCost[] = [];
  await note('exact cost', () =>
    withExact(models, (target) => {
      if (steps === null) throw notTried('steps were not measured');
      costs = exactCosts(target, steps);
      return describeCosts(costs, steps.nativeSteps !== null || isNative(target));
    }),
  );
  return { drafts, steps, costs };
}

function demandPassed(rows: readonly Check[], names: readonly string[]): void {
  const failed = rows.find(({ check, ok }) => !ok && names.includes(check));
  if (failed !== undefined) throw notTried(`${failed.check} failed`);
}

function describeDrafts({ acceptance, comparedTokens, draftMs }: MeasuredDrafts): string {
  return `${Math.round(acceptance * 100)} % of ${comparedTokens} drafts hold; a draft takes ${draftMs.toFixed(1)} ms`;
}

function describeSteps({ steps }: MeasuredSteps): string {
  return `1 to ${steps.length} rows of one sequence take ${steps.map(({ ms }) => ms.toFixed(1)).join(', ')} ms`;
}
