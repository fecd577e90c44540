/** How far a long piece of work has come, on one line that is written over again. */

/** Where progress is shown: nowhere but on a terminal. */
export interface Screen {
  readonly isTTY?: boolean
  readonly write: (text: string) => unknown
}

/** A progress that is being shown. */
export interface Progress {
  /** Shows what is done, and how much of the total that is, where there is one. */
  readonly advance: (done: string, part: number) => void
  /** Takes the line away. */
  readonly end: () => void
}

const BAR_CHARACTERS = 24
const INTERVAL_MILLIS = 100
const ERASE_LINE = "\r\u001b[2K"

/** A bar for a share from 0 to 1. */
export const barOf = (share: number): string => {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * BAR_CHARACTERS)
  return `[${"#".repeat(filled)}${"-".repeat(BAR_CHARACTERS - filled)}] ${Math.floor(Math.min(1, share) * 100)}%`
}

/** Begins to show the progress of work of this size; without a size there is no bar. */
export const make = (total: number | undefined, screen: Screen, now: () => number = Date.now): Progress => {
  if (screen.isTTY !== true) return { advance: () => {}, end: () => {} }
  let shownAt = Number.NEGATIVE_INFINITY
  return {
    advance: (done, part) => {
      if (now() - shownAt < INTERVAL_MILLIS) return
      shownAt = now()
      const bar = total === undefined || total === 0 ? "" : `  ${barOf(part / total)}`
      screen.write(`${ERASE_LINE}${done}${bar}`)
    },
    end: () => {
      if (shownAt > Number.NEGATIVE_INFINITY) screen.write(ERASE_LINE)
    }
  }
}
