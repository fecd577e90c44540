/**
 * Progress of long work: a bar where a person looks on, else a line now and then.
 */
import { Terminal } from "@effect/platform"
import { Effect } from "effect"
import { count } from "./format.ts"

/** Counts what was done. */
export interface Progress {
  readonly advance: (by: number) => Effect.Effect<void>
}

const BAR_WIDTH = 30
/** How many lines there are where nobody looks on. */
const LINES = 4
const ERASE_LINE = "\r\u001b[K"

const bar = (share: number): string => {
  const filled = Math.round(share * BAR_WIDTH)
  return "█".repeat(filled) + "░".repeat(BAR_WIDTH - filled)
}

/** Shows the progress of work on so many things. */
export const make = (label: string, total: number): Effect.Effect<Progress, never, Terminal.Terminal> =>
  Effect.gen(function* () {
    const terminal = yield* Terminal.Terminal
    const isTTY = yield* terminal.isTTY
    const steps = isTTY ? 100 : LINES
    let done = 0
    let shown = 0

    const line = () => {
      const share = done / total
      const percent = `${Math.floor(share * 100)} %`.padStart(5)
      const figures = `${percent}  ${count(done).padStart(count(total).length)} of ${count(total)}`
      if (!isTTY) return `  ${label}  ${figures}\n`
      return `${ERASE_LINE}  ${label}  ${bar(share)}  ${figures}${done === total ? "\n" : ""}`
    }

    return {
      advance: (by) =>
        Effect.suspend(() => {
          done += by
          const step = Math.floor((done / total) * steps)
          if (step === shown) return Effect.void
          shown = step
          // Work does not fail because nobody can see it.
          return Effect.ignore(terminal.display(line()))
        })
    }
  })
