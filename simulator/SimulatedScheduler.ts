import type { RuntimeFiber } from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import type * as Scheduler from "effect/Scheduler"
import type { RunQueue } from "./RunQueue.ts"

/** What a fiber does before others have their turn, by Effect's default. */
const MAX_OPS_BEFORE_YIELD = 2_048
const DEFAULT_PRIORITY = 0

/** What one fiber has waiting. Its tasks keep their order; only the order between lanes is open. */
export interface Lane {
  /** Counted from 0 in this run: Effect's own fiber ids go on from run to run. */
  readonly number: number
  readonly tasks: Array<{ readonly priority: number; readonly task: Scheduler.Task }>
}

/**
 * Runs one task at a time when told to, on the caller's stack. As in Effect's own scheduler, a priority orders the
 * tasks of one fiber and says nothing about other fibers.
 */
export class SimulatedScheduler implements Scheduler.Scheduler {
  /** As in Effect's own, but for what a fiber may set for itself: looked up before each operation, that took a tenth of a run. */
  shouldYield({ currentOpCount }: RuntimeFiber<unknown, unknown>): number | false {
    return currentOpCount > MAX_OPS_BEFORE_YIELD ? DEFAULT_PRIORITY : false
  }

  private readonly lanes = new Map<RuntimeFiber<unknown, unknown>, Lane>()
  private readonly shared: Lane = { number: 0, tasks: [] }
  private readonly runnable: RunQueue<Lane>
  private madeLanes = 1

  constructor(runnable: RunQueue<Lane>) {
    this.runnable = runnable
  }

  /** How many lanes could run now. */
  get runnableCount(): number {
    return this.runnable.size
  }

  /** How many fibers have started and not ended. */
  get liveFiberCount(): number {
    return this.lanes.size
  }

  scheduleTask(task: Scheduler.Task, priority: number, fiber?: RuntimeFiber<unknown, unknown>): void {
    const lane = fiber === undefined ? this.shared : this.laneOf(fiber)
    let place = lane.tasks.length
    while (place > 0 && (lane.tasks[place - 1]?.priority ?? priority) > priority) place--
    lane.tasks.splice(place, 0, { priority, task })
    if (lane.tasks.length === 1) this.runnable.add(lane)
  }

  /** The lane whose turn it is by the policy; undefined if none could run. Must be followed by {@link runFirst}. */
  pick(): Lane | undefined {
    return this.runnable.take()
  }

  /** Runs the first task of a picked lane. */
  runFirst(lane: Lane): void {
    const first = lane.tasks.shift()
    if (lane.tasks.length > 0) this.runnable.add(lane)
    first?.task()
  }

  /** Asks every live fiber to end. */
  interruptAll(): void {
    for (const fiber of [...this.lanes.keys()]) fiber.unsafeInterruptAsFork(FiberId.none)
  }

  private laneOf(fiber: RuntimeFiber<unknown, unknown>): Lane {
    const known = this.lanes.get(fiber)
    if (known !== undefined) return known
    const lane: Lane = { number: this.madeLanes++, tasks: [] }
    if (fiber.unsafePoll() === null) {
      this.lanes.set(fiber, lane)
      fiber.addObserver(() => this.lanes.delete(fiber))
    }
    return lane
  }
}
