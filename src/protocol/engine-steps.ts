// What the engine's next step holds: each session's view for the scheduler, the scheduler's plan, and the tickets of those that decode.
// Running the step is the engine's business, live or virtual.

import { invariant } from '../basics/invariant.ts';
import {
  freshSchedule,
  type ScheduleState,
  type SessionWork,
  type StepItem,
  type StepLimits,
  scheduleStep,
} from '../scheduling/schedule-step.ts';
import type { StepTimeModel } from '../scheduling/step-time.ts';
import { lookUpChances } from './edge-chain.ts';
import type { EdgeRegistry, RegistryEntry } from './edge-registry.ts';
import { isWritable, lacksEdgeDrafts, readyDrafts } from './edge-session.ts';
import { type EdgeDrafts, expectedAcceptance, type StepTicket } from './edge-state.ts';
import { modeOf } from './mode.ts';

/** A session's part of a step. */
export interface StepPart<Entry> {
  readonly entry: Entry;
  /** Tokens of the text that the engine holds. */
  readonly heldTokens: number;
  /** A chunk of the prompt, from `heldTokens` on; 0 with a ticket. */
  readonly prefillTokens: number;
  /** With it the session decodes: a row for the last token of the text, and one for each draft. */
  readonly ticket: StepTicket | null;
}

interface StepEntry extends RegistryEntry {
  readonly wanted: { readonly drafts: number };
}

interface StepHost<Entry> {
  heldTokens(entry: Entry): number;
  lookUp(entry: Entry): EdgeDrafts | undefined;
}

interface Work<Entry> {
  readonly entry: Entry;
  readonly heldTokens: number;
  readonly view: SessionWork;
}

export class EngineSteps<Entry extends StepEntry> {
  readonly #sessions: EdgeRegistry<Entry>;
  readonly #limits: StepLimits;
  readonly #host: StepHost<Entry>;
  #schedule: ScheduleState = freshSchedule;

  constructor(sessions: EdgeRegistry<Entry>, limits: StepLimits, host: StepHost<Entry>) {
    this.#sessions = sessions;
    this.#limits = limits;
    this.#host = host;
  }

  reset(): void {
    this.#schedule = freshSchedule;
  }

  /**
   * The sessions that could use a step, as the scheduler sees them; empty: nothing is to be run. {@link begin} then fixes what the step
   * holds, before anything else happens to the sessions.
   */
  gather(): readonly Work<Entry>[] {
    const works: Work<Entry>[] = [];
    for (const entry of this.#sessions.entries) {
      const work = this.#workOf(entry);
      if (work !== undefined) works.push(work);
    }
    return works;
  }

  /** Plans a step over them and begins it: drafts of decoding sessions are fixed now, whatever arrives meanwhile. */
  begin(works: readonly Work<Entry>[], stepTime: StepTimeModel): StepPart<Entry>[] {
    const views = works.map(({ view }) => view);
    const plan = scheduleStep(this.#schedule, views, this.#limits, stepTime);
    this.#schedule = plan.state;
    let at = 0;
    return plan.items.map((item) => {
      // Items are in the order of the views, but for a chunk of a prompt, which comes last.
      if (item.kind === 'prefill') at = 0;
      while (views[at]?.id !== item.id) at += 1;
      return this.#begin(works[at] as Work<Entry>, item);
    });
  }

  #begin({ entry, heldTokens }: Work<Entry>, item: StepItem): StepPart<Entry> {
    if (item.kind === 'prefill') return { entry, heldTokens, prefillTokens: item.tokens, ticket: null };
    this.#sessions.step(entry, { kind: 'step-started', drafts: item.drafts });
    const { ticket } = entry.state;
    invariant(ticket !== null, 'a step that did not start');
    return { entry, heldTokens, prefillTokens: 0, ticket };
  }

  /** A prompt is evaluated as soon as it is there, whatever the session's mode waits for. */
  #workOf(entry: Entry): Work<Entry> | undefined {
    if (!entry.hasPlace || !isWritable(entry.state)) return undefined;
    const heldTokens = this.#host.heldTokens(entry);
    const prefillTokens = entry.state.text.length - 1 - heldTokens;
    const shared = { id: entry.number, weight: entry.share, prefillTokens };
    if (prefillTokens > 0) return { entry, heldTokens, view: { ...shared, drafts: 0, acceptance: 0 } };
    this.#lookUp(entry);
    const { state } = entry;
    const drafts = readyDrafts(state, entry.wanted.drafts);
    if (drafts === null) return undefined;
    const chances = { acceptance: expectedAcceptance(state), confidences: lookUpChances(state) };
    return { entry, heldTokens, view: { ...shared, drafts, ...chances } };
  }

  /** For the step that the session could run now, where no draft is at hand. */
  #lookUp(entry: Entry): void {
    const { state } = entry;
    if (!modeOf(state.open.mode).edgeLooksUp || !lacksEdgeDrafts(state)) return;
    const drafts = this.#host.lookUp(entry);
    if (drafts !== undefined) this.#sessions.step(entry, { kind: 'edge-drafted', drafts });
  }
}
