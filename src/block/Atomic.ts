import type { Tracker } from "./Tracker.ts"

/** Runs a procedure on a tracker: all of its changes stay, or, if it throws, none. */
export const atomically = <A>(tracker: Tracker, procedure: (tracker: Tracker) => A): A => {
  const mark = tracker.mark()
  let result: A
  try {
    result = procedure(tracker)
  } catch (thrown) {
    tracker.rollback(mark)
    throw thrown
  }
  tracker.release(mark)
  return result
}
