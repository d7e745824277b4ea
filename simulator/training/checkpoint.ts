// A complete training run as a file: networks, target networks, moments of the optimisers, replay buffer, state of the random
// numbers, and the decisions of the present episode. A resumed run is bit for bit the same as one without interruption.

import { assignmentFields } from '../../src/allocation/slot/check-assignment.ts';
import type { Assignment } from '../../src/allocation/slot/slot-state.ts';
import { actorFile, actorOf, requireTensor } from '../policies/learned/actor-file.ts';
import type { LearnedActor } from '../policies/learned/learned-policy.ts';
import {
  readTensors,
  type StoredTensor,
  type TensorValues,
  unreadable,
  writeTensors,
} from '../policies/learned/safetensors.ts';
import { drawTensors, type LearnerKind, type SavedTensors } from './learner.ts';
import { createReplay, type Replay, type ReplayArrays } from './replay.ts';
import type { SavedTraining, TrainingProgress } from './trainer.ts';

type Tensors = ReadonlyMap<string, StoredTensor>;

/** The state of a run, as JSON in the metadata. */
interface RunState extends Omit<TrainingProgress, 'decisions'> {
  readonly kind: Omit<LearnerKind, 'scale'>;
  /** Number of devices of each decision of the episode. */
  readonly decisionSizes: readonly number[];
  readonly replayCount: number;
  readonly replayNext: number;
}

const version = '2';
/** The key of {@link RunState} in the metadata. */
const stateKey = 'ledger';

/** @param about origin of the run, as text */
export function writeCheckpoint(
  saved: SavedTraining,
  actor: LearnedActor,
  about: Readonly<Record<string, string>>,
): Uint8Array {
  const { kind, progress, tensors, replay } = saved;
  const { scale: _, ...plainKind } = kind;
  const { tensors: ofActor, metadata } = actorFile(actor, about);
  const { decisions, ...counts } = progress;
  const state: RunState = {
    kind: plainKind,
    ...counts,
    decisionSizes: decisions.map(({ server }) => server.length),
    replayCount: replay.count,
    replayNext: replay.next,
  };
  const all = [...tensors, ...ofActor, ...replayTensors(replay), ...decisionTensors(decisions)];
  return writeTensors({
    tensors: new Map<string, StoredTensor>(all),
    metadata: { ...metadata, checkpoint: version, [stateKey]: JSON.stringify(state) },
  });
}

/**
 * @param what the file's name, for messages
 * @throws OutriderError `weights-unreadable` when it is damaged, no checkpoint, or of another shape than its header declares
 */
export function readCheckpoint(bytes: Uint8Array, what: string): SavedTraining {
  const file = readTensors(bytes, what);
  const { tensors, metadata } = file;
  if (metadata['checkpoint'] !== version || metadata[stateKey] === undefined) {
    throw unreadable(what, 'it holds no training run that could go on (weights alone serve as a policy)');
  }
  const { scale } = actorOf(file, what);
  const state = readRunState(metadata[stateKey], what);
  const kind: LearnerKind = { ...state.kind, scale };
  return {
    kind,
    progress: { ...state, decisions: readDecisions(tensors, state.decisionSizes, what) },
    tensors: readLearner(tensors, kind, what),
    replay: readReplay(tensors, state, what),
  };
}

function readRunState(text: string, what: string): RunState {
  try {
    const state = JSON.parse(text) as RunState;
    const { kind } = state;
    const counts = [state.slots, state.updates, state.episode, state.replayCount, state.replayNext];
    const sizes = [kind.deviceCount, kind.serverCount, kind.settings.replayCapacity];
    const isWhole = [...counts, ...sizes, ...state.decisionSizes].every((one) => Number.isSafeInteger(one) && one >= 0);
    if (isWhole && state.replayCount <= kind.settings.replayCapacity) return state;
  } catch {
    // A missing field shows as a TypeError.
  }
  throw unreadable(what, 'its run state is damaged');
}

/** Every array of a learner of this kind, each with its shape. */
function readLearner(tensors: Tensors, kind: LearnerKind, what: string): SavedTensors {
  return new Map(
    [...drawTensors(kind)].map(([name, { shape }]) => {
      return [name, { shape, values: requireTensor(tensors, name, shape, what) }];
    }),
  );
}

/** Empty rows are left out. */
function replayTensors({ arrays, count, capacity }: Replay): [string, StoredTensor][] {
  return Object.entries(arrays as unknown as Record<string, TensorValues>).map(([name, values]) => {
    const width = values.length / capacity;
    return [`replay.${name}`, { shape: [count, width], values: values.subarray(0, count * width) }];
  });
}

function readReplay(tensors: Tensors, { kind, replayCount, replayNext }: RunState, what: string): Replay {
  const { deviceCount, serverCount, settings } = kind;
  const replay = createReplay(settings.replayCapacity, deviceCount, serverCount);
  for (const name of Object.keys(replay.arrays) as (keyof ReplayArrays)[]) {
    const target = replay.arrays[name];
    const values = tensors.get(`replay.${name}`)?.values;
    const length = (target.length / settings.replayCapacity) * replayCount;
    if (values?.constructor !== target.constructor || values.length !== length) {
      throw unreadable(
        what,
        `"replay.${name}" does not have ${replayCount} rows for ${deviceCount} devices and ${serverCount} servers`,
      );
    }
    target.set(values);
  }
  replay.count = replayCount;
  replay.next = replayNext % settings.replayCapacity;
  return replay;
}

const decisionArrays = { server: Int32Array, bandwidthShare: Float64Array, computeShare: Float64Array } as const;

function decisionTensors(decisions: readonly Assignment[]): [string, StoredTensor][] {
  return assignmentFields.map((field) => {
    const values = decisionArrays[field].from(decisions.flatMap((decision) => [...decision[field]]));
    return [`decisions.${field}`, { shape: [values.length], values }];
  });
}

function readDecisions(tensors: Tensors, sizes: readonly number[], what: string): Assignment[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const read = <Values extends TensorValues>(field: keyof Assignment, kind: new (length: number) => Values): Values => {
    const values = tensors.get(`decisions.${field}`)?.values;
    if (!(values instanceof kind)) throw unreadable(what, 'its decisions are missing');
    if (values.length !== total) throw unreadable(what, 'its decisions are incomplete');
    return values;
  };
  const server = read('server', Int32Array);
  const bandwidthShare = read('bandwidthShare', Float64Array);
  const computeShare = read('computeShare', Float64Array);
  let end = 0;
  return sizes.map((size) => {
    const begin = end;
    end += size;
    return {
      server: server.slice(begin, end),
      bandwidthShare: bandwidthShare.slice(begin, end),
      computeShare: computeShare.slice(begin, end),
    };
  });
}
