// Bugs that only a near value shows: comparisons of a part of a text, checks that a second opening passes by, counts that are one off, keys of
// caches without one of their fields, and costs that change no text. As those of planted-bugs.fixture.ts.

import type { SourceBug } from './source-bug.fixture.ts';

const driver = 'src/core/protocol/device/device-driver.ts';
const pinned = 'src/network/transport-node/pinned-certificate.ts';
const endings = 'src/core/decoding/ending-bytes.ts';
const steps = 'src/core/protocol/edge/engine-steps.ts';
const economy = 'laboratory/trials/faults/economy.test.ts';
const fitting = 'src/allocation/controller/fit-places.ts';
const fits = 'src/allocation/controller/fit-places.test.ts';
const cache = 'src/models/files/cache.ts';
const caches = 'src/models/files/cache.test.ts';
const forecast = 'src/core/protocol/device/stream-forecast.ts';
const repeated = 'is where the text first contains a stop string that repeats its own beginning';
const nearDigits = 'connects with no fingerprint that differs in one digit';

export const comparisonBugs: Readonly<Record<string, SourceBug>> = {
  'half of a fingerprint is compared, the first': {
    rule: 'keys and ids',
    file: pinned,
    from: 'if (found !== fingerprint) {',
    to: 'if (found?.slice(0, 32) !== fingerprint.slice(0, 32)) {',
    test: 'test/tls.test.ts',
    name: nearDigits,
  },
  'half of a fingerprint is compared, the last': {
    rule: 'keys and ids',
    file: pinned,
    from: 'if (found !== fingerprint) {',
    to: 'if (found?.slice(32) !== fingerprint.slice(32)) {',
    test: 'test/tls.test.ts',
    name: nearDigits,
  },
  'a digest of a key is taken that differs in its first digit': {
    rule: 'keys and ids',
    file: 'src/core/access/key-book.ts',
    from: 'return entry.sha256 === sha256 ||',
    to: 'return entry.sha256.slice(1) === sha256.slice(1) ||',
    test: 'src/files/key-files.test.ts',
    name: 'are refused with one other character',
  },
  'a key is one object for all its scopes': {
    rule: 'keys and ids',
    file: 'src/files/key-ring.ts',
    from: `const known = this.#found.get(\`\${scope} \${sha256}\`);`,
    to: `const known = this.#found.get(\`verify \${sha256}\`) ?? this.#found.get(\`chat \${sha256}\`);`,
    test: 'src/files/key-files.test.ts',
    name: 'are of one scope each',
  },
  'the last digits of a tokenizer are not compared': {
    rule: '1',
    file: 'src/core/protocol/edge/edge-core.ts',
    from: 'if (open.tokenizerHash !== target.tokenizerHash) {',
    to: 'if (open.tokenizerHash.slice(0, 60) !== target.tokenizerHash.slice(0, 60)) {',
    test: 'test/edge-core.test.ts',
    name: 'no session whose tokenizer differs in one digit',
  },
  'a device does not compare the first digits of a tokenizer': {
    rule: '1',
    file: 'src/core/protocol/device/device-links.ts',
    from: 'if (hello.tokenizerHash !== state.turn.tokenizerHash) {',
    to: 'if (hello.tokenizerHash.slice(4) !== state.turn.tokenizerHash.slice(4)) {',
    test: 'src/core/protocol/hand-over.test.ts',
    name: 'with a tokenizer that differs in one digit',
  },
  'a known session is opened again without the checks of a new one': {
    rule: '1',
    file: 'src/core/protocol/edge/edge-registry.ts',
    from: "const message = received.kind === 'open' ? this.#checkOpening(received) : received;",
    to: "const isNew = received.kind === 'open' && this.find(received.session, key ?? anyone) === undefined;\n    const message = isNew ? this.#checkOpening(received) : received;",
    test: 'src/core/protocol/edge/edge-registry.test.ts',
    name: 'of a session that it knows, which stays as it is',
  },
  'a stop string falls back once': {
    rule: '14',
    file: endings,
    from: 'while (length > 0 && pattern[length] !== byte) length',
    to: 'if (length > 0 && pattern[length] !== byte) length',
    test: 'src/core/decoding/ending.test.ts',
    name: repeated,
  },
  'the table of a stop string falls back once': {
    rule: '14',
    file: endings,
    from: 'while (length > 0 && pattern[length] !== pattern[index]) length',
    to: 'if (length > 0 && pattern[length] !== pattern[index]) length',
    test: 'src/core/decoding/ending.test.ts',
    name: repeated,
  },
  'unfinished work is rounded up to whole slots': {
    rule: 'queues of servers',
    file: 'simulator/simulation/server-queue.ts',
    from: 'return Math.floor((backlogMs',
    to: 'return Math.ceil((backlogMs',
    test: 'simulator/simulation/server-queue.test.ts',
    name: 'slots by the law backlog',
  },
  'a random queue never has its longest length': {
    rule: 'queues of servers',
    file: 'simulator/simulation/server-queue.ts',
    from: 'random.integer(law.maximumSlots + 1)',
    to: 'random.integer(law.maximumSlots)',
    test: 'simulator/simulation/server-queue.test.ts',
    name: 'by the law uniform, and each as often',
  },
  'a law is kept whatever the number of threads': {
    rule: 'keys of caches',
    file: 'src/models/engines/llama-recipe.ts',
    from: '    processor,\n    threads,\n',
    to: '    processor,\n',
    test: 'src/models/engines/llama-recipe.test.ts',
    name: 'is another one with another threads',
  },
  'a noted digest holds for a file of another length': {
    rule: 'keys of caches',
    file: cache,
    from: 'record.byteLength === size && record.modifiedMs',
    to: 'record.modifiedMs',
    test: caches,
    name: 'do not hold for another length, at the same time',
  },
  'a noted digest holds for another file in the same place': {
    rule: 'keys of caches',
    file: cache,
    from: 'record.modifiedMs === mtimeMs && record.inode === ino;',
    to: 'record.modifiedMs === mtimeMs;',
    test: caches,
    name: 'do not hold for another file in its place, at the same time',
  },
  'a prediction is kept whatever the round trip': {
    rule: 'keys of caches',
    file: forecast,
    from: '[...steps, draftMs, roundTripMs, acceptance]',
    to: '[...steps, draftMs, acceptance]',
    test: 'src/core/protocol/device/stream-forecast.test.ts',
    name: 'is another one with another roundTripMs',
  },
  'a prediction is kept for one length of a step': {
    rule: 'keys of caches',
    file: forecast,
    from: '[...steps, draftMs',
    to: '[steps[0], draftMs',
    test: 'src/core/protocol/device/stream-forecast.test.ts',
    name: 'where only one of the announced steps is longer',
  },
  'a pace is kept whatever the lead': {
    rule: 'keys of caches',
    file: 'src/allocation/felt/pace-class.ts',
    from: `/\${roundTripMs}/\${maxAhead}\``,
    to: `/\${roundTripMs}\``,
    test: 'src/allocation/felt/pace-class.test.ts',
    name: 'is another one with another maxAhead',
  },
  'a move to an edge that was not reached is never tried again': {
    rule: 'controller, messages',
    file: driver,
    from: 'if (this.#movingTo === edge) this.#movingTo = null;\n    if (this.#state.links.length > 0) {',
    to: 'if (this.#state.links.length > 0) {',
    test: 'test/device-driver.test.ts',
    name: 'is tried once while it is on its way',
  },
  'a move to an edge that has refused it is never tried again': {
    rule: 'controller, messages',
    file: driver,
    from: 'if (this.#movingTo === edge) this.#movingTo = null;\n        this.#openedAtMs',
    to: 'this.#openedAtMs',
    test: 'test/device-driver.test.ts',
    name: 'is tried again after the edge has refused it',
  },
  'an alternative is sent to an edge that lags': {
    rule: '33',
    file: 'src/core/protocol/device/send-alternatives.ts',
    from: ' || link.received < state.text.length) return state;',
    to: ') return state;',
    test: 'src/core/protocol/alternatives.test.ts',
    name: 'sends no alternative to an edge that lags',
  },
  'an early end of the only edge is ignored': {
    rule: '14',
    file: 'src/core/protocol/device/device-links.ts',
    from: 'end.length < state.text.length && state.links.length > 1',
    to: 'end.length < state.text.length',
    test: 'src/core/protocol/hand-over.test.ts',
    name: 'before the end of the text is a fault of the only edge',
  },
  'a device is told nothing after its edge has joined again': {
    rule: 'controller, tickets',
    file: 'src/allocation/controller/controller.ts',
    from: 'return assigned.edgeLink === edgeLink && nowMs',
    to: 'return nowMs',
    test: 'src/allocation/controller/controller.test.ts',
    name: 'at once after the edge has joined again',
  },
  'of the sessions beyond the places, those that run there move first': {
    rule: 'controller, orders',
    file: fitting,
    from: 'rank(one) - rank(other) ||',
    to: 'rank(other) - rank(one) ||',
    test: fits,
    name: 'of those that run there as few as possible',
  },
  'one session more than an edge lacks places moves': {
    rule: 'controller, orders',
    file: fitting,
    from: '(left[from] as number) >= 0) continue;',
    to: '(left[from] as number) > 0) continue;',
    test: fits,
    name: 'of those that run there as few as possible',
  },
  'the row of the text is not counted': {
    rule: 'quotas',
    file: steps,
    from: "this.#evaluates(entry, item.kind === 'prefill' ? item.tokens : item.drafts + 1);",
    to: "this.#evaluates(entry, item.kind === 'prefill' ? item.tokens : item.drafts);",
    test: economy,
    name: 'and a row counted for each',
  },
  'rows of prompts are not counted': {
    rule: 'quotas',
    file: steps,
    from: "this.#evaluates(entry, item.kind === 'prefill' ? item.tokens : item.drafts + 1);",
    to: "if (item.kind !== 'prefill') this.#evaluates(entry, item.drafts + 1);",
    test: economy,
    name: 'and a row counted for each',
  },
  'the last token of a text is read with its prompt, and again in a step': {
    rule: 'engine loop',
    file: steps,
    from: 'const prefillTokens = entry.state.text.length - 1 - heldTokens;',
    to: 'const prefillTokens = heldTokens === 0 ? entry.state.text.length : entry.state.text.length - 1 - heldTokens;',
    test: economy,
    name: 'is one evaluation of each token in a place',
  },
  'an answer that has ended has promised rows': {
    rule: 'quotas',
    file: 'src/core/protocol/edge/edge-core.ts',
    from: 'end !== null || released) continue;',
    to: 'released) continue;',
    test: 'test/edge-core.test.ts',
    name: 'has promised what its running answers still need',
  },
};
