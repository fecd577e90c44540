import type { Action, LogEntry } from "../../schemas/Collection.ts"

/** An entry with its actions, wherever the log keeps them. */
export interface ArrayLogEntry {
  readonly actions: ReadonlyArray<Action>
  readonly entry: LogEntry
}

/** A log, naively: an array. */
export class ArrayLog {
  readonly entries: Array<ArrayLogEntry> = []

  append(entry: LogEntry, actions: ReadonlyArray<Action>): void {
    this.entries.push({ actions, entry })
  }

  totals() {
    return {
      actions: this.actions().length,
      entries: this.entries.length,
      rev: this.entries.at(-1)?.entry.rev ?? 0
    }
  }

  entriesAfter(rev: number, limit: number): ReadonlyArray<LogEntry> {
    return this.entries
      .map(({ entry }) => entry)
      .filter((entry) => entry.rev > rev)
      .slice(0, limit)
  }

  actions() {
    return this.entries
      .flatMap(({ actions, entry }) => actions.map((action) => ({ action, rev: entry.rev, time: entry.time })))
      .map((action, index) => ({ ...action, index }))
  }

  actionPage(from: number, limit: number, reverse: boolean) {
    const all = this.actions()
    return (reverse ? all.slice(0, from + 1).reverse() : all.slice(from)).slice(0, limit)
  }
}
