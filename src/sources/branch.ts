/**
 * The path from the root to a leaf, in a tree whose nodes know their parent. Ends at a node that is not there, and at
 * one that is met a second time.
 * @param parentOf null: a root; undefined: no such node
 */
export function branchTo(leaf: string, parentOf: (id: string) => string | null | undefined): string[] {
  const path = new Set<string>();
  for (let id: string | null = leaf; id !== null && !path.has(id);) {
    const parent: string | null | undefined = parentOf(id);
    if (parent === undefined) break;
    path.add(id);
    id = parent;
  }
  return [...path].reverse();
}
