// Bugs that only a near value shows: comparisons of a part of a text, checks that a second opening passes by, counts that are one off, keys of
// caches without one of their fields, costs that change no text, times from another event, and orders of use. As those of
// planted-bugs.fixture.ts.

import type { ListedBug } from './source-bug.fixture.ts';

const driver = 'src/core/protocol/device/device-driver.ts';
const pinned = 'src/network/transport-node/pinned-certificate.ts';
const endings = 'src/core/decoding/ending-bytes.ts';
const steps = 'src/core/protocol/edge/engine-steps.ts';
const economy = 'laboratory/trials/faults/economy.test.ts';
const fitting = 'src/allocation/controller/fit-places.ts';
const cache = 'src/models/files/cache.ts';
const forecast = 'src/core/protocol/device/stream-forecast.ts';
const repeated = 'is where the text first contains a stop string that repeats its own beginning';
const nearDigits = 'connects with no fingerprint that differs in one digit';

export const comparisonBugs: Readonly<Record<string, ListedBug>> = {
  'half of a fingerprint is compared, the first': {
    ...{ rule: 'keys and ids', file: pinned, test: 'test/tls.test.ts', name: nearDigits },
    from: 'found !== pin) {',
    to: 'found.slice(0, 32) !== pin.slice(0, 32)) {',
  },
  'half of a fingerprint is compared, the last': {
    ...{ rule: 'keys and ids', file: pinned, test: 'test/tls.test.ts', name: nearDigits },
    from: 'found !== pin) {',
    to: 'found.slice(32) !== pin.slice(32)) {',
  },
  'the first digits of a model’s digest are compared': {
    ...{ rule: 'files of models', file: 'src/models/files/acquire.ts' },
    from: "const sha256 = await hashFile(unfinished, work.signal, work.report('verifying'));\n  if (sha256 !== entry.sha256) {",
    to: "const sha256 = await hashFile(unfinished, work.signal, work.report('verifying'));\n  if (sha256.slice(0, 32) !== entry.sha256.slice(0, 32)) {",
    name: 'is refused if it does not come out as the manifest says',
  },
  'a digest of a key is taken that differs in its first digit': {
    ...{ rule: 'keys and ids', file: 'src/core/access/key-book.ts' },
    from: 'return entry.sha256 === sha256 ||',
    to: 'return entry.sha256.slice(1) === sha256.slice(1) ||',
    ...{ test: 'src/files/key-files.test.ts', name: 'are refused with one other character' },
  },
  'a key is one object for all its scopes': {
    ...{ rule: 'keys and ids', file: 'src/files/key-ring.ts' },
    from: 'const known = this.#found.get(proof);',
    to: `const known = this.#found.get(\`verify \${sha256}\`) ?? this.#found.get(\`chat \${sha256}\`);`,
    ...{ test: 'src/files/key-files.test.ts', name: 'are of one scope each' },
  },
  'the last digits of a tokenizer are not compared': {
    ...{ rule: '1', file: 'src/core/protocol/edge/edge-core.ts' },
    from: 'if (open.tokenizerHash !== target.tokenizerHash) {',
    to: 'if (open.tokenizerHash.slice(0, 60) !== target.tokenizerHash.slice(0, 60)) {',
    ...{ test: 'test/edge-core.test.ts', name: 'no session whose tokenizer differs in one digit' },
  },
  'a device does not compare the first digits of a tokenizer': {
    ...{ rule: '1', file: 'src/core/protocol/device/device-links.ts' },
    from: 'if (hello.tokenizerHash !== state.turn.tokenizerHash) {',
    to: 'if (hello.tokenizerHash.slice(4) !== state.turn.tokenizerHash.slice(4)) {',
    ...{ test: 'src/core/protocol/hand-over.test.ts', name: 'with a tokenizer that differs in one digit' },
  },
  'a known session is opened again without the checks of a new one': {
    ...{ rule: '1', file: 'src/core/protocol/edge/edge-registry.ts' },
    from: "const message = received.kind === 'open' ? this.#checkOpening(received) : received;",
    to: "const isNew = received.kind === 'open' && this.find(received.session, key ?? anyone) === undefined;\n    const message = isNew ? this.#checkOpening(received) : received;",
    name: 'of a session that it knows, which stays as it is',
  },
  'a stop string falls back once': {
    ...{ rule: '14', file: endings, test: 'src/core/decoding/ending.test.ts', name: repeated },
    from: 'while (length > 0 && pattern[length] !== byte) length',
    to: 'if (length > 0 && pattern[length] !== byte) length',
  },
  'the table of a stop string falls back once': {
    ...{ rule: '14', file: endings, test: 'src/core/decoding/ending.test.ts', name: repeated },
    from: 'while (length > 0 && pattern[length] !== pattern[index]) length',
    to: 'if (length > 0 && pattern[length] !== pattern[index]) length',
  },
  'unfinished work is rounded up to whole slots': {
    ...{ rule: 'queues of servers', file: 'simulator/simulation/server-queue.ts', name: 'slots by the law backlog' },
    from: 'return Math.floor((backlogMs',
    to: 'return Math.ceil((backlogMs',
  },
  'a random queue never has its longest length': {
    ...{ rule: 'queues of servers', file: 'simulator/simulation/server-queue.ts' },
    from: 'random.integer(law.maximumSlots + 1)',
    to: 'random.integer(law.maximumSlots)',
    name: 'by the law uniform, and each as often',
  },
  'a law is kept whatever the number of threads': {
    ...{ rule: 'keys of caches', file: 'src/models/engines/llama-recipe.ts' },
    from: '    processor,\n    threads,\n',
    to: '    processor,\n',
    name: 'is another one with another threads',
  },
  'a noted digest holds for a file of another length': {
    ...{ rule: 'keys of caches', file: cache, name: 'do not hold for another length, at the same time' },
    from: 'record.byteLength === size && record.modifiedMs',
    to: 'record.modifiedMs',
  },
  'a noted digest holds for another file in the same place': {
    ...{ rule: 'keys of caches', file: cache, name: 'do not hold for another file in its place, at the same time' },
    from: 'record.modifiedMs === mtimeMs && record.inode === ino;',
    to: 'record.modifiedMs === mtimeMs;',
  },
  'a prediction is kept whatever the round trip': {
    ...{ rule: 'keys of caches', file: forecast, name: 'is another one with another roundTripMs' },
    from: '[...steps, draftMs, roundTripMs, acceptance]',
    to: '[...steps, draftMs, acceptance]',
  },
  'a prediction is kept for one length of a step': {
    ...{ rule: 'keys of caches', file: forecast, name: 'where only one of the announced steps is longer' },
    from: '[...steps, draftMs',
    to: '[steps[0], draftMs',
  },
  'a pace is kept whatever the lead': {
    ...{ rule: 'keys of caches', file: 'src/allocation/felt/pace-class.ts' },
    from: 'leaf(leaf(drafts, maxAhead, ',
    to: 'leaf(leaf(drafts, 0, ',
    name: 'is another one with another maxAhead',
  },
  'a move to an edge that was not reached is never tried again': {
    ...{ rule: 'controller, messages', file: driver },
    from: 'if (this.#movingTo === edge) this.#movingTo = null;\n    if (this.#state.links.length > 0) {',
    to: 'if (this.#state.links.length > 0) {',
    ...{ test: 'test/device-driver.test.ts', name: 'is tried once while it is on its way' },
  },
  'a move to an edge that has refused it is never tried again': {
    ...{ rule: 'controller, messages', file: driver },
    from: 'if (this.#movingTo === edge) this.#movingTo = null;\n        this.#openedAtMs',
    to: 'this.#openedAtMs',
    ...{ test: 'test/device-driver.test.ts', name: 'is tried again after the edge has refused it' },
  },
  'an alternative is sent to an edge that lags': {
    ...{ rule: '33', file: 'src/core/protocol/device/send-alternatives.ts' },
    from: ' || link.received < state.text.length) return state;',
    to: ') return state;',
    ...{ test: 'src/core/protocol/alternatives.test.ts', name: 'sends no alternative to an edge that lags' },
  },
  'an early end of the only edge is ignored': {
    ...{ rule: '14', file: 'src/core/protocol/device/device-links.ts' },
    from: 'end.length < state.text.length && state.links.length > 1',
    to: 'end.length < state.text.length',
    ...{ test: 'src/core/protocol/hand-over.test.ts', name: 'before the end of the text is a fault of the only edge' },
  },
  'a device is told nothing after its edge has joined again': {
    ...{ rule: 'controller, tickets', file: 'src/allocation/controller/device-order.ts' },
    from: 'return order.edgeLink === edgeLink && nowMs',
    to: 'return nowMs',
    ...{ test: 'src/allocation/controller/controller.test.ts', name: 'at once after the edge has joined again' },
  },
  'of the sessions beyond the places, those that run there move first': {
    ...{ rule: 'controller, orders', file: fitting, name: 'of those that run there as few as possible' },
    from: 'rank(one) - rank(other) ||',
    to: 'rank(other) - rank(one) ||',
  },
  'one session more than an edge lacks places moves': {
    ...{ rule: 'controller, orders', file: fitting, name: 'of those that run there as few as possible' },
    from: '(left[from] as number) >= 0) continue;',
    to: '(left[from] as number) > 0) continue;',
  },
  'the row of the text is not counted': {
    ...{ rule: 'quotas', file: steps, test: economy, name: 'and a row counted for each' },
    from: "this.#evaluates(entry, item.kind === 'prefill' ? item.tokens : item.drafts + 1);",
    to: "this.#evaluates(entry, item.kind === 'prefill' ? item.tokens : item.drafts);",
  },
  'rows of prompts are not counted': {
    ...{ rule: 'quotas', file: steps, test: economy, name: 'and a row counted for each' },
    from: "this.#evaluates(entry, item.kind === 'prefill' ? item.tokens : item.drafts + 1);",
    to: "if (item.kind !== 'prefill') this.#evaluates(entry, item.drafts + 1);",
  },
  'the last token of a text is read with its prompt, and again in a step': {
    ...{ rule: 'engine loop', file: steps, test: economy, name: 'is one evaluation of each token in a place' },
    from: 'entry.state.text.length - 1 - heldTokens)',
    to: 'entry.state.text.length - (heldTokens === 0 ? 0 : 1) - heldTokens)',
  },
  'an answer that has ended has promised rows': {
    ...{ rule: 'quotas', file: 'src/core/protocol/edge/edge-core.ts' },
    from: 'end !== null || released) continue;',
    to: 'released) continue;',
    ...{ test: 'test/edge-core.test.ts', name: 'has promised what its running answers still need' },
  },
  'a stream is kept from when it was left, not from its end': {
    ...{ rule: 'ages', file: 'src/core/protocol/wire/kept-streams.ts', name: 'from its end' },
    from: '(endedMs ?? leftMs) >= keptMs',
    to: 'leftMs >= keptMs',
  },
  'a time to a first token begins with each report': {
    ...{ rule: 'ages', file: 'src/allocation/controller/members.ts', name: 'takes as the time to a first token' },
    from: 'if (isNew) device.began = session',
    to: 'if (session !== null) device.began = session',
  },
  'an edge that loads is waited for from its last word': {
    ...{ rule: 'ages', file: 'src/core/protocol/device/edge-choice.ts', name: 'from its first word on' },
    from: 'this.#loadingSinceMs ??= nowMs;',
    to: 'this.#loadingSinceMs = nowMs;',
  },
  'a frame that comes counts as one that was sent': {
    ...{ rule: 'ages', file: 'src/core/protocol/wire/liveness.ts', name: 'counts each way for itself' },
    from: '    this.#receivedAtMs = this.#clock.nowMs();\n  }',
    to: '    this.#sentAtMs = this.#receivedAtMs = this.#clock.nowMs();\n  }',
  },
  'the next answer opens with a round trip and a half': {
    ...{ rule: 'round trips', file: 'src/allocation/felt/predict-tokens.ts', name: 'one round trip' },
    from: 'openingMs: openingMs + roundTripMs / 2,',
    to: 'openingMs: openingMs + roundTripMs,',
  },
  'a first token after the slot comes without its upload': {
    ...{ rule: 'round trips', file: 'src/allocation/felt/predict-tokens.ts', name: 'tokens of a slot' },
    from: 'Math.max(0, newest.fromMs - slotMs) + newest.leftTokens',
    to: 'newest.leftTokens',
  },
  'an edge that came back is still away': {
    ...{ rule: 'owners that return', file: 'src/allocation/controller/row-ledger.ts' },
    from: 'if (this.#away.delete(edge)) return;',
    to: 'if (this.#away.has(edge)) return;',
    name: 'that came back within the minute',
  },
  'a device that has joined again keeps its orders': {
    ...{ rule: 'owners that return', file: 'src/allocation/controller/members.ts', name: 'that has joined again' },
    from: 'if (device !== undefined) Object.assign(device, noOrders);',
    to: '',
  },
  'a ticket in use is the oldest': {
    ...{ rule: 'order of use', file: 'src/processes/controller/ticket-book.ts', name: 'came or were shown last' },
    from: '    holder.tickets.delete(ticket);\n',
    to: '',
  },
  'what comes again was used when it first came': {
    ...{ rule: 'order of use', file: 'src/core/basics/recent.ts', name: 'forgets the value' },
    from: '    this.delete(name);\n    super',
    to: '    super',
  },
  'a message of the ms of a deletion stays': {
    ...{ rule: 'equal times', file: 'pages/chat/history.ts', name: 'deletes a chat in all tabs' },
    from: 'message.atMs <= (this.#deleted',
    to: 'message.atMs < (this.#deleted',
  },
  'an answer to an older write takes a lease': {
    ...{ rule: 'equal times', file: 'src/allocation/fleet/leadership.ts', name: 'after another one has written' },
    from: ' || revision < (seen?.revision ?? 0);',
    to: ';',
  },
  'a part of a row is not used': {
    ...{ rule: 'quotas', file: 'src/core/protocol/edge/row-quotas.ts', name: 'has still used only' },
    from: 'Math.ceil(missing)',
    to: 'Math.floor(missing)',
  },
};
