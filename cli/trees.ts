/** Trees as commands use them: loaded only when a command needs them. */
import * as Schema from "effect/Schema"
import { Json } from "../schemas/Json.ts"
import * as Tree from "../src/collection/Tree.ts"
import type { EntryForm } from "./EntryForm.ts"

/** A tree of JSON by text keys, whose entries have a form. */
export const treeOf = (name: string, { keyOf }: EntryForm) =>
  Tree.define(name, { entry: Json, key: Schema.String, keyOf })

/** Opens a tree. */
export const openTree = (name: string, form: EntryForm) => Tree.open(treeOf(name, form))
/** Opens such a tree, and makes it where it is absent. */
export const makeTree = (name: string, form: EntryForm) => Tree.openOrCreate(treeOf(name, form))
