// The source of texts and drafts of the token fidelity: recorded traces, or sessions drawn with a set acceptance rate. All are
// traces in memory, which any number of devices replay without a copy.

import { createRandom, type Random } from '../../src/core/basics/philox.ts';
import { confidenceUnits } from '../../src/core/decoding/confidence.ts';
import { neutralSampling } from '../../src/core/decoding/sampling.ts';
import { type Trace, type TraceHeader, type TraceSession, TraceSessionBuilder } from '../traces/trace.ts';
import { TraceReplay } from '../virtual-time/trace-replay.ts';
import type { WorkloadPlan } from '../world/workload.ts';
import { drawTokens, type TaskKind, taskKinds } from '../world/workload-lengths.ts';
import { findModelShape } from '../world/workload-models.ts';

/** Texts and drafts for the token fidelity: drawn ({@link drawnSource}) or recorded ({@link traceSourceOf}). */
export interface TokenSource {
  readonly name: string;
  readonly header: TraceHeader;
  readonly replays: readonly TraceReplay[];
  /** Tokens of the longest prompt and answer together. */
  readonly longestText: number;
  /** An index into `replays`. */
  pick(kind: TaskKind, random: Random): number;
}

/** A recorded task counts as a kind if its name contains one of these words; others are chat. */
const kindWords: readonly (readonly [TaskKind, RegExp])[] = [
  ['code', /cod|program|humaneval|mbpp/i],
  ['summarisation', /summ|cnn/i],
];

/** @param trace at least one session @param label for the summary */
export function traceSourceOf({ header, sessions }: Trace, label: string): TokenSource {
  const kindOf = ({ task }: TraceSession): TaskKind => kindWords.find(([, words]) => words.test(task))?.[0] ?? 'chat';
  return sourceOf(label, header, sessions, kindOf);
}

/** Stream of createRandom. */
const drawStream = 0x53500000;
const sessionsPerKind = 64;
const endId = 0;

/** Independent drafts with a set acceptance rate, as in the toy language, with lengths drawn by the workload; the words mean nothing. */
export function drawnSource(workload: WorkloadPlan, acceptance: number, seed: number): TokenSource {
  const target = findModelShape(workload.target);
  const draft = findModelShape(workload.draft);
  const vocabularySize = Math.min(target.vocabularySize, draft.vocabularySize);
  const longest = Math.min(target.contextLength, draft.contextLength) - 1;
  const kinds = taskKinds.filter((kind) => workload.tasks.some((task) => task.kind === kind));
  const random = createRandom(seed, drawStream);
  const sessions = kinds.flatMap((kind) =>
    Array.from({ length: sessionsPerKind }, (_, index) => {
      const answerTokens = Math.min(longest - 1, Math.max(1, drawTokens(kind, 'answer', random.uniform())));
      const drawn = Math.max(1, drawTokens(kind, 'prompt', random.uniform()));
      const promptTokens = Math.min(drawn, longest - answerTokens);
      const draw = { id: `${kind}/${index}`, task: kind, promptTokens, answerTokens, vocabularySize, acceptance };
      return drawSession(draw, random);
    }),
  );
  const header: TraceHeader = {
    target: { name: workload.target, fingerprint: 'drawn' },
    draft: { name: workload.draft, fingerprint: 'drawn' },
    tokenizerHash: '00'.repeat(32),
    vocabularySize,
    endIds: [endId],
    sampling: neutralSampling,
    answerTokens: Math.max(...sessions.map(({ answer }) => answer.length)),
    wrongDepth: 1,
    hasRunnerUps: false,
    source: 'drawn',
    licence: 'none needed',
  };
  return sourceOf(
    `drawn: each draft right with chance ${acceptance}`,
    header,
    sessions,
    ({ task }) => task as TaskKind,
  );
}

interface SessionDraw {
  readonly id: string;
  readonly task: string;
  readonly promptTokens: number;
  readonly answerTokens: number;
  readonly vocabularySize: number;
  readonly acceptance: number;
}

function drawSession(draw: SessionDraw, random: Random): TraceSession {
  const { id, task, vocabularySize, acceptance } = draw;
  const word = (): number => 1 + random.integer(vocabularySize - 1);
  const prompt = Array.from({ length: draw.promptTokens }, word);
  const answer = Array.from({ length: draw.answerTokens }, (_, index) =>
    index === draw.answerTokens - 1 ? endId : word(),
  );
  const builder = new TraceSessionBuilder();
  const units = confidenceUnits(acceptance);
  for (const token of answer) {
    if (random.uniform() < acceptance) builder.addRight(units);
    else builder.addWrong([{ token: token === 1 ? 2 : 1, units }]);
  }
  return builder.build({ id, task, prompt, answer });
}

function sourceOf(
  name: string,
  header: TraceHeader,
  sessions: readonly TraceSession[],
  kindOf: (session: TraceSession) => TaskKind,
): TokenSource {
  const all = sessions.map((_, index) => index);
  const ofKind = new Map<TaskKind, readonly number[]>();
  for (const kind of taskKinds) {
    const own = all.filter((index) => kindOf(sessions[index] as TraceSession) === kind);
    // A trace without tasks of this kind uses all its sessions.
    ofKind.set(kind, own.length > 0 ? own : all);
  }
  return {
    name,
    header,
    replays: sessions.map((session) => new TraceReplay(header, session)),
    longestText: Math.max(...sessions.map(({ prompt, answer }) => prompt.length + answer.length)),
    pick(kind, random) {
      const choice = ofKind.get(kind) as readonly number[];
      return choice[random.integer(choice.length)] as number;
    },
  };
}
