import { describe, expect, it } from "@effect/vitest"
import type { Block } from "../../schemas/Block.ts"
import type { BlockId, Rev } from "../../schemas/Ids.ts"
import type { Manifest } from "../../schemas/Manifest.ts"
import { LOG_CAPACITY } from "../../src/log/LogBlock.ts"
import { tailProblem } from "../../src/storage/tailRules.ts"
import { type Mutable, Planning } from "./Planning.ts"
import { addLeaf, onlyLog, type Prepared } from "./Requests.ts"

/** A transaction, what its blocks are to become, and the log blocks and header of `books` in it. */
interface Scene {
  readonly planning: Planning
  readonly manifest: Mutable<Manifest>
  readonly results: Map<BlockId, { readonly block: Block | undefined }>
  readonly header: BlockId
  readonly tail: BlockId
  /** The tail after the transaction. */
  readonly tailAfter: BlockId
}

const sceneOf = (planning: Planning, prepared: Prepared, tail: BlockId): Scene => {
  const manifest = structuredClone(prepared.request.signed.manifest) as Mutable<Manifest>
  const ids = Object.keys(manifest.shards[0].writes) as unknown as ReadonlyArray<BlockId>
  return {
    header: planning.author.collection("books"),
    manifest,
    planning,
    results: new Map(ids.map((id) => [id, { block: prepared.world.get(id)?.block }])),
    tail,
    tailAfter: planning.author.tail(prepared.world, "books")
  }
}

const creation = (): Scene => {
  const planning = new Planning()
  const prepared = planning.author.transaction(planning.world, { writes: { books: addLeaf(["a"]) } })
  return sceneOf(planning, prepared, planning.author.tail(prepared.world, "books"))
}

const append = (entriesBefore = 2): Scene => {
  const planning = new Planning()
  for (let entry = 0; entry < entriesBefore; entry++) planning.commit({ writes: { books: onlyLog } })
  const prepared = planning.author.transaction(planning.world, { writes: { books: addLeaf(["a"]) } })
  return sceneOf(planning, prepared, planning.author.tail(planning.world, "books"))
}

const rollover = () => append(LOG_CAPACITY.count)

/** The scene with a block that is to become something else. */
const spoil = ({ results }: Scene, id: BlockId, change: (block: Block) => Block | undefined) => {
  results.set(id, { block: change(results.get(id)!.block!) })
}

const entriesOf = (block: Block) => block.entries as ReadonlyArray<{ readonly rev: number }>

const problemOf = ({ manifest, planning, results }: Scene) => tailProblem(manifest as Manifest, planning.view, results)

describe("tailProblem has nothing against", () => {
  it.each([
    ["the creation of a collection", creation],
    ["an entry in the open tail", append],
    ["a rollover", rollover]
  ])("%s", (_what, make) => {
    expect(problemOf(make())).toBeUndefined()
  })

  it("a tail that is in another member's shard", () => {
    const scene = append()
    scene.results.delete(scene.tail)
    expect(problemOf(scene)).toBeUndefined()
  })
})

describe("tailProblem notices", () => {
  it.each<readonly [string, () => Scene, (scene: Scene) => void, string]>([
    [
      "a tail that no shard writes",
      append,
      ({ manifest, tail }) => {
        delete manifest.shards[0].writes[tail]
      },
      "the open tail is not written"
    ],
    [
      "a tail that is written as another collection's",
      append,
      ({ manifest, planning, tail }) => {
        manifest.shards[0].writes[tail]!.collection = planning.author.collection("cars")
      },
      "the open tail is not written"
    ],
    [
      "a tail that is no log block",
      append,
      (scene) => spoil(scene, scene.tail, (block) => ({ ...block, header: { ...block.header, type: "leaf" } })),
      "the tail is no log block"
    ],
    [
      "a tail that is deleted",
      append,
      (scene) => spoil(scene, scene.tail, () => undefined),
      "the tail is no log block"
    ],
    [
      "a first log block that is there already",
      append,
      ({ manifest }) => {
        manifest.collections[0]!.base = 0
      },
      "the first log block exists"
    ],
    [
      "a creation without its header",
      creation,
      ({ header, results }) => void results.delete(header),
      "no header is created that names the first log block"
    ],
    [
      "a new header that names another tail",
      creation,
      (scene) => spoil(scene, scene.header, (block) => ({ ...block, log: { head: scene.tail, tail: scene.header } })),
      "no header is created that names the first log block"
    ],
    [
      "a first log block without the entry",
      creation,
      (scene) => spoil(scene, scene.tail, (block) => ({ ...block, entries: [] })),
      "the entry is not in the first log block"
    ],
    [
      "a first log block that is closed",
      creation,
      (scene) => spoil(scene, scene.tail, (block) => ({ ...block, next: scene.header })),
      "the entry is not in the first log block"
    ],
    [
      "a tail that was closed before",
      rollover,
      ({ manifest, planning, tail }) => {
        planning.commit({ writes: { books: onlyLog } })
        manifest.collections[0]!.base++
        manifest.collections[0]!.tail = tail
      },
      "the tail is not open"
    ],
    [
      "a tail that was not there before",
      rollover,
      ({ manifest, tailAfter }) => {
        manifest.collections[0]!.tail = tailAfter
      },
      "the tail is not open"
    ],
    [
      "a base that is not the last entry's revision",
      append,
      ({ manifest }) => {
        manifest.collections[0]!.base = 1
      },
      "the tail does not end at the base"
    ],
    [
      "an entry of another revision",
      append,
      ({ manifest }) => {
        manifest.collections[0]!.rev = 7 as Rev
      },
      "the entry is not in the tail"
    ],
    [
      "an entry that is not the last one",
      append,
      (scene) => spoil(scene, scene.tail, (block) => ({ ...block, entries: [...entriesOf(block), { rev: 99 }] })),
      "the entry is not in the tail"
    ],
    [
      "no entry",
      append,
      (scene) => spoil(scene, scene.tail, (block) => ({ ...block, entries: entriesOf(block).slice(0, -1) })),
      "the entry is not in the tail"
    ],
    [
      "a rollover without its new block",
      rollover,
      ({ results, tailAfter }) => void results.delete(tailAfter),
      "the next log block is not new"
    ],
    [
      "a rollover to a block of another collection",
      rollover,
      (scene) =>
        spoil(scene, scene.tailAfter, (block) => ({
          ...block,
          header: { ...block.header, collectionId: scene.planning.author.collection("cars") }
        })),
      "the next log block is not new"
    ],
    [
      "a rollover to a block that exists",
      rollover,
      (scene) => {
        const { planning, tail, tailAfter } = scene
        planning.view.blocks.set(tailAfter, planning.view.block(tail)!)
      },
      "the next log block is not new"
    ],
    [
      "a new tail without the entry",
      rollover,
      (scene) => spoil(scene, scene.tailAfter, (block) => ({ ...block, entries: [] })),
      "the entry is not in the new tail"
    ],
    [
      "a new tail that is closed",
      rollover,
      (scene) => spoil(scene, scene.tailAfter, (block) => ({ ...block, next: scene.tail })),
      "the entry is not in the new tail"
    ],
    [
      "a rollover that the header does not know of",
      rollover,
      ({ header, results }) => void results.delete(header),
      "the header does not name the new tail"
    ],
    [
      "a rollover with a header that names the old tail",
      rollover,
      (scene) => spoil(scene, scene.header, (block) => ({ ...block, log: { head: scene.tail, tail: scene.tail } })),
      "the header does not name the new tail"
    ]
  ])("%s", (_what, make, change, problem) => {
    const scene = make()
    change(scene)
    expect(problemOf(scene)).toBe(`${problem}: collection ${scene.header}`)
  })
})
