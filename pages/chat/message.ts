// A message, and the tree of the messages of a chat.

/** Figures of a run, as this page has seen it. */
export interface RunFacts {
  /** From the question to the end, ms. */
  readonly ms: number;
  /** From the question to the first text, ms; null: none came. */
  readonly firstMs: number | null;
  /** Mean after the first text; null: all came at once. */
  readonly msPerToken: number | null;
  readonly tokens: number;
  readonly mode: string | null;
  readonly edges: readonly string[];
  /** Null: not known. */
  readonly sentDrafts: number | null;
  readonly acceptedDrafts: number | null;
  readonly verified: boolean;
  /** Standard error of the time, ms, from how the time per token varies over the answer; missing or null: not known. */
  readonly spreadMs?: number | null;
}

/** The same prompt and seed without and with drafts. */
export interface Comparison {
  readonly plain: RunFacts;
  readonly drafts: RunFacts;
  /** UTF-16 units. */
  readonly characters: number;
  /** Null: the texts are equal. */
  readonly differsAt: number | null;
}

/** `writing`: it is being written, or its tab was closed meanwhile. */
export type MessageEnd = 'writing' | 'whole' | 'length' | 'stopped' | 'failed';

export interface Message {
  readonly id: string;
  readonly chat: string;
  /** The message before it; null: it is the first. */
  readonly parent: string | null;
  readonly role: 'user' | 'assistant';
  readonly text: string;
  /** ms since 1970. */
  readonly atMs: number;
  readonly end: MessageEnd;
  readonly seed?: number;
  /** Places of drafted text: begin and end, in turn. */
  readonly drafted?: readonly number[];
  readonly facts?: RunFacts;
  readonly comparison?: Comparison;
  /** Why it has failed, one sentence. */
  readonly failure?: string;
}

const ends: readonly unknown[] = ['writing', 'whole', 'length', 'stopped', 'failed'];

/** What other programs, or other versions, may have left in the storage. */
export function isMessage(value: unknown): value is Message {
  if (typeof value !== 'object' || value === null) return false;
  const { id, chat, parent, role, text, atMs, end, drafted, facts, comparison } = value as Record<string, unknown>;
  return (
    [id, chat, text].every((one) => typeof one === 'string') &&
    (parent === null || typeof parent === 'string') &&
    (role === 'user' || role === 'assistant') &&
    typeof atMs === 'number' &&
    ends.includes(end) &&
    (drafted === undefined || (Array.isArray(drafted) && drafted.every((one) => typeof one === 'number'))) &&
    (facts === undefined || isFacts(facts)) &&
    (comparison === undefined || isComparison(comparison))
  );
}

function isFacts(value: unknown): value is RunFacts {
  if (typeof value !== 'object' || value === null) return false;
  const { ms, tokens, edges, firstMs, msPerToken, sentDrafts, acceptedDrafts, verified } = value as RunFacts;
  const { spreadMs = null } = value as RunFacts;
  const orNull = [firstMs, msPerToken, sentDrafts, acceptedDrafts, spreadMs];
  return (
    [ms, tokens].every((one) => typeof one === 'number') &&
    orNull.every((one) => one === null || typeof one === 'number') &&
    typeof verified === 'boolean' &&
    Array.isArray(edges)
  );
}

function isComparison(value: unknown): value is Comparison {
  if (typeof value !== 'object' || value === null) return false;
  const { plain, drafts, characters, differsAt } = value as Comparison;
  return (
    isFacts(plain) &&
    isFacts(drafts) &&
    typeof characters === 'number' &&
    (differsAt === null || typeof differsAt === 'number')
  );
}

/** The messages after each message, by its id, the oldest first; after {@link start}: those that begin the chat. */
export type Tree = ReadonlyMap<string, readonly Message[]>;

export const start = '';

export function treeOf(messages: ReadonlyMap<string, Message>): Tree {
  // What follows a message that is not there begins the chat.
  const parentOf = ({ parent }: Message): string => (parent !== null && messages.has(parent) ? parent : start);
  const sorted = [...messages.values()].sort((one, other) => one.atMs - other.atMs || (one.id < other.id ? -1 : 1));
  return Map.groupBy(sorted, parentOf);
}

/** The message that is shown after each message, both by id. */
export type Chosen = ReadonlyMap<string, string>;

/** The messages that are shown: from the first one the chosen one, or the newest, to the last. */
export function pathOf(tree: Tree, chosen: Chosen): readonly Message[] {
  const path: Message[] = [];
  const seen = new Set<string>();
  for (let parent = start; !seen.has(parent); ) {
    seen.add(parent);
    const next = tree.get(parent) ?? [];
    const shown = next.find(({ id }) => id === chosen.get(parent)) ?? next.at(-1);
    if (shown === undefined) break;
    path.push(shown);
    parent = shown.id;
  }
  return path;
}

/** The beginning of the first question. */
export function titleOf(tree: Tree, untitled: string): string {
  const [first] = tree.get(start) ?? [];
  const line = first?.text.trim().split('\n')[0]?.slice(0, 80) ?? '';
  return line === '' ? untitled : line;
}
