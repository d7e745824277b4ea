// Every text that the pages show.

const plural = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

const keyWords = {
  title: 'This endpoint asks for a key',
  label: 'Key',
  keep: 'Keep it',
  session: 'until this tab is closed',
  device: 'on this device',
  use: 'Use this key',
  forget: 'Forget the key',
  unfit: 'A key has letters, digits and signs of ASCII, and no blanks.',
};

const failures = {
  key: 'The endpoint asks for a key: it was shown none, or one that is wrong or revoked. What was written stays.',
  away: 'The endpoint does not answer. What was written stays; try again.',
  cut: 'The connection ended before the answer did. What was written stays; try again.',
  refused: (why: string) => `The endpoint has refused this: ${why}`,
};

const facts = {
  drafts: (accepted: number, sent: number) => `${accepted} of ${plural(sent, 'draft')} held`,
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

const compare = {
  button: 'With and without us',
  title: 'With and without us',
  plain: 'Without: the edge alone',
  drafts: 'With: drafts that the edge verifies',
  warming: 'The edge reads the prompt, so that neither run has to.',
  waiting: 'waits',
  seconds: (ms: number) => `${(ms / 1000).toFixed(1)} s`,
  same: (characters: number) => `Both texts are equal: ${plural(characters, 'character')}, one by one.`,
  differ: (at: number) => `The texts differ from character ${at} on. That is a fault of Outrider: please report it.`,
  faster: (times: number) => `With drafts it took ${times.toFixed(2)} times as long.`,
  alike: 'Same prompt, same seed, one after the other.',
  emulated: {
    none: 'This endpoint emulates no network.',
    roundTrip: (ms: number) => `Emulated, for both: a round trip of ${ms} ms.`,
    link: (text: string) => `Emulated, for both: the link "${text}".`,
    pace: (text: string) => `The edge takes as long as: ${text}.`,
  },
  drafting: {
    device: 'This machine drafts.',
    tab: 'This tab drafts.',
    edge: 'Nothing drafts on this side of the edge: it drafts itself.',
    none: 'Nothing drafts here, so both runs are plain. "outrider serve" has a page with drafts.',
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
  promise: 'Drafts make the answer come sooner. They never change it.',
  message: 'Message',
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

export const words = { name: 'Outrider', key: keyWords, failures, facts, compare, chat };
