import { describe, expect, it } from "@effect/vitest"
import { CorruptBlock, LimitExceeded } from "../../schemas/Errors.ts"
import { BlockFault } from "../../src/block/BlockStore.ts"
import { canonicalText } from "../../src/encoding/CanonicalJson.ts"
import { actionCount } from "../../src/log/LogBlock.ts"
import { INLINE_BYTES, type Placed, place, resolve } from "../../src/log/Payload.ts"
import { hash, MapBlockStore, withBlock } from "../chain/MapBlockStore.ts"
import { actionOf, entryOf } from "./fixtures.ts"

/** One action whose array has exactly so many bytes of canonical JSON. */
const actionsOf = (bytes: number) => [actionOf("x".repeat(bytes - canonicalText([actionOf("")]).length))]

const payloadOf = (placed: Placed) => ("payload" in placed ? placed.payload : undefined)

/** Actions that fill three payload blocks. */
const placeLarge = () => {
  const store = new MapBlockStore()
  const actions = Array.from({ length: 700 }, (_, i) => actionOf(`${i}${"x".repeat(1_000)}`))
  const placed = place(store, hash, actions)
  return { actions, entry: entryOf(1, placed), payload: payloadOf(placed)!, store }
}

describe("Payload", () => {
  it("stands in the entry up to 8 KiB, and in a block of its own above", () => {
    const store = new MapBlockStore()
    expect(place(store, hash, actionsOf(INLINE_BYTES))).toEqual({ actions: actionsOf(INLINE_BYTES) })
    expect(store.blocks.size).toBe(0)
    expect(payloadOf(place(store, hash, actionsOf(INLINE_BYTES + 1)))).toMatchObject({ count: 1 })
    expect(store.blocks.size).toBe(1)
  })

  it("counts the bytes of UTF-8", () => {
    const placed = place(new MapBlockStore(), hash, [actionOf("é".repeat(INLINE_BYTES / 2))])
    expect(payloadOf(placed)).toBeDefined()
  })

  it("fills blocks of 256 KiB in order, and resolves to the same actions", () => {
    const { actions, entry, payload, store } = placeLarge()
    expect(payload).toMatchObject({ count: 700, hash: hash(canonicalText(actions)) })
    expect(payload.blocks).toHaveLength(3)
    expect(resolve(store, hash, entry)).toEqual(actions)
    expect(actionCount(entry)).toBe(700)
    expect(store.malformed()).toEqual([])
  })

  it("refuses an action over 256 KiB, and writes nothing", () => {
    const store = new MapBlockStore()
    expect(() => place(store, hash, [...actionsOf(9_000), ...actionsOf(256 * 1024 + 3)])).toThrow(LimitExceeded)
    expect(store.blocks.size).toBe(0)
    expect(payloadOf(place(store, hash, actionsOf(256 * 1024 + 2)))!.blocks).toHaveLength(1)
  })

  it("is corrupt where a block is changed, short, absent or of another type", () => {
    const { actions, entry, payload, store } = placeLarge()
    const block = store.blocks.get(payload.blocks[1]!)!
    const own = block.actions as typeof actions
    const resolveWith = (changed: object) => () => resolve(withBlock(store, changed as never), hash, entry)
    expect(resolveWith(block)()).toEqual(actions)
    expect(resolveWith({ ...block, actions: own.with(3, actionOf("forged")) })).toThrow("hash")
    expect(resolveWith({ ...block, actions: own.slice(1) })).toThrow("699 actions")
    expect(resolveWith({ ...block, header: { ...block.header, type: "leaf" } })).toThrow(CorruptBlock)
    store.remove(block.header.id)
    expect(() => resolve(store, hash, entry)).toThrow(CorruptBlock)
  })

  it("asks for all blocks that are not in memory at once", () => {
    const { entry, payload } = placeLarge()
    const absent = {
      get: (id: (typeof payload.blocks)[number]) => {
        throw new BlockFault([id])
      }
    }
    expect(() => resolve(absent, hash, entry)).toThrow(expect.objectContaining({ ids: payload.blocks }))
  })
})
