// Attacks of someone who has a key: on memory, places, rows, prompt memory, and on the sessions of others.

import { neutralSampling } from '../../../src/core/decoding/sampling.ts';
import { limits } from '../../../src/core/protocol/wire/limits.ts';
import type { OpenMessage } from '../../../src/core/protocol/wire/messages.ts';
import { ids } from '../../readers/toy-reader.ts';
import { freshId, opening, RawDevice } from '../hostile/raw-device.ts';
import type { Attack, Attacks, Target } from './attack.ts';
import { devices, inLanes, visits } from './floods.ts';

type Run = Attack['run'];
/** What an opening has otherwise than that of an honest device. */
type Changes = Partial<OpenMessage>;
type ChangesOf = Changes | ((target: Target, lane: number) => Changes);

function openIn(device: RawDevice, target: Target, lane: number, changes: ChangesOf): void {
  device.send(opening(target.key, typeof changes === 'function' ? changes(target, lane) : changes));
}

/** Keeps `count` sessions of this kind alive. @param meanwhile default: they acknowledge what comes */
function sessions(
  count: number,
  changes: ChangesOf = {},
  meanwhile: (device: RawDevice) => void = (device) => device.acknowledge(),
  everyMs = 50,
): Run {
  return devices(count, everyMs, meanwhile, (device, target, lane) => openIn(device, target, lane, changes));
}

/** Opens this over and over in `lanes`, waits for one message beside `hello`, and leaves. */
function openings(lanes: number, changes: ChangesOf = {}, everyMs = 2): Run {
  return visits(lanes, everyMs, (device, target, lane) => {
    openIn(device, target, lane, changes);
    return device.received('any', 300);
  });
}

/** Opens one session over and over on new connections, each of which takes it over. */
function reopenings(
  lanes: number,
  everyMs: number,
  changesOf: (attempt: number) => Changes,
  wait: (device: RawDevice) => Promise<boolean>,
): Run {
  return (target) => {
    const session = freshId();
    let attempt = 0;
    return visits(lanes, everyMs, (device) => {
      attempt += 1;
      device.send(opening(target.key, { session, attempt, ...changesOf(attempt) }));
      return wait(device);
    })(target);
  };
}

const ping = ({ peer }: RawDevice): void => peer.send(Uint8Array.of(0x05, 7));
const wrongDrafts = ids(200, 30_000);
/** Sessions that may send as many drafts as any. */
const farAhead: Changes = { mode: 'stream', maxAhead: limits.maxAhead };

/** Drafts that are wrong, in a new branch each time. */
function newBranches(perRound: number): (device: RawDevice) => void {
  return (device) => {
    for (let count = 0; count < perRound; count += 1) device.draft(wrongDrafts);
    device.acknowledge();
  };
}

/** A new branch of wrong drafts in each round, with as many alternatives beside it as an edge keeps, or more, each of them extended. */
function newAlternatives(most: number): (device: RawDevice) => void {
  return (device) => {
    device.draft(wrongDrafts);
    const base = device.newestBranch;
    device.newestBranch += most;
    for (const length of [1, limits.alternativeTokens - 1]) {
      for (let count = 1; count <= most; count += 1) {
        const first = device.length + 100 + count + (length === 1 ? 0 : 1);
        device.send({ kind: 'alternative', branch: base + count, base, first, tokens: ids(length) });
      }
    }
    device.acknowledge();
  };
}

export const keyHolders: Attacks = {
  'finished-openings': {
    words: 'openings whose answer is complete already',
    run: openings(8, { answer: ids(20), maxAnswerTokens: 20 }),
  },
  'finished-openings-large': {
    words: 'openings of long texts whose answer is complete already',
    run: openings(8, ({ contextLength }) => {
      return { prompt: ids(contextLength - 30), answer: ids(20), maxAnswerTokens: 20 };
    }),
  },
  'abandoned-sessions': { words: 'sessions that are opened and left without a word', run: openings(8) },
  'never-asks': {
    words: 'sessions in mode sd that never ask for a verdict, and ping',
    run: sessions(16, { mode: 'sd' }, ping, 500),
  },
  'never-acknowledges': {
    words: 'sessions that never acknowledge, and ping',
    run: sessions(16, { flowControlWindow: 16 }, ping, 500),
  },
  'verdicts-without-drafts': {
    words: 'sessions in mode sd that ask for verdicts without a draft',
    run: sessions(16, { mode: 'sd' }, (device) => device.send({ kind: 'verify', length: device.length }), 20),
  },
  'greedy-sessions': { words: '15 long answers at the same time', run: sessions(15) },
  'crowd-of-sessions': { words: '200 sessions at the same time', run: sessions(200) },
  'targets-of-1-ms': {
    words: '100 sessions with a target of 1 ms a token, and wrong drafts',
    run: sessions(
      100,
      { mode: 'stream', targetMsPerToken: 1 },
      (device) => {
        device.draft(wrongDrafts.slice(0, 8));
        device.acknowledge();
      },
      200,
    ),
  },
  'wrong-drafts': {
    words: 'sessions that keep 512 wrong drafts before the text',
    run: sessions(8, farAhead, newBranches(1), 20),
  },
  'branch-churn': {
    words: 'a new branch of 200 wrong drafts in each frame',
    run: sessions(6, farAhead, newBranches(8), 25),
  },
  'alternative-churn': {
    words: 'new branches with 8 alternatives of 32 wrong tokens each',
    run: sessions(6, farAhead, newAlternatives(limits.alternatives), 25),
  },
  'too-many-alternatives': {
    words: '40 alternatives beside each branch',
    run: sessions(6, farAhead, newAlternatives(40), 25),
  },
  'long-prompts': {
    words: 'openings of 1,900 fresh tokens, one after the other',
    run: openings(8, (_target, lane) => ({ prompt: ids(1900, 2000 + lane * 31) }), 50),
  },
  'over-context': {
    words: 'prompts longer than the context',
    run: openings(8, ({ contextLength }) => ({ prompt: ids(contextLength + 1) })),
  },
  'largest-openings': {
    words: 'openings of 1 MiB, most of it rate-limited',
    run: openings(4, () => ({ prompt: ids(250_000, 20_000) })),
  },
  'rate-limit': {
    words: 'sessions that send pings far above the rate limit',
    run: sessions(
      4,
      {},
      (device) => {
        if (device.peer.waitingBytes < 100_000) for (let count = 0; count < 200; count += 1) ping(device);
      },
      10,
    ),
  },
  'sessions-that-never-read': {
    words: 'sessions whose device never reads',
    run: sessions(8, { flowControlWindow: limits.maxFlowControlWindow }, ({ peer }) => peer.stopReading()),
  },
  'foreign-sessions': {
    words: 'resumes of sessions that are somebody else’s, or nobody’s',
    run: visits(8, 2, (device, { key: credentials }, _lane, round) => {
      const { version, padding } = opening('');
      const session = round % 2 === 0 ? freshId() : '0'.repeat(31) + String(round % 10);
      device.send({ kind: 'resume', version, credentials, padding, session, attempt: 2 ** 53 - 1, length: 8 });
      return device.received('gone', 300);
    }),
  },
  'own-sessions-superseded': {
    words: 'a session that is taken over by its own newer connections all the time',
    run: reopenings(
      4,
      5,
      () => ({}),
      (device) => device.peer.settled(() => false, 100),
    ),
  },
  'replaced-texts': {
    words: 'a session that is opened again with another text in the middle of steps',
    run: reopenings(
      2,
      10,
      (attempt) => ({ prompt: ids(8 + (attempt % 50)) }),
      (device) => device.received('commit', 200),
    ),
  },
  'probed-prompt': {
    words: 'guesses of the prompt of an honest reader',
    run: openings(4, ({ honestPrompt }) => ({ prompt: honestPrompt, maxAnswerTokens: 1 }), 20),
  },
  'wrong-tokenizer': {
    words: 'openings with the hash of another tokenizer',
    run: openings(8, { tokenizerHash: 'cd'.repeat(32) }),
  },
  'mode-without-draft-model': {
    words: 'openings in a mode that the edge cannot serve',
    run: openings(8, { mode: 'edge-sd' }),
  },
  'impossible-sampling': {
    words: 'openings with impossible sampling parameters',
    run: openings(8, { sampling: { ...neutralSampling, temperature: Number.NaN, topP: 7 } }),
  },
  'expensive-sampling': {
    words: 'sessions with 300 biases, penalties and stop strings',
    run: sessions(8, {
      sampling: {
        ...neutralSampling,
        temperature: 1,
        presencePenalty: 0.5,
        frequencyPenalty: 0.5,
        repetitionPenalty: 1.1,
        logitBias: ids(limits.logitBiases).map((id) => [id, 0.01] as const),
      },
      stopStrings: ['never', 'nimmer', 'jamais', 'mai'],
    }),
  },
  'repeating-prompts': {
    words: 'prompts of one repeated token, for the look-up',
    run: openings(8, { mode: 'stream', prompt: new Array<number>(1800).fill(7), maxAnswerTokens: 50 }, 20),
  },
  'padded-frames': { words: 'sessions with the largest padding', run: sessions(8, { padding: limits.maxPadding }) },
  'acknowledges-too-much': {
    words: 'acknowledgements of text that does not exist',
    run: sessions(4, {}, (device) => device.send({ kind: 'ack', length: device.length + 5000 }), 10),
  },
  'ids-beyond-vocabulary': {
    words: 'drafts of ids that do not exist',
    run: sessions(4, { mode: 'stream' }, (device) => device.draft([limits.maxId]), 10),
  },
  'drafts-too-far-ahead': {
    words: 'drafts beyond what the opening allows',
    run: sessions(4, { mode: 'stream', maxAhead: 4 }, (device) => device.draft(wrongDrafts), 10),
  },
  'second-attach': {
    words: 'a second opening on the same connection',
    run: (target) => sessions(4, {}, (device) => device.send(opening(target.key)), 20)(target),
  },
  'said-goodbye': {
    words: 'sessions that end with bye in the middle of a step',
    run: (target) =>
      inLanes(target, 8, 2, async () => {
        const device = await RawDevice.connect(target.port, target.from);
        device?.send(opening(target.key));
        await device?.received('commit', 100);
        device?.send({ kind: 'bye' });
        device?.peer.close();
      }),
  },
};
