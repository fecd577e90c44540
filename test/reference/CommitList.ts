/** A change of a tree: what the log tells, plainly. */
export type NaiveChange =
  | { readonly _tag: "Put"; readonly key: number; readonly entry: { readonly key: number; readonly text: string } }
  | { readonly _tag: "Removed"; readonly key: number }
  | { readonly _tag: "Cleared" }

/** The history of a tree, naively: all commits, and what they come to when they are done again from the beginning. */
export class CommitList {
  /** The first commit made the tree. */
  readonly commits: Array<ReadonlyArray<NaiveChange>> = [[]]

  commit(changes: ReadonlyArray<NaiveChange>): void {
    this.commits.push(changes)
  }

  get rev(): number {
    return this.commits.length
  }

  since(rev: number) {
    return this.commits.map((changes, i) => ({ changes, rev: i + 1 })).slice(rev)
  }

  at(rev: number): ReadonlyArray<{ readonly key: number; readonly text: string }> {
    const entries = new Map<number, string>()
    for (const change of this.commits.slice(0, rev).flat()) {
      if (change._tag === "Cleared") entries.clear()
      else if (change._tag === "Removed") entries.delete(change.key)
      else entries.set(change.key, change.entry.text)
    }
    return [...entries].sort(([a], [b]) => a - b).map(([key, text]) => ({ key, text }))
  }
}
