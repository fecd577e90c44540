import { describe, expect, it } from "@effect/vitest"
import type { Block } from "../../schemas/Block.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import { atomically } from "../../src/block/Atomic.ts"
import { applyTransform, TransformMismatch } from "../../src/block/apply.ts"
import { type Mark, Tracker } from "../../src/block/Tracker.ts"
import { canonicalText } from "../../src/encoding/CanonicalJson.ts"
import * as Prng from "../../src/random/Prng.ts"
import { NaiveBlocks, NaiveRefusal } from "../reference/NaiveBlocks.ts"
import { frozen, idOf, randomBlock, randomOperation } from "./randomBlocks.ts"

const SEEDS = 60
const STEPS = 120
const SOURCE_BLOCKS = 4

/** A tracker over some blocks, and a model of it. */
const makeWalk = (seed: string) => {
  const random = Prng.make(seed)
  const source = new Map<BlockId, Block>()
  const model = new NaiveBlocks()
  for (let index = 0; index < SOURCE_BLOCKS; index++) {
    const block = frozen(randomBlock(random, index))
    source.set(block.header.id, block)
    model.insert(block)
  }
  const { collectionId } = randomBlock(random, 0).header
  const tracker = new Tracker({ get: (id) => source.get(id) }, (type, index) => ({
    collectionId,
    id: idOf(SOURCE_BLOCKS + index),
    type
  }))
  return { model, random, source, tracker }
}

type Walk = ReturnType<typeof makeWalk>

const expectSameView = ({ model, tracker }: Walk, label: string) => {
  for (let index = 0; index < SOURCE_BLOCKS + tracker.allocated + 1; index++) {
    const id = idOf(index)
    const [actual, expected] = [tracker.get(id), model.get(id)]
    const same = (actual === undefined) === (expected === undefined)
    expect(same && (actual === undefined || canonicalText(actual) === canonicalText(expected)), `${label} ${id}`).toBe(
      true
    )
  }
}

/** The changes, applied to the source, are the view; blocks without a change are those of the source. */
const expectChangesLeadToView = ({ model, source, tracker }: Walk, label: string) => {
  for (const [id, { block, transform }] of tracker.changes) {
    const applied = applyTransform(source.get(id), transform)
    expect(applied === undefined ? undefined : canonicalText(applied), `${label} ${id}`).toBe(
      block === undefined ? undefined : canonicalText(block)
    )
    // A block that came and went never was; one that is deleted was there.
    if (block === undefined) expect(source.has(id), `${label} ${id}`).toBe(true)
  }
  const expected = new Set(model.ids)
  for (const id of source.keys()) {
    if (!tracker.changes.has(id)) expect(tracker.get(id)).toBe(source.get(id))
    if (!expected.has(id)) expect(tracker.changes.get(id)?.transform).toEqual({ delete: true })
  }
  for (const id of expected) if (!source.has(id)) expect(tracker.changes.has(id), `${label} ${id}`).toBe(true)
}

/** Does the same to both; both do it, or both refuse. */
const both = (label: string, toModel: () => void, toTracker: () => void) => {
  const refuses = (use: () => void, refusal: typeof NaiveRefusal | typeof TransformMismatch) => {
    try {
      use()
      return false
    } catch (thrown) {
      if (thrown instanceof refusal) return true
      throw thrown
    }
  }
  expect(refuses(toTracker, TransformMismatch), label).toBe(refuses(toModel, NaiveRefusal))
}

const change = ({ model, random, tracker }: Walk, label: string) => {
  const version = tracker.version
  const kind = random.nextInt(12)
  const id = random.nextInt(20) === 0 ? idOf(999) : random.pick(model.ids.length === 0 ? [idOf(999)] : model.ids)
  if (kind === 0) {
    const block = frozen({ ...randomBlock(random, 0), header: tracker.allocate("test") })
    both(
      label,
      () => model.insert(block),
      () => tracker.insert(block)
    )
  } else if (kind === 1) {
    both(
      label,
      () => model.remove(id),
      () => tracker.remove(id)
    )
  } else {
    const block = model.get(id) ?? randomBlock(random, 0)
    const operations = Array.from({ length: 1 + random.nextInt(2) }, () => frozen(randomOperation(random, block)))
    both(
      label,
      () => {
        if (operations.some(([property]) => property === "Not a name")) throw new NaiveRefusal()
        model.update(id, operations)
      },
      () => tracker.update(id, ...operations)
    )
    return
  }
  if (model.ids.includes(id) || kind === 0) expect(tracker.version, label).toBeGreaterThan(version)
}

describe("Tracker", () => {
  it("random changes are seen as a model sees them, and its transforms lead from the source to what it shows", () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const walk = makeWalk(`walk/${seed}`)
      for (let step = 0; step < STEPS; step++) {
        change(walk, `${seed}/${step}`)
        if (step % 10 === 0) expectSameView(walk, `${seed}/${step}`)
      }
      expectSameView(walk, `${seed}`)
      expectChangesLeadToView(walk, `${seed}`)
    }
  })

  it("a rollback returns to its mark, a release keeps what came after, however marks are nested", () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const walk = makeWalk(`marks/${seed}`)
      const { random, tracker } = walk
      const held: Array<{ readonly mark: Mark; readonly model: NaiveBlocks; readonly allocated: number }> = []
      for (let step = 0; step < STEPS; step++) {
        const label = `${seed}/${step}`
        const kind = random.nextInt(10)
        if (kind === 0) held.push({ allocated: tracker.allocated, mark: tracker.mark(), model: walk.model.copy() })
        else if (kind === 1 && held.length > 0) tracker.release(held.pop()!.mark)
        else if (kind === 2 && held.length > 0) {
          const { allocated, mark, model } = held.pop()!
          const version = tracker.version
          tracker.rollback(mark)
          walk.model = model
          expect(tracker.allocated, label).toBe(allocated)
          expect(tracker.version, label).toBeGreaterThan(version)
          expectSameView(walk, label)
          expectChangesLeadToView(walk, label)
        } else change(walk, label)
      }
      expectSameView(walk, `${seed}`)
      expectChangesLeadToView(walk, `${seed}`)
    }
  })

  it("a block that is forgotten is as the source has it, and comes back with a rollback", () => {
    const { source, tracker } = makeWalk("forget")
    const [changed, deleted] = [...source.keys()] as [BlockId, BlockId]
    tracker.update(changed, ["a", 0, 0, "changed"])
    tracker.remove(deleted)
    const added = { header: tracker.allocate("leaf") }
    tracker.insert(added)
    const before = new Map(tracker.changes)
    const mark = tracker.mark()
    for (const id of before.keys()) tracker.forget(id)
    expect(tracker.changes.size).toBe(0)
    expect([changed, deleted].map((id) => tracker.get(id))).toEqual([source.get(changed), source.get(deleted)])
    expect(tracker.get(added.header.id)).toBeUndefined()
    tracker.rollback(mark)
    expect(new Map(tracker.changes)).toEqual(before)
  })

  it("after a rollback of everything it is as new", () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const walk = makeWalk(`all/${seed}`)
      const before = walk.model.copy()
      const mark = walk.tracker.mark()
      for (let step = 0; step < STEPS; step++) change(walk, `${seed}/${step}`)
      walk.tracker.rollback(mark)
      walk.model = before
      expect(walk.tracker.changes.size).toBe(0)
      expect(walk.tracker.allocated).toBe(0)
      expectSameView(walk, `${seed}`)
    }
  })

  it("folds many operations on a block into one splice a property", () => {
    const { random, source, tracker } = makeWalk("fold")
    const id = idOf(0)
    const updates = 2_000
    for (let step = 0; step < updates; step++) {
      const length = (tracker.get(id)!.entries as ReadonlyArray<unknown>).length
      const index = random.nextInt(length + 1)
      tracker.update(id, ["entries", index, 0, [{ step }]])
    }
    const { block, transform } = tracker.changes.get(id)!
    if (!("operations" in transform)) throw new Error("a change is made of operations")
    expect(transform.operations.length).toBeLessThanOrEqual(16)
    expect(canonicalText(applyTransform(source.get(id), transform))).toBe(canonicalText(block))
    expect(block!.entries).toHaveLength((source.get(id)!.entries as ReadonlyArray<unknown>).length + updates)
  })

  it("needs nothing of its source twice, which may read a block anew as another object", () => {
    const { random, source } = makeWalk("anew")
    const before = source.get(idOf(0))!
    let reads = 0
    const tracker = new Tracker(
      {
        get: (id) => {
          reads++
          return structuredClone(source.get(id))
        }
      },
      () => before.header
    )
    for (let step = 0; step < 100; step++) tracker.update(idOf(0), ["entries", random.nextInt(2), 0, [{ step }]])
    const { block, transform } = tracker.changes.get(idOf(0))!
    expect(canonicalText(applyTransform(before, transform))).toBe(canonicalText(block))
    expect(reads).toBe(1)
  })

  it("changes of a block inserted here are part of its insertion", () => {
    const { tracker } = makeWalk("insert")
    const header = tracker.allocate("test")
    tracker.insert({ entries: [1], header } as unknown as Block)
    tracker.update(header.id, ["entries", 1, 0, [2]])
    expect(tracker.changes.get(header.id)?.transform).toEqual({ insert: { entries: [1, 2], header } })
    tracker.remove(header.id)
    expect(tracker.changes.has(header.id)).toBe(false)
    expect(tracker.get(header.id)).toBeUndefined()
  })

  it("a deleted block does not come back, nor does an insert replace a block", () => {
    const { random, tracker } = makeWalk("deleted")
    tracker.remove(idOf(0))
    expect(() => tracker.insert(randomBlock(random, 0))).toThrow(TransformMismatch)
    expect(() => tracker.update(idOf(0), ["title", 0, 0, 1])).toThrow(TransformMismatch)
    expect(() => tracker.remove(idOf(0))).toThrow(TransformMismatch)
    tracker.update(idOf(1), ["title", 0, 0, 1])
    expect(() => tracker.insert(randomBlock(random, 1))).toThrow(TransformMismatch)
  })
})

describe("atomically", () => {
  it("keeps all changes of a procedure, and what it gives", () => {
    const { tracker } = makeWalk("kept")
    const given = atomically(tracker, (store) => {
      store.update(idOf(0), ["title", 0, 0, "new"])
      return "given"
    })
    expect(given).toBe("given")
    expect(tracker.get(idOf(0))!.title).toBe("new")
  })

  it("undoes all changes of a procedure that throws, also of those inside it that did not", () => {
    const walk = makeWalk("undone")
    const { tracker } = walk
    tracker.update(idOf(0), ["title", 0, 0, "before"])
    expect(() =>
      atomically(tracker, (store) => {
        store.remove(idOf(1))
        atomically(store, (inner) => inner.update(idOf(0), ["title", 0, 0, "inner"]))
        store.insert({ ...randomBlock(walk.random, 0), header: store.allocate("test") })
        throw new Error("on purpose")
      })
    ).toThrow("on purpose")
    expect(tracker.get(idOf(0))!.title).toBe("before")
    expect(tracker.get(idOf(1))).toBe(walk.source.get(idOf(1)))
    expect([tracker.allocated, tracker.changes.size]).toEqual([0, 1])
  })

  it("a procedure that catches what an inner one threw keeps its own changes", () => {
    const { tracker } = makeWalk("caught")
    atomically(tracker, (store) => {
      store.update(idOf(0), ["title", 0, 0, "outer"])
      expect(() =>
        atomically(store, (inner) => {
          inner.update(idOf(0), ["title", 0, 0, "inner"])
          throw new Error("on purpose")
        })
      ).toThrow()
    })
    expect(tracker.get(idOf(0))!.title).toBe("outer")
  })
})
