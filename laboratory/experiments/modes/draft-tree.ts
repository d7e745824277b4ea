// Static draft trees of rivals, in expectation and position by position: which nodes a tree of n nodes has, and which of them a text
// accepts. Trees by positional acceptance as in Sequoia (Chen et al. 2024, arXiv 2402.12374). It models neither time nor an edge.

/**
 * Share of the misses of a first choice in which the second, third, ... choice of the draft is the target's own. (Of the real default pair:
 * 0.59, 0.20, 0.08, 0.04.)
 */
export const missShares: readonly number[] = [0.5, 0.2, 0.1, 0.05];

/**
 * Chance that the draft's first, second, ... choice is the target's own; they sum to less than 1. The second is right in half of the misses
 * of the first.
 * @param acceptance chance of the first choice, [0, 1]
 */
export function rankChances(acceptance: number): readonly number[] {
  return [acceptance, ...missShares.map((share) => share * (1 - acceptance))];
}

/** A node of a tree; the child with index r is the draft's choice r at the next position. */
export interface TreeNode {
  readonly children: readonly TreeNode[];
}

export interface DraftTree {
  /** The committed text; no draft. */
  readonly root: TreeNode;
  readonly nodeCount: number;
  /** Nodes at each level, the first level first. A draft model is evaluated once for each level. */
  readonly widths: readonly number[];
  readonly expectedAccepted: number;
  /** The leaf that is accepted most often. */
  readonly likeliestLeaf: TreeNode;
}

interface GrowingNode extends TreeNode {
  readonly children: GrowingNode[];
  /** Chance that the target takes the path to it. */
  readonly chance: number;
  readonly level: number;
}

/**
 * The tree of `nodeCount` nodes and at most `levelCount` levels with the most expected accepted drafts. Adding the likeliest node again and
 * again is optimal: a node is never likelier than its parent or than the choice before it.
 * @param chances by rank, descending
 */
export function bestTree(chances: readonly number[], nodeCount: number, levelCount: number): DraftTree {
  const root: GrowingNode = { children: [], chance: 1, level: 0 };
  const nodes: GrowingNode[] = [root];
  const widths: number[] = [];
  let expectedAccepted = 0;
  for (let count = 0; count < nodeCount; count++) {
    const parent = likeliestParent(nodes, chances, levelCount);
    if (parent === undefined) break;
    const chance = nextChance(parent, chances);
    const node: GrowingNode = { children: [], chance, level: parent.level + 1 };
    parent.children.push(node);
    nodes.push(node);
    widths[parent.level] = (widths[parent.level] ?? 0) + 1;
    expectedAccepted += chance;
  }
  const likeliestLeaf = nodes
    .filter(({ children }) => children.length === 0)
    .reduce((best, leaf) => (leaf.chance > best.chance ? leaf : best));
  return { root, nodeCount: nodes.length - 1, widths, expectedAccepted, likeliestLeaf };
}

function nextChance({ children, chance }: GrowingNode, chances: readonly number[]): number {
  return chance * (chances[children.length] ?? 0);
}

function likeliestParent(nodes: readonly GrowingNode[], chances: readonly number[], levelCount: number) {
  let best: GrowingNode | undefined;
  for (const node of nodes) {
    if (node.level >= levelCount) continue;
    const chance = nextChance(node, chances);
    if (chance > 0 && (best === undefined || chance > nextChance(best, chances))) best = node;
  }
  return best;
}

export function chainTree(chances: readonly number[], length: number): DraftTree {
  return bestTree(chances.slice(0, 1), length, length);
}

/**
 * The node at which the target leaves the tree, and the number of drafts on the path to it.
 * @param rankAt rank of the target's own token at a position after the root, among the draft's choices
 */
export function followTree(
  { root }: DraftTree,
  rankAt: (offset: number) => number,
): { readonly node: TreeNode; readonly accepted: number } {
  let node: TreeNode = root;
  let accepted = 0;
  for (;;) {
    const child: TreeNode | undefined = node.children[rankAt(accepted)];
    if (child === undefined) return { node, accepted };
    node = child;
    accepted++;
  }
}
