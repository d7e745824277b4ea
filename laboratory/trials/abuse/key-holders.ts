// Attacks of someone who has a key: on memory, places, rows, prompt memory, and on the sessions of others.

import { neutralSampling } from '../../../src/core/decoding/sampling.ts';
import { limits } from '../../../src/core/protocol/wire/limits.ts';
import type { OpenMessage } from '../../../src/core/protocol/wire/messages.ts';
import type { Attack } from './attack.ts';
import { freshId, Intruder, ids, inLanes, keepOpen, opening, type Target } from './intruder.ts';

type Opening = (target: Target, lane: number) => Partial<OpenMessage>;

/** Keeps `count` sessions of this kind alive; they acknowledge what comes. */
function sessions(
  count: number,
  changes: Opening,
  meanwhile?: (intruder: Intruder, lane: number) => void,
  everyMs = 50,
) {
  return (target: Target): Promise<void> =>
    keepOpen(
      target,
      count,
      (intruder, lane) => intruder.say(opening(target.key, changes(target, lane))),
      meanwhile ?? ((intruder) => intruder.acknowledge()),
      everyMs,
    );
}

/** Opens this over and over in `lanes`, waits for one message beside `hello`, and goes away. */
function openings(lanes: number, changes: Opening, everyMs = 2) {
  return (target: Target): Promise<void> =>
    inLanes(target, lanes, everyMs, async (lane) => {
      const intruder = await Intruder.connect(target);
      if (intruder === null) return;
      intruder.say(opening(target.key, changes(target, lane)));
      await intruder.peer.settled(() => intruder.kinds.some((kind) => kind !== 'hello'), 300);
      intruder.peer.destroy();
    });
}

/** A session in each lane, whose device says something after each message of the edge, and attaches again when it is closed. */
function rudely(lanes: number, say: (intruder: Intruder, round: number) => void, changes: Opening = () => ({})) {
  return sessions(lanes, changes, rounds(say), 10);
}

function rounds(say: (intruder: Intruder, round: number) => void): (intruder: Intruder) => void {
  let round = 0;
  return (intruder) => {
    round += 1;
    say(intruder, round);
  };
}

const wrongDrafts = ids(200, 30_000);

const newestBranches = new WeakMap<Intruder, number>();

/** Sends drafts in a branch that is new: only those can be sent after any others. */
function draftAnew(intruder: Intruder, tokens: readonly number[]): void {
  const branch = (newestBranches.get(intruder) ?? 0) + 1;
  newestBranches.set(intruder, branch);
  intruder.say({ kind: 'draft', branch, first: intruder.length, tokens });
}

/** Drafts that are wrong, in a new branch each time. */
function newBranches(perRound: number): (intruder: Intruder) => void {
  return (intruder) => {
    for (let count = 0; count < perRound; count += 1) draftAnew(intruder, wrongDrafts);
    intruder.acknowledge();
  };
}

/** A new branch of wrong drafts in each round, with as many alternatives beside it as an edge keeps, or more, each of them extended. */
function newAlternatives(most: number): (intruder: Intruder) => void {
  const newest = new WeakMap<Intruder, number>();
  return (intruder) => {
    const first = intruder.length;
    const base = (newest.get(intruder) ?? 0) + 1;
    newest.set(intruder, base + most);
    intruder.say({ kind: 'draft', branch: base, first, tokens: wrongDrafts });
    for (const length of [1, limits.alternativeTokens - 1]) {
      for (let count = 1; count <= most; count += 1) {
        const at = first + 100 + count + (length === 1 ? 0 : 1);
        intruder.say({ kind: 'alternative', branch: base + count, base, first: at, tokens: ids(length) });
      }
    }
    intruder.acknowledge();
  };
}

export const keyHolders: readonly Attack[] = [
  {
    name: 'finished-openings',
    words: 'openings whose answer is complete already',
    run: openings(8, () => ({ answer: ids(20), maxAnswerTokens: 20 })),
  },
  {
    name: 'finished-openings-large',
    words: 'openings of long texts whose answer is complete already',
    run: openings(8, ({ contextLength }) => ({
      prompt: ids(contextLength - 30),
      answer: ids(20),
      maxAnswerTokens: 20,
    })),
  },
  {
    name: 'abandoned-sessions',
    words: 'sessions that are opened and left without a word',
    run: openings(8, () => ({})),
  },
  {
    name: 'never-asks',
    words: 'sessions in mode sd that never ask for a verdict, and ping',
    run: sessions(
      16,
      () => ({ mode: 'sd' }),
      ({ peer }) => peer.send(Uint8Array.of(0x05, 7)),
      500,
    ),
  },
  {
    name: 'never-acknowledges',
    words: 'sessions that never acknowledge, and ping',
    run: sessions(
      16,
      () => ({ flowControlWindow: 16 }),
      ({ peer }) => peer.send(Uint8Array.of(0x05, 7)),
      500,
    ),
  },
  {
    name: 'verdicts-without-drafts',
    words: 'sessions in mode sd that ask for verdicts without a draft',
    run: sessions(
      16,
      () => ({ mode: 'sd' }),
      (intruder) => intruder.say({ kind: 'verify', length: intruder.length }),
      20,
    ),
  },
  { name: 'greedy-sessions', words: '15 long answers at the same time', run: sessions(15, () => ({})) },
  {
    name: 'crowd-of-sessions',
    words: '200 sessions at the same time',
    run: sessions(200, () => ({})),
  },
  {
    name: 'wrong-drafts',
    words: 'sessions that keep 512 wrong drafts before the text',
    run: sessions(8, () => ({ mode: 'stream', maxAhead: limits.maxAhead }), newBranches(1), 20),
  },
  {
    name: 'branch-churn',
    words: 'a new branch of 200 wrong drafts in each frame',
    run: sessions(6, () => ({ mode: 'stream', maxAhead: limits.maxAhead }), newBranches(8), 25),
  },
  {
    name: 'alternative-churn',
    words: 'new branches with 8 alternatives of 32 wrong tokens each',
    run: sessions(6, () => ({ mode: 'stream', maxAhead: limits.maxAhead }), newAlternatives(limits.alternatives), 25),
  },
  {
    name: 'too-many-alternatives',
    words: '40 alternatives beside each branch',
    run: sessions(6, () => ({ mode: 'stream', maxAhead: limits.maxAhead }), newAlternatives(40), 25),
  },
  {
    name: 'long-prompts',
    words: 'openings of 1,900 fresh tokens, one after the other',
    run: openings(8, (_target, lane) => ({ prompt: ids(1900, 2000 + lane * 31) }), 50),
  },
  {
    name: 'over-context',
    words: 'prompts longer than the context',
    run: openings(8, ({ contextLength }) => ({ prompt: ids(contextLength + 1) })),
  },
  {
    name: 'largest-openings',
    words: 'openings of 1 MiB, most of it rate-limited',
    run: openings(4, () => ({ prompt: ids(250_000, 20_000) })),
  },
  {
    name: 'rate-limit',
    words: 'sessions that send pings far above the rate limit',
    run: rudely(4, ({ peer }) => {
      if (peer.waitingBytes < 100_000) for (let count = 0; count < 200; count += 1) peer.send(Uint8Array.of(0x05, 7));
    }),
  },
  {
    name: 'sessions-that-never-read',
    words: 'sessions whose device never reads',
    run: sessions(
      8,
      () => ({ flowControlWindow: limits.maxFlowControlWindow }),
      ({ peer }) => peer.stopReading(),
    ),
  },
  {
    name: 'foreign-sessions',
    words: 'resumes of sessions that are somebody else’s, or nobody’s',
    run: (target) =>
      inLanes(target, 8, 2, async (_lane, round) => {
        const intruder = await Intruder.connect(target);
        if (intruder === null) return;
        const { version, padding } = opening('');
        const session = round % 2 === 0 ? freshId() : '0'.repeat(31) + String(round % 10);
        intruder.say({
          kind: 'resume',
          version,
          credentials: target.key,
          padding,
          session,
          attempt: 2 ** 53 - 1,
          length: 8,
        });
        await intruder.peer.settled(() => intruder.kinds.includes('gone'), 300);
        intruder.peer.destroy();
      }),
  },
  {
    name: 'own-sessions-superseded',
    words: 'a session that is taken over by its own newer connections all the time',
    run: (target) => {
      const session = freshId();
      let attempt = 0;
      return inLanes(target, 4, 5, async () => {
        const intruder = await Intruder.connect(target);
        attempt += 1;
        intruder?.say(opening(target.key, { session, attempt }));
        await intruder?.peer.settled(() => false, 100);
        intruder?.peer.destroy();
      });
    },
  },
  {
    name: 'replaced-texts',
    words: 'a session that is opened again with another text in the middle of steps',
    run: (target) => {
      const session = freshId();
      let attempt = 0;
      return inLanes(target, 2, 10, async () => {
        const intruder = await Intruder.connect(target);
        attempt += 1;
        intruder?.say(opening(target.key, { session, attempt, prompt: ids(8 + (attempt % 50)) }));
        await intruder?.peer.settled(() => intruder.kinds.includes('commit'), 200);
        intruder?.peer.destroy();
      });
    },
  },
  {
    name: 'probed-prompt',
    words: 'guesses of the prompt of an honest reader',
    run: openings(4, ({ honestPrompt }) => ({ prompt: honestPrompt, maxAnswerTokens: 1 }), 20),
  },
  {
    name: 'wrong-tokenizer',
    words: 'openings with the hash of another tokenizer',
    run: openings(8, () => ({ tokenizerHash: 'cd'.repeat(32) })),
  },
  {
    name: 'mode-without-draft-model',
    words: 'openings in a mode that the edge cannot serve',
    run: openings(8, () => ({ mode: 'edge-sd' })),
  },
  {
    name: 'impossible-sampling',
    words: 'openings with impossible sampling parameters',
    run: openings(8, () => ({ sampling: { ...neutralSampling, temperature: Number.NaN, topP: 7 } })),
  },
  {
    name: 'expensive-sampling',
    words: 'sessions with 300 biases, penalties and stop strings',
    run: sessions(8, () => ({
      sampling: {
        ...neutralSampling,
        temperature: 1,
        presencePenalty: 0.5,
        frequencyPenalty: 0.5,
        repetitionPenalty: 1.1,
        logitBias: ids(limits.logitBiases).map((id) => [id, 0.01] as const),
      },
      stopStrings: ['never', 'nimmer', 'jamais', 'mai'],
    })),
  },
  {
    name: 'repeating-prompts',
    words: 'prompts of one repeated token, for the look-up',
    run: openings(8, () => ({ mode: 'stream', prompt: new Array<number>(1800).fill(7), maxAnswerTokens: 50 }), 20),
  },
  {
    name: 'padded-frames',
    words: 'sessions with the largest padding',
    run: sessions(8, () => ({ padding: limits.maxPadding })),
  },
  {
    name: 'acknowledges-too-much',
    words: 'acknowledgements of text that does not exist',
    run: rudely(4, (intruder) => intruder.say({ kind: 'ack', length: intruder.length + 5000 })),
  },
  {
    name: 'ids-beyond-vocabulary',
    words: 'drafts of ids that do not exist',
    run: rudely(
      4,
      (intruder) => draftAnew(intruder, [limits.maxId]),
      () => ({ mode: 'stream' }),
    ),
  },
  {
    name: 'drafts-too-far-ahead',
    words: 'drafts beyond what the opening allows',
    run: rudely(
      4,
      (intruder) => draftAnew(intruder, wrongDrafts),
      () => ({ mode: 'stream', maxAhead: 4 }),
    ),
  },
  {
    name: 'second-attach',
    words: 'a second opening on the same connection',
    run: (target) =>
      keepOpen(
        target,
        4,
        (intruder) => intruder.say(opening(target.key)),
        (intruder) => intruder.say(opening(target.key)),
        20,
      ),
  },
  {
    name: 'said-goodbye',
    words: 'sessions that end with bye in the middle of a step',
    run: (target) =>
      inLanes(target, 8, 2, async () => {
        const intruder = await Intruder.connect(target);
        intruder?.say(opening(target.key));
        await intruder?.peer.settled(() => intruder.kinds.includes('commit'), 100);
        intruder?.say({ kind: 'bye' });
        intruder?.peer.close();
      }),
  },
];
