interface Timer {
  readonly deadlineMillis: number
  readonly sequence: number
  readonly task: () => void
  /** Where the timer stands in the heap; NOT_QUEUED once it fired or was cancelled. */
  position: number
}

const NOT_QUEUED = -1

const isBefore = (left: Timer, right: Timer): boolean =>
  left.deadlineMillis < right.deadlineMillis ||
  (left.deadlineMillis === right.deadlineMillis && left.sequence < right.sequence)

/**
 * Timers in the order of their deadlines, then of their making. A binary heap that knows where each timer stands, so
 * that the many timeouts that never fire leave nothing behind when they are cancelled.
 */
export class TimerQueue {
  private readonly heap: Array<Timer> = []
  private made = 0

  /** The earliest deadline, or undefined if no timer is pending. */
  get nextDeadlineMillis(): number | undefined {
    return this.heap[0]?.deadlineMillis
  }

  /** Adds a timer. The result cancels it, and tells whether it was still pending. */
  add(deadlineMillis: number, task: () => void): () => boolean {
    const timer: Timer = { deadlineMillis, sequence: this.made++, task, position: this.heap.length }
    this.heap.push(timer)
    this.rise(timer)
    return () => this.remove(timer)
  }

  /** Removes the earliest timer and returns its task. */
  take(): (() => void) | undefined {
    const timer = this.heap[0]
    if (timer === undefined) return undefined
    this.remove(timer)
    return timer.task
  }

  private remove(timer: Timer): boolean {
    if (timer.position === NOT_QUEUED) return false
    const last = this.heap.pop() as Timer
    if (last !== timer) {
      this.place(last, timer.position)
      this.rise(last)
      this.sink(last)
    }
    timer.position = NOT_QUEUED
    return true
  }

  private place(timer: Timer, position: number): void {
    this.heap[position] = timer
    timer.position = position
  }

  private rise(timer: Timer): void {
    while (timer.position > 0) {
      const parent = this.heap[(timer.position - 1) >> 1] as Timer
      if (!isBefore(timer, parent)) return
      this.swap(timer, parent)
    }
  }

  private sink(timer: Timer): void {
    for (;;) {
      const left = this.heap[2 * timer.position + 1]
      const right = this.heap[2 * timer.position + 2]
      const child = left !== undefined && right !== undefined && isBefore(right, left) ? right : left
      if (child === undefined || !isBefore(child, timer)) return
      this.swap(timer, child)
    }
  }

  private swap(first: Timer, second: Timer): void {
    const position = first.position
    this.place(first, second.position)
    this.place(second, position)
  }
}
