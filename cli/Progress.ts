/** How far a long piece of work has come, on one line that is written over again. */

/** Where progress is shown: nowhere but on a terminal. */
export interface Screen {
  readonly isTTY?: boolean
  /** 0 where a terminal does not tell. */
  readonly columns?: number
  readonly write: (text: string) => unknown
}

/** A progress that is being shown. */
export interface Progress {
  /** Shows what is done, with a bar where it is known what share of all that is, from 0 to 1. */
  readonly advance: (done: string, share?: number) => void
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

/** What share a part is of a total; undefined where that is not known. */
export const shareOf = (part: number, total: number | undefined): number | undefined =>
  total === undefined || total === 0 ? undefined : part / total

/** A line that does not fit is broken, and what is broken cannot be erased. */
const fitting = (text: string, columns: number): string =>
  text.length < columns ? text : `${text.slice(0, Math.max(0, columns - 2))}…`

const DEFAULT_COLUMNS = 80

/** Begins to show the progress of some work. */
export const make = (screen: Screen, now: () => number = Date.now): Progress => {
  if (screen.isTTY !== true) return { advance: () => {}, end: () => {} }
  let shownAt = Number.NEGATIVE_INFINITY
  return {
    advance: (done, share) => {
      if (now() - shownAt < INTERVAL_MILLIS) return
      shownAt = now()
      const bar = share === undefined ? "" : `  ${barOf(share)}`
      const columns = (screen.columns || DEFAULT_COLUMNS) - bar.length
      screen.write(`${ERASE_LINE}${fitting(done, columns)}${bar}`)
    },
    end: () => {
      if (shownAt > Number.NEGATIVE_INFINITY) screen.write(ERASE_LINE)
    }
  }
}
