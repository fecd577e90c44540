import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { Block } from "effect-optimystic"
import { BlockFault } from "../../src/block/BlockStore.ts"
import { MapBlockStore } from "../chain/MapBlockStore.ts"

const Page = Block.define("page", {
  lines: Schema.Array(Schema.Struct({ text: Schema.String })),
  title: Schema.String,
  until: Schema.optionalWith(Schema.Date, { exact: true })
})

const line = (text: string) => ({ text })

describe("Block", () => {
  it("a block gives the content that it was given", () => {
    const store = new MapBlockStore()
    const until = new Date(0)
    const id = Page.insert(store, { lines: [line("a")], title: "t", until })
    expect(store.get(id)?.header.type).toBe("user-page")
    expect(Page.get(store, id)).toEqual({ lines: [line("a")], title: "t", until })
    Page.set(store, id, { lines: [], title: "u" })
    expect(Page.get(store, id)).toEqual({ lines: [], title: "u" })
    Page.remove(store, id)
    expect(() => Page.get(store, id)).toThrow("absent")
  })

  it("only what differs is written", () => {
    const store = new MapBlockStore()
    const id = Page.insert(store, { lines: [line("a"), line("b"), line("c")], title: "t" })
    const operations: Array<unknown> = []
    const update = store.update.bind(store)
    store.update = (block, ...changes) => {
      operations.push(...changes)
      update(block, ...changes)
    }
    Page.set(store, id, { lines: [line("a"), line("x"), line("b"), line("c")], title: "t" })
    expect(operations).toEqual([["lines", 1, 0, [line("x")]]])
    Page.set(store, id, Page.get(store, id))
    expect(operations).toHaveLength(1)
  })

  it("content that does not fit the schema is refused, and nothing is written", () => {
    const store = new MapBlockStore()
    const unfit = { lines: [], title: 5 } as unknown as ReturnType<typeof Page.get>
    expect(() => Page.insert(store, unfit)).toThrow("does not fit a block of type user-page")
    const id = Page.insert(store, { lines: [], title: "t" })
    expect(() => Page.set(store, id, unfit)).toThrow("does not fit")
    expect(Page.get(store, id).title).toBe("t")
  })

  it("an array stays an array", () => {
    const Either = Block.define("either", { value: Schema.Union(Schema.Int, Schema.Array(Schema.Int)) })
    const store = new MapBlockStore()
    const id = Either.insert(store, { value: [1] })
    expect(() => Either.set(store, id, { value: 1 })).toThrow("stays an array")
  })

  it("a block of another type, or of other content, is corrupt", () => {
    const store = new MapBlockStore()
    const Other = Block.define("page", { count: Schema.Int })
    const Third = Block.define("third", { count: Schema.Int })
    const id = Other.insert(store, { count: 1 })
    expect(() => Page.get(store, id)).toThrow(`Block ${id} is corrupt: does not fit its schema`)
    expect(() => Third.get(store, id)).toThrow("is a user-page, expected user-third")
    expect(() => Third.set(store, id, { count: 1 })).toThrow("expected user-third")
    expect(() => Third.remove(store, id)).toThrow("expected user-third")
  })

  it("a fault passes through", () => {
    const store = new MapBlockStore()
    const id = Page.insert(store, { lines: [], title: "t" })
    const elsewhere = {
      get: () => {
        throw new BlockFault([id])
      }
    }
    let thrown: unknown
    try {
      Page.get(elsewhere, id)
    } catch (fault) {
      thrown = fault
    }
    expect(thrown).toBeInstanceOf(BlockFault)
  })

  it("names that blocks cannot have are refused at once", () => {
    for (const name of ["", "Page", "a_b", "x".repeat(28)]) expect(() => Block.define(name, {})).toThrow(TypeError)
    for (const property of ["header", "A", "a-b", "1", "__proto__x"]) {
      expect(() => Block.define("page", { [property]: Schema.Int })).toThrow(TypeError)
    }
  })
})
