// What `outrider run` and `outrider serve --demo` start: the flags of their edge process, which models are open at the same time in the two
// processes, and what is emulated between them.

import { draftSequences } from '../../api/open-device.ts';
import { modeOf } from '../../core/protocol/wire/mode.ts';
import type { PlannedOpening } from '../../models/files/memory-check.ts';
import { findProfile } from '../../models/port/profiles.ts';
import { edgeLookUpTokens } from '../options/look-up-place.ts';
import type { AnswerFlags } from './answer-flags.ts';
import { deviceContextLength, hedgesOf } from './open-device.ts';

export interface RunFlags extends AnswerFlags {
  readonly model: string;
  readonly profile: string;
  readonly unpaced: boolean;
  readonly context: number;
}

type EdgePlanFlags = Omit<RunFlags, Exclude<keyof AnswerFlags, 'draft' | 'mode' | 'lookUp' | 'draftLength' | 'gpu'>>;
type OpeningFlags = Pick<RunFlags, 'model' | 'draft' | 'mode' | 'hedges' | 'context'>;

/** Round trip of the emulated network between two processes of one machine, ms, unless another one is asked for. */
export const emulatedRoundTripMs = 20;

/** The hardware that the edge emulates, for a reader. */
export function paceText(profileName: string): string {
  const { description, stepMs, rowMs } = findProfile(profileName);
  return `Edge: paced to ${description}, ${stepMs} ms per step plus ${rowMs} ms per row`;
}

/** The emulated network, for a reader. */
export function networkText({ link, rtt }: Pick<AnswerFlags, 'link' | 'rtt'>): string {
  return `Network: emulated, ${link ?? `rtt=${rtt}`}`;
}

/** One writes, one is compared with it. */
const edgeSessions = 2;

/** Whether the edge opens the draft as well. */
function edgeDrafts(mode: AnswerFlags['mode']): boolean {
  return mode === 'auto' || (mode !== 'local' && modeOf(mode).edgeDrafts);
}

/** For `outrider edge`. */
export function edgeFlagsOf(flags: EdgePlanFlags): string[] {
  const { model, draft, mode, context, lookUp, unpaced, profile, draftLength, gpu } = flags;
  const edgeFlags = ['--model', model, '--sessions', String(edgeSessions), '--context', String(context)];
  // The device reports what the edge refuses, in words for its user.
  edgeFlags.push('--log-level', 'error');
  edgeFlags.push('--look-up', String(edgeLookUpTokens(lookUp)));
  if (gpu !== 'off') edgeFlags.push('--gpu', gpu);
  if (!unpaced) edgeFlags.push('--profile', profile);
  if (edgeDrafts(mode)) edgeFlags.push('--draft', draft, '--draft-length', String(draftLength));
  return edgeFlags;
}

/** Every model that will be open, once for each process. */
export function openingsOf({ model, draft, mode, hedges, context }: OpeningFlags): PlannedOpening[] {
  const onEdge = { sequences: edgeSessions, contextLength: context };
  return [
    { spec: model, ...onEdge },
    ...(edgeDrafts(mode) ? [{ spec: draft, ...onEdge }] : []),
    { spec: draft, sequences: draftSequences(hedgesOf({ mode, hedges })), contextLength: deviceContextLength },
  ];
}
