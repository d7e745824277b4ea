// Every text that the pages show.

import type { DeviceState, EdgeState, FaultKind } from '../../src/allocation/controller/watch/fleet-rows.ts';

const plural = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

const keyWords = {
  title: 'This endpoint asks for a key',
  label: 'Key',
  keep: 'Keep it',
  session: 'until this tab is closed',
  device: 'on this device',
  use: 'Use this key',
  forget: 'Forget the key',
  replace: 'The link has another key than the one that this page has. Use the key of the link?',
  unfit: 'A key has only ASCII letters, digits and signs, without blanks. Copy it again.',
};

const failures = {
  key: 'The key is missing, wrong or revoked, or lacks the scope "chat". Enter another one; what was written stays.',
  away: 'The endpoint does not answer. Check that it runs, and try again; what was written stays.',
  cut: 'The connection ended before the answer did. What was written stays; try again.',
  refused: (why: string) => `The endpoint has refused this: ${why}`,
  lost: 'The connection to the edge is lost. The answer goes on when it is back; Escape stops it.',
};

const facts = {
  drafts: (accepted: number, sent: number) => `${accepted} of ${plural(sent, 'draft')} accepted`,
  noDrafts: 'no drafts',
  tokens: (count: number) => plural(count, 'token'),
  msPerToken: (ms: number) => `${ms.toFixed(1)} ms a token`,
  first: (ms: number) => `first text after ${(ms / 1000).toFixed(2)} s`,
  edge: (names: readonly string[]) => (names.length === 1 ? `edge ${names[0]}` : `edges ${names.join(', then ')}`),
  mode: (name: string) => `mode ${name}`,
  verified: 'verified',
  unverified: 'not verified',
  ends: {
    length: 'It ends at its limit.',
    stopped: 'You have stopped it.',
    whole: '',
    failed: '',
    writing: 'It was not ended.',
  },
};

interface Told {
  readonly tokens: number;
  readonly leastTokens: number;
  readonly spread: number;
}

const compare = {
  button: 'Compare',
  title: 'With and without drafts',
  plain: 'Without: the edge alone',
  drafts: 'With: drafts that the edge verifies',
  warming: 'The edge reads the prompt, so that neither run has to.',
  waiting: 'waits',
  seconds: (ms: number) => `${(ms / 1000).toFixed(1)} s`,
  same: (characters: number) => `Both texts are equal: ${plural(characters, 'character')}, one by one.`,
  differ: (at: number) => `The texts differ from character ${at} on. That is a fault of Outrider: please report it.`,
  ratio: (times: number) => `With drafts it took ${times.toFixed(2)} times as long.`,
  verdicts: {
    quicker: () => 'So drafts were quicker here.',
    slower: () => 'So drafts were slower here.',
    short: ({ tokens, leastTokens }: Told) =>
      `But ${plural(tokens, 'token')} are too few to tell: ask for a longer answer, of ${leastTokens} tokens or more.`,
    close: ({ spread }: Told) =>
      `But that is too close to tell: within the answers the time per token varies, which makes it ${spread.toFixed(2)} more or less.`,
  },
  alike: 'Same prompt, same seed, same network, one after the other.',
  emulated: {
    none: 'This endpoint emulates no network.',
    roundTrip: (ms: number) => `The network is emulated, with a round trip of ${ms} ms.`,
    link: (text: string) => `The network is emulated: "${text}".`,
    pace: (text: string) => `The edge is slowed to the speed of: ${text}.`,
  },
  drafting: {
    device: 'This machine drafts.',
    tab: 'This tab drafts.',
    edge: 'Nothing drafts on this side of the edge: it drafts itself.',
    none: 'Nothing drafts here, so both runs are plain. A key with the scope "verify" lets this tab draft; "outrider serve" drafts on its machine.',
    unknown: '',
  },
};

const chat = {
  title: 'Chat',
  chats: 'Chats',
  menu: 'Chats and settings',
  close: 'Close',
  fresh: 'New chat',
  noChats: 'No chats yet.',
  untitled: 'Empty chat',
  messages: 'Messages',
  you: 'You',
  answer: 'Answer',
  welcome: 'Ask something.',
  promise:
    'A small model guesses ahead, and the large model checks each guess. The answer is the same, and mostly comes sooner.',
  message: 'Message',
  examples: 'Questions with long answers',
  exampleTexts: [
    'Write a short story about a lighthouse keeper and a storm.',
    'Explain step by step how bread is baked.',
    'Write a detailed guide to growing tomatoes.',
  ],
  hint: 'Enter sends, Shift and Enter begin a line, Escape stops.',
  send: 'Send',
  stop: 'Stop',
  regenerate: 'Again',
  edit: 'Edit',
  save: 'Send again',
  cancel: 'Cancel',
  copy: 'Copy',
  copied: 'Copied',
  delete: 'Delete',
  deleteChat: (title: string) => `Delete chat: ${title}`,
  confirmDelete: (title: string) => `Delete the chat "${title}" from this device?`,
  confirmDeleteAll: 'Delete all chats from this device?',
  earlier: 'Earlier version',
  later: 'Later version',
  version: (at: number, all: number) => `${at} of ${all}`,
  writing: 'An answer is being written.',
  code: (language: string) => (language === '' ? 'Code' : `Code, ${language}`),
  table: 'Table',
  settings: 'Settings',
  showDrafts: 'Tint drafted tokens',
  legend: 'Tinted: drafted on this side, and verified by the edge.',
  mostTokens: 'Longest answer, tokens',
  temperature: 'Temperature',
  exportAll: 'Export all chats',
  deleteAll: 'Delete all chats',
  onThisDevice: 'Chats are kept on this device only.',
  full: 'This device has no room for more history: new messages last until the tab is closed. Export or delete chats.',
  noStorage: 'This browser keeps no history: chats last until the tab is closed.',
  tryAgain: 'Try again',
};

/** Apart, so that the page to chat does not load them. */
export const fleetWords = {
  title: 'Fleet',
  connecting: 'Connecting to the controller ...',
  live: 'Live',
  lost: (since: string) =>
    `No connection to the controller since ${since}. What you see is from then. The page tries again.`,
  neverOpened:
    'The controller does not open a connection for this page. A proxy before it may refuse WebSockets. The page tries again.',
  refused: (cause: string, remedy: string) => `The controller refuses this page: ${cause}; ${remedy}.`,
  key: 'Key',
  keyWanted: 'This controller asks for a key to watch its fleet.',
  keyWrong: 'This key may not watch the fleet. It may be wrong, expired, or without the scope "watch".',
  keyHint: 'A key of "outrider keys add NAME --scope watch", or the key of the edges.',
  keyKeep: 'Keep it on this device',
  keyShow: 'Watch',
  nothing: 'Nothing has joined this controller yet.',
  fine: 'Nothing is wrong.',
  wrong: (count: number) => (count === 1 ? 'One thing is wrong' : `${count} things are wrong`),
  faults: {
    unserved: (_: string, count: number) =>
      `${count === 1 ? 'One device reads and has' : `${count} devices read and have`} no edge that can serve ${count === 1 ? 'it' : 'them'}. Start another edge, or give these more places.`,
    'edge-away': (subject: string, count: number) =>
      `${count === 1 ? `The edge ${subject} is away` : `${count} edges are away, ${subject} among them`}. Start it again, or look at its log.`,
    'edge-lost': (subject: string) => `The connection of the edge ${subject} was lost.`,
    'policy-failed': (subject: string) =>
      `The policy ${subject} failed, so the built-in policy greedy decides. Its error is in the log of the controller.`,
    'policy-late': (subject: string) =>
      `The policy ${subject} was late, so the built-in policy greedy decided. Give it a longer --slot.`,
    refused: (subject: string) =>
      `Connections were refused (${subject}). docs/use/errors.md says what to do for this code.`,
    'not-followed': (subject: string) =>
      `A device was sent to the edge ${subject} and has not gone there: the edge refuses it, or is out of its reach.`,
    'model-differs': (subject: string) =>
      `The edge ${subject} has another target than another edge, under one name. Give one of them another file, or another name.`,
    replaced: (role: string) =>
      `${role === 'edge' ? 'An edge' : 'A device'} joined under a name in use, and the older connection was closed. Give each one its own --name.`,
  } satisfies Record<FaultKind, (subject: string, count: number) => string>,
  /** Without numbers, so that not each count is announced. */
  announced: {
    unserved: 'Devices read and have no edge that can serve them.',
    'edge-away': 'An edge or several are away.',
  } as { readonly [Kind in FaultKind]?: string },
  times: (count: number) => `${count} times`,
  facts: {
    edges: 'Edges that serve',
    devices: 'Devices that read',
    felt: 'ms a token, median',
    slow: 'ms a token, slowest 5 %',
    predicted: 'Predicted, ms',
    first: 'First token, ms',
    acceptance: 'Drafts accepted',
    waiting: 'Wait for a place',
    decided: (slot: string, policy: string) => `decision ${slot}, by ${policy}`,
    of: (part: string, all: string) => `${part} of ${all}`,
  },
  map: 'Map',
  mapLabel: (edges: number, devices: number) =>
    `Map of ${edges} edges and ${devices} devices. The tables below have the same. Arrow keys move it, plus and minus zoom, 0 shows all.`,
  noPlaces: 'No edge and no device has given a place. The tables have them all.',
  zoomIn: 'Zoom in',
  zoomOut: 'Zoom out',
  whole: 'Whole fleet',
  legend: 'ms a token',
  legendNone: 'not measured yet',
  legendUnserved: 'no edge',
  legendIdle: 'reads nothing',
  legendEdge: 'edge',
  edges: 'Edges',
  devices: 'Who reads from where, and why',
  devicesOf: (edge: string) => `Who reads from ${edge}, and why`,
  devicesHere: 'Who reads from where, and why: in this part of the map',
  shownOf: (shown: string, all: string) =>
    `The ${shown} that fare worst, of ${all}. Zoom into the map, or choose an edge, for the others.`,
  edgesShownOf: (shown: string, all: string) => `The ${shown} with the most readers, of ${all}.`,
  allEdges: 'Devices of all edges',
  columns: {
    device: 'Device',
    reads: 'Reads from, and why',
    felt: 'ms a token',
    first: 'First token',
    acceptance: 'Accepted',
    mode: 'Drafts',
    edge: 'Edge',
    state: 'State',
    places: 'Sessions',
    waiting: 'Wait',
    readers: 'Readers',
    rows: 'Rows a step',
    busy: 'Busy',
    link: 'Link to',
    roundTrip: 'Round trip, ms',
    rate: 'Mbit/s upwards',
  },
  states: {
    idle: 'reads nothing',
    first: 'waits for its first token',
    reading: 'reads',
    unserved: 'no edge can serve it',
    away: 'away',
    serving: 'serves',
    full: 'full',
    draining: 'drains',
  } satisfies Record<DeviceState | EdgeState, string>,
  next: (edge: string) => `next: ${edge}`,
  movesTo: (edge: string) => `moves to ${edge}`,
  predicted: (value: string) => `predicted ${value}`,
  noReason: 'Among many devices a reason is given when a device moves.',
  close: 'Close',
  written: 'Written',
  tokens: (written: string, limit: string) => `${written} of at most ${limit} tokens`,
  battery: 'Battery',
  place: 'Place, m',
  model: 'Model',
  step: 'Step, ms',
  stepOf: (fixed: string, row: string) => `${fixed} + ${row} a row`,
  gone: (name: string) => `${name} is not there.`,
  overTime: 'Over time',
  charts: {
    felt: 'ms a token',
    median: 'felt, median',
    p95: 'felt, slowest 5 %',
    predicted: 'predicted',
    own: 'felt',
    acceptance: 'Drafts accepted',
    accepted: 'accepted',
    load: 'Rows a step (predicted) and sessions that wait',
    rows: 'rows a step',
    waiting: 'wait',
  },
  chartNow: (name: string, values: string) => `${name}, over time. Now: ${values}.`,
  firstNote: 'First tokens are seen by reports, which come twice a second: they may be up to half a second less.',
};

export const words = { name: 'Outrider', key: keyWords, failures, facts, compare, chat };
