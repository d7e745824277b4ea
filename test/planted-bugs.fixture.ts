// Bugs of the parts that `trial faults` does not run, each as a change of one place in the sources, with the test that notices it. The
// letters are those of the bugs with which the tests were first tried.

import { comparisonBugs } from './planted-comparisons.fixture.ts';
import type { ListedBug, SourceBug } from './source-bug.fixture.ts';

const loop = 'src/processes/edge/engine-loop.ts';
const machine = 'src/core/protocol/edge/edge-session.ts';
const connections = 'src/core/protocol/edge/edge-connections.ts';
const passTimes = 'src/core/decoding/pass-times.ts';

const listed: Readonly<Record<string, ListedBug>> = {
  'results shift by one when a session leaves during the step (J)': {
    ...{ rule: 'engine loop, 12', file: loop },
    from: 'for (const [index, part] of running.entries()) {',
    to: 'for (const [index, part] of running.filter(({ entry }) => !entry.state.released).entries()) {',
    ...{ test: 'src/processes/edge/edge.test.ts', name: 'every other session gets its own rows' },
  },
  'too few rows of an engine are taken': {
    ...{ rule: 'engine loop, 13', file: loop },
    from: 'if ((rows?.length ?? 0) < item.rows) {',
    to: 'if (item.rows < 0) {',
    ...{ test: 'src/processes/edge/edge.test.ts', name: 'the session fails, and the next turn is right' },
  },
  'a sequence is not emptied after the engine has failed (I)': {
    ...{ rule: 'engine loop', file: loop },
    from: 'for (const { kv } of parts) await emptySequence(kv)',
    to: 'for (const { kv } of parts.slice(0, 0)) await emptySequence(kv)',
    ...{ test: 'src/processes/edge/edge.test.ts', name: 'has an empty sequence for the next turn of the conversation' },
  },
  'prompt memory belongs to a conversation, whatever the key (C)': {
    ...{ rule: 'keys and ids', file: 'src/core/protocol/edge/prompt-owner.ts', name: 'is the key with its namespace' },
    from: ': [key.id, namespace];',
    to: ": ['', namespace];",
  },
  'prompt memory belongs to a key, whatever the namespace': {
    ...{ rule: 'keys and ids', file: 'src/core/protocol/edge/prompt-owner.ts' },
    from: ': [key.id, namespace];',
    to: ': [key.id];',
    ...{ test: 'src/processes/edge/edge.test.ts', name: 'is not used for another namespace' },
  },
  'an edge says that it has nothing of a prompt': {
    ...{ rule: '35', file: 'src/core/protocol/edge/edge-core.ts' },
    from: 'tokens: this.#host.heldTokens(entry) }',
    to: 'tokens: 0 }',
    ...{ test: 'test/together/prompt-logprobs.test.ts', name: 'is said of each turn' },
  },
  'kept keys and values stand for the rows of a prompt': {
    ...{ rule: '36', file: 'src/core/protocol/edge/edge-scores.ts', name: 'go out as they are read' },
    from: 'return isScoring(state) ? Math.min(most, state.promptScores?.readTokens ?? most) : most;',
    to: 'return most;',
  },
  'a prompt is read on while its logprobs are not accepted': {
    ...{ rule: '36', file: machine },
    from: ' && !isPaused(state) && !isUnsent(state);',
    to: ' && !isPaused(state);',
    ...{ test: 'src/core/protocol/edge/edge-scores.test.ts', name: 'reads no further meanwhile' },
  },
  'a sequence is read whoever filled it': {
    ...{ rule: 'keys and ids', file: 'src/processes/edge/kv-sequences.ts' },
    from: 'if (kv.filledBy !== kv.owner) return 0;',
    to: '',
    ...{ test: 'src/processes/edge/edge.test.ts', name: 'is not used for another key' },
  },
  'a short request overwrites a long text': {
    ...{ rule: 'keys and ids', file: 'src/processes/edge/owned-pool.ts', name: 'overwrites no more than it saves' },
    from: 'gain >= 0 && gain > (best?.gain ?? -1)',
    to: 'gain > (best?.gain ?? Number.NEGATIVE_INFINITY)',
  },
  'rows are shared by session, whatever the key': {
    ...{ rule: '28', file: 'src/core/protocol/edge/engine-steps.ts' },
    from: 'if (works.every(({ entry }) => entry.key.id === first)) return;',
    to: 'if (first !== undefined) return;',
    ...{ test: 'test/together/keys-and-places.test.ts', name: 'are shared by key, then by session' },
  },
  'a callback that throws ends what called it': {
    ...{ rule: 'callbacks of the edge', file: 'src/processes/edge/edge-faults.ts' },
    from: 'this.report(error);\n      return otherwise;',
    to: 'throw error;',
    ...{ test: 'test/together/edge-faults.test.ts', name: 'reports the same words once' },
  },
  'a disk that fails ends what writes the lines': {
    ...{ rule: 'logs and records', file: 'src/files/line-queue.ts', name: 'goes on after a failure, or ends for good' },
    from: 'if (!this.#settings.failed(error, lines.length)) this.stop();',
    to: 'if (!this.#settings.failed(error, lines.length)) throw error;',
  },
  'a key that is revoked or has expired is taken': {
    ...{ rule: 'keys and ids', file: 'src/files/key-ring.ts' },
    from: "keyState(entry, nowMs) !== 'valid' || ",
    to: '',
    test: 'src/files/key-files.test.ts',
    name: 'are found by their whole text, for their scopes, while they are valid',
  },
  'the key is checked after the rest has been read': {
    ...{ rule: 'keys and ids', file: 'src/core/protocol/wire/codec-open.ts' },
    from: '  admit(credentials);\n',
    to: '',
    ...{ test: 'src/core/protocol/wire/codec.test.ts', name: 'shows its key before anything else is read' },
  },
  'pages of any origin may connect': {
    ...{ rule: 'the WebSocket', file: 'src/network/transport-node/upgrade-guard.ts' },
    from: 'if (origin === undefined || origins.has(',
    to: 'if (origins.size === 0 || origin === undefined || origins.has(',
    name: 'of any page is refused where no origin is listed',
  },
  'an edge answers to any name': {
    ...{ rule: 'the WebSocket', file: 'src/network/transport-node/upgrade-guard.ts' },
    from: 'if (name === null || !knowsHost(name)) {',
    to: 'if (name === null) {',
    name: 'is judged by Origin and Host',
  },
  'an idle connection is looked at only once (H)': {
    ...{ rule: '1', file: connections },
    from: 'entry.own.cancelIdle = this.#closeIdleLater(id, this.#settings.liveness.lostAfterMs);',
    to: 'entry.own.cancelIdle = () => {};',
    ...{ test: 'test/edge-connections.test.ts', name: 'asks again later whether an attached connection still is' },
  },
  'a peer that does not read gets pongs (O)': {
    ...{ rule: 'a connection', file: 'src/core/protocol/wire/connections.ts' },
    from: "if (carrier.writable) this.send(id, { kind: 'pong'",
    to: "this.send(id, { kind: 'pong'",
    ...{ test: 'test/edge-connections.test.ts', name: 'answers no ping of a peer that does not read' },
  },
  'an old attempt takes a session over': {
    ...{ rule: '2', file: machine, name: 'which is not newer, changes nothing' },
    from: 'if (message.attempt <= state.attempt) {',
    to: 'if (message.attempt < state.attempt) {',
  },
  'a resume inside the prompt is taken (L)': {
    ...{ rule: '3', file: machine, name: '' },
    from: ' || length < open.prompt.length) return false;',
    to: ') return false;',
  },
  'the end is lost on a resume at full length (B)': {
    ...{ rule: '4', file: machine, name: 'gets the end again, also when it has the whole text' },
    from: 'if (link.sent === text.length && (state.end === null || link.endSent)) return state;',
    to: 'if (link.sent === text.length) return state;',
  },
  'an answer that has ended gets a step': {
    ...{ rule: '6, 14', file: machine, name: 'that is complete gets the end at once' },
    from: '    end = pushed.end?.reason ?? null;',
    to: '    end = null;',
  },
  'a resume does not acknowledge (K)': {
    ...{ rule: '19', file: machine, name: 'acknowledges the length that it has' },
    from: 'return { ...resumed, acknowledged: Math.max(state.acknowledged, message.length) };',
    to: 'return resumed;',
  },
  'the window pauses one token late (A)': {
    ...{ rule: '19', file: 'src/core/protocol/edge/edge-state.ts' },
    from: 'return state.text.length - state.acknowledged >= state.open.flowControlWindow;',
    to: 'return state.text.length - state.acknowledged > state.open.flowControlWindow;',
    test: 'src/core/protocol/edge/edge-session.test.ts',
    name: 'pauses at exactly the window, and an acknowledgement moves it',
  },
  'an edge that only greets marks the text': {
    ...{ rule: 'fingerprints', file: 'src/core/protocol/device/device-links.ts' },
    from: 'const fingerprints = fresh.length === 0 ? state.fingerprints : ',
    to: 'const fingerprints = ',
    ...{ test: 'src/core/protocol/hand-over.test.ts', name: 'are those of the edges that wrote tokens of it' },
  },
  'verdicts of a lagging edge are taken for answered': {
    ...{ rule: '27', file: 'src/core/protocol/device/device-links.ts' },
    from: 'const received = findLink(state, state.main)?.received ?? 0;',
    to: 'const received = state.text.length;',
    ...{ test: 'src/core/protocol/hand-over.test.ts', name: 'requests separate verdicts from the second edge' },
  },
  'each word of a queue gives the edge more time': {
    ...{ rule: 'silence of a live edge', file: 'src/core/protocol/device/text-deadline.ts' },
    from: 'queued(): void {\n    this.#hasText = false;\n    this.#rearm();',
    to: 'queued(): void {\n    this.#hasText = false;\n    this.#restart();',
    ...{ test: 'test/device-driver.test.ts', name: 'has the time of a first token, however often it says so' },
  },
  'all devices come back at the same moment': {
    ...{ rule: 'silence of a live edge', file: 'src/core/protocol/device/reconnect-pause.ts' },
    from: 'rangeMs * (leastPart + (1 - leastPart) * uniform)',
    to: 'rangeMs',
    ...{ test: 'test/device-driver.test.ts', name: 'and not at the same moment as other devices' },
  },
  'a waiting session is told nothing': {
    ...{ rule: '28', file: 'src/core/protocol/edge/edge-place-queue.ts' },
    from: 'entry.sentAhead === ahead) continue;',
    to: 'ahead >= 0) continue;',
    ...{ test: 'src/core/protocol/edge/edge-places.test.ts', name: 'waits, is told how many are before it' },
  },
  'connections without a session have no bound': {
    ...{ rule: '1, limits', file: 'src/core/protocol/edge/connection-limits.ts', name: '' },
    from: 'if (this.count <= this.#limits.unattached) return undefined;',
    to: 'return undefined;',
  },
  'the first pass of a turn, which reads the prompt, counts as a draft': {
    ...{ rule: 'time of a draft', file: 'src/core/protocol/device/draft-watch.ts' },
    from: 'if (this.#hasDrafted) this.#timing',
    to: 'this.#timing',
    name: 'does not count the first pass of a turn',
  },
  'a pass that catches up with several tokens counts as one of a single token': {
    ...{ rule: 'time of a draft', file: passTimes, name: 'falls apart into what it evaluates' },
    from: 'return prices.token * (tokens - 1) + alternatives;',
    to: 'return prices.token * Math.min(0, tokens) + alternatives;',
  },
  'an alternative may seem to cost less than nothing': {
    ...{ rule: 'time of a draft', file: passTimes, name: 'never believes that an alternative costs nothing' },
    from: 'return Math.min(mostPrice, Math.max(leastPrice, share));',
    to: 'return Math.min(mostPrice, share);',
  },
  'beginning an alternative is priced like going on with one': {
    ...{ rule: 'time of a draft', file: 'src/core/decoding/hedge-worth.ts' },
    from: 'start: cutAt(startPrice(prices, acceptance))',
    to: 'start: cutAt(prices.continued)',
    ...{ test: 'src/core/protocol/device/draft-watch.test.ts', name: 'asks more of an alternative that begins' },
  },
  ...comparisonBugs,
};

export const sourceBugs: Readonly<Record<string, SourceBug>> = Object.fromEntries(
  Object.entries(listed).map(([bug, one]) => [bug, { test: one.file.replace(/\.ts$/, '.test.ts'), ...one }]),
);
