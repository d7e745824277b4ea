// Bugs of the parts that `trial faults` does not run, each as a change of one place in the sources, with the test that notices it. The
// letters are those of the bugs with which the tests were first tried.

export interface SourceBug {
  readonly rule: string;
  readonly file: string;
  /** Occurs once in the file. */
  readonly from: string;
  readonly to: string;
  readonly test: string;
  /** Part of the name of the test that must fail. */
  readonly name: string;
}

const loop = 'src/processes/edge/engine-loop.ts';
const machine = 'src/core/protocol/edge/edge-session.ts';
const connections = 'src/core/protocol/edge/edge-connections.ts';

export const sourceBugs: Readonly<Record<string, SourceBug>> = {
  'results shift by one when a session leaves during the step (J)': {
    rule: 'engine loop, 12',
    file: loop,
    from: 'for (const [index, part] of running.entries()) {',
    to: 'for (const [index, part] of running.filter(({ entry }) => !entry.state.released).entries()) {',
    test: 'src/processes/edge/edge.test.ts',
    name: 'every other session gets its own rows',
  },
  'too few rows of an engine are taken': {
    rule: 'engine loop, 13',
    file: loop,
    from: 'if ((rows?.length ?? 0) < item.rows) {',
    to: 'if (item.rows < 0) {',
    test: 'src/processes/edge/edge.test.ts',
    name: 'the session fails, and the next turn is right',
  },
  'a sequence is not emptied after the engine has failed (I)': {
    rule: 'engine loop',
    file: loop,
    from: 'for (const { kv } of parts) await emptySequence(kv)',
    to: 'for (const { kv } of parts.slice(0, 0)) await emptySequence(kv)',
    test: 'src/processes/edge/edge.test.ts',
    name: 'has an empty sequence for the next turn of the conversation',
  },
  'prompt memory belongs to a conversation, whatever the key (C)': {
    rule: 'keys and ids',
    file: 'src/processes/edge/edge-sessions.ts',
    from: 'JSON.stringify([key.id, conversation])',
    to: 'JSON.stringify([conversation])',
    test: 'src/processes/edge/edge.test.ts',
    name: 'is not used for the same conversation of another key',
  },
  'a sequence is read whoever filled it': {
    rule: 'keys and ids',
    file: 'src/processes/edge/kv-sequences.ts',
    from: 'if (kv.filledBy !== kv.owner) return 0;',
    to: '',
    test: 'src/processes/edge/edge.test.ts',
    name: 'is not used for another conversation of the same key',
  },
  'rows are shared by session, whatever the key': {
    rule: '28',
    file: 'src/core/protocol/edge/engine-steps.ts',
    from: 'if (shares.size < 2) return works;',
    to: 'return works;',
    test: 'test/together/keys-and-places.test.ts',
    name: 'are shared by key, then by session',
  },
  'a callback that throws ends what called it': {
    rule: 'callbacks of the edge',
    file: 'src/processes/edge/edge-faults.ts',
    from: 'this.report(error);\n      return otherwise;',
    to: 'throw error;',
    test: 'test/together/edge-faults.test.ts',
    name: 'reports the same words once',
  },
  'a disk that fails ends the log with an error': {
    rule: 'logs of the edge',
    file: 'src/files/line-queue.ts',
    from: 'if (!this.#settings.failed(error, lines.length)) this.stop();',
    to: 'if (!this.#settings.failed(error, lines.length)) throw error;',
    test: 'src/files/event-log-file.test.ts',
    name: 'ends with one word where the disk fails, and the edge goes on',
  },
  'logs hold keys and ids': {
    rule: 'logs of the edge',
    file: 'src/core/protocol/log/event-log.ts',
    from: "return key === 'credentials' ? (value === '' ? '' : 'blanked') : blanks[key];",
    to: 'return undefined;',
    test: 'test/together/event-log.test.ts',
    name: 'contains no secret',
  },
  'a key that is revoked or has expired is taken': {
    rule: 'keys and ids',
    file: 'src/files/key-ring.ts',
    from: "keyState(entry, nowMs) !== 'valid' || ",
    to: '',
    test: 'src/files/key-files.test.ts',
    name: 'are found by their whole text, for their scopes, while they are valid',
  },
  'the key is checked after the rest has been read': {
    rule: 'keys and ids',
    file: 'src/core/protocol/wire/codec-open.ts',
    from: '  admit(credentials);\n',
    to: '',
    test: 'src/core/protocol/wire/codec.test.ts',
    name: 'shows its key before anything else is read',
  },
  'pages of any origin may connect': {
    rule: 'the WebSocket',
    file: 'src/network/transport-node/upgrade-guard.ts',
    from: 'if (origin !== undefined && !origins.has(',
    to: 'if (origin === null && !origins.has(',
    test: 'src/network/transport-node/upgrade-guard.test.ts',
    name: 'of any page is refused where no origin is listed',
  },
  'an edge answers to any name': {
    rule: 'the WebSocket',
    file: 'src/network/transport-node/upgrade-guard.ts',
    from: 'if (name === null || !knowsHost(name)) {',
    to: 'if (name === null) {',
    test: 'src/network/transport-node/upgrade-guard.test.ts',
    name: 'is judged by Origin and Host',
  },
  'an idle connection is looked at only once (H)': {
    rule: '1',
    file: connections,
    from: 'entry.own.cancelIdle = this.#closeIdleLater(id, this.#settings.liveness.lostAfterMs);',
    to: 'entry.own.cancelIdle = () => {};',
    test: 'test/edge-connections.test.ts',
    name: 'asks again later whether an attached connection still is',
  },
  'a peer that does not read gets pongs (O)': {
    rule: 'a connection',
    file: 'src/core/protocol/wire/connections.ts',
    from: "if (carrier.writable) this.send(id, { kind: 'pong'",
    to: "this.send(id, { kind: 'pong'",
    test: 'test/edge-connections.test.ts',
    name: 'answers no ping of a peer that does not read',
  },
  'an old attempt takes a session over': {
    rule: '2',
    file: machine,
    from: 'if (message.attempt <= state.attempt) {',
    to: 'if (message.attempt < state.attempt) {',
    test: 'src/core/protocol/edge/edge-session.test.ts',
    name: 'which is not newer, changes nothing',
  },
  'a resume inside the prompt is taken (L)': {
    rule: '3',
    file: machine,
    from: ' || length < state.open.prompt.length) return false;',
    to: ') return false;',
    test: 'src/core/protocol/edge/edge-session.test.ts',
    name: '',
  },
  'the end is lost on a resume at full length (B)': {
    rule: '4',
    file: machine,
    from: 'if (link.sent === text.length && (state.end === null || link.endSent)) return state;',
    to: 'if (link.sent === text.length) return state;',
    test: 'src/core/protocol/edge/edge-session.test.ts',
    name: 'gets the end again, also when it has the whole text',
  },
  'an answer that has ended gets a step': {
    rule: '6, 14',
    file: machine,
    from: '    end = pushed.end?.reason ?? null;',
    to: '    end = null;',
    test: 'src/core/protocol/edge/edge-session.test.ts',
    name: 'that is complete gets the end at once',
  },
  'a resume does not acknowledge (K)': {
    rule: '19',
    file: machine,
    from: 'return { ...resumed, acknowledged: Math.max(state.acknowledged, message.length) };',
    to: 'return resumed;',
    test: 'src/core/protocol/edge/edge-session.test.ts',
    name: 'acknowledges the length that it has',
  },
  'the window pauses one token late (A)': {
    rule: '19',
    file: 'src/core/protocol/edge/edge-state.ts',
    from: 'return state.text.length - state.acknowledged >= state.open.flowControlWindow;',
    to: 'return state.text.length - state.acknowledged > state.open.flowControlWindow;',
    test: 'src/core/protocol/edge/edge-session.test.ts',
    name: 'pauses at exactly the window, and an acknowledgement moves it',
  },
  'an edge that only greets marks the text': {
    rule: 'fingerprints',
    file: 'src/core/protocol/device/device-links.ts',
    from: 'const marked = fresh.length === 0 ? state : ',
    to: 'const marked = ',
    test: 'src/core/protocol/hand-over.test.ts',
    name: 'are those of the edges that wrote tokens of it',
  },
  'verdicts of a lagging edge are taken for answered': {
    rule: '27',
    file: 'src/core/protocol/device/device-links.ts',
    from: 'const received = findLink(state, state.main)?.received ?? 0;',
    to: 'const received = state.text.length;',
    test: 'src/core/protocol/hand-over.test.ts',
    name: 'requests separate verdicts from the second edge',
  },
  'each word of a queue gives the edge more time': {
    rule: 'silence of a live edge',
    file: 'src/core/protocol/device/text-deadline.ts',
    from: 'queued(): void {\n    this.#hasText = false;\n    this.#rearm();',
    to: 'queued(): void {\n    this.#hasText = false;\n    this.#restart();',
    test: 'test/device-driver.test.ts',
    name: 'has the time of a first token, however often it says so',
  },
  'all devices come back at the same moment': {
    rule: 'silence of a live edge',
    file: 'src/core/protocol/device/reconnect-pause.ts',
    from: 'rangeMs * (leastPart + (1 - leastPart) * uniform)',
    to: 'rangeMs',
    test: 'test/device-driver.test.ts',
    name: 'and not at the same moment as other devices',
  },
  'a waiting session is told nothing': {
    rule: '28',
    file: 'src/core/protocol/edge/edge-place-queue.ts',
    from: 'entry.sentAhead === ahead) continue;',
    to: 'ahead >= 0) continue;',
    test: 'src/core/protocol/edge/edge-places.test.ts',
    name: 'waits, is told how many are before it',
  },
  'connections without a session have no bound': {
    rule: '1, limits',
    file: 'src/core/protocol/edge/connection-limits.ts',
    from: 'if (this.count <= this.#limits.unattached) return undefined;',
    to: 'return undefined;',
    test: 'src/core/protocol/edge/connection-limits.test.ts',
    name: '',
  },
};
