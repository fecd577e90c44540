/**
 * A list that several people edit at once, each on a local snapshot. An edit says at which place; where others were first,
 * the conflict filter moves it to the place that is meant now, and drops the removal of what is gone already.
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Schema } from "effect"
import { Block, Collection, Node } from "effect-optimystic"

const List = Block.define("list", { items: Schema.Array(Schema.String) })

const actions = {
  insert: Collection.action(Schema.Struct({ at: Schema.Int, item: Schema.String }), (store, root, { at, item }) =>
    List.set(store, root, { items: List.get(store, root).items.toSpliced(at, 0, item) })
  ),
  remove: Collection.action(Schema.Struct({ at: Schema.Int }), (store, root, { at }) =>
    List.set(store, root, { items: List.get(store, root).items.toSpliced(at, 1) })
  )
}
type Edit = Collection.ActionOf<typeof actions>
const insert = (at: number, item: string) => ({ data: { at, item }, type: "insert" }) as const
const remove = (at: number) => ({ data: { at }, type: "remove" }) as const

/** What an edit is after another one of the same list. Of two inserts at one place, one has to give way. */
const past = (edit: Edit | undefined, other: Edit | undefined, givesWay: boolean): Edit | undefined => {
  if (edit === undefined || other === undefined) return edit
  const { at } = edit.data
  const isSame = other.data.at === at
  if (isSame && edit.type === "remove" && other.type === "remove") return undefined
  const isMoved = other.data.at < at || (isSame && other.type === "insert" && (givesWay || edit.type === "remove"))
  const place = isMoved ? at + (other.type === "insert" ? 1 : -1) : at
  return edit.type === "insert" ? insert(place, edit.data.item) : remove(place)
}

/** One's own edit past those of others, who knew none of the pending ones `before` it. */
const filterConflict: Collection.ConflictFilter<Edit> = (own, others, before) => {
  const edits: Array<Edit | undefined> = [...before, own]
  for (const first of others) {
    edits.reduce<Edit | undefined>((other, edit, i) => {
      edits[i] = past(edit, other, true)
      return past(other, edit, false)
    }, first)
  }
  return edits.at(-1)
}

const create = (store: Collection.BlockStore) => List.insert(store, { items: ["bread", "milk", "eggs"] })
const Shopping = Collection.define("shopping", { actions, create, filterConflict, kind: "list" })

const program = Effect.gen(function* () {
  const list = yield* Collection.openOrCreate(Shopping)
  const show = (who: string, { read }: Pick<typeof list, "read">) =>
    Effect.flatMap(read(List.get), ({ items }) => Console.log(`  ${who}: ${items.join(", ")}`))
  const [ann, bob] = [yield* list.snapshot, yield* list.snapshot]
  yield* Effect.all([ann.act(remove(0)), ann.act(insert(0, "butter")), show("Ann", ann)])
  yield* Effect.all([bob.act(remove(0)), bob.act(remove(1)), bob.act(insert(1, "tea")), show("Bob", bob)])
  yield* Effect.all([ann.updateAndSync, bob.updateAndSync, show("All", list)])
})

program.pipe(Effect.provide(Node.layerLocal()), NodeRuntime.runMain)
