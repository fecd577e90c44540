/** The database as commands use it: loaded only when a command needs it. */
import * as Schema from "effect/Schema"
import * as Node from "../layers/Node.ts"
import { Json } from "../schemas/Json.ts"
import * as Diary from "../src/collection/Diary.ts"
import * as Tree from "../src/collection/Tree.ts"
import type { EntryForm } from "./EntryForm.ts"

/** A tree of JSON by text keys, whose entries have a form. */
export const treeOf = (name: string, { keyOf }: EntryForm) =>
  Tree.define(name, { entry: Json, key: Schema.String, keyOf })
/** A diary of JSON. */
export const diaryOf = (name: string) => Diary.define(name, { entry: Json })

/** Opens a tree. */
export const openTree = (name: string, form: EntryForm) => Tree.open(treeOf(name, form))
/** Opens such a tree, and makes it where it is absent. */
export const makeTree = (name: string, form: EntryForm) => Tree.openOrCreate(treeOf(name, form))
/** Opens a diary of JSON values. */
export const openDiary = (name: string) => Diary.open(diaryOf(name))
/** Opens such a diary, and makes it where it is absent. */
export const makeDiary = (name: string) => Diary.openOrCreate(diaryOf(name))

/** A node on a directory. */
export const layer = (directory: string) => Node.layerLocal({ directory })
