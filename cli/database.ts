/** The database as commands use it: loaded only when a command needs it. */
import * as Schema from "effect/Schema"
import * as Node from "../layers/Node.ts"
import { Json } from "../schemas/Json.ts"
import * as Diary from "../src/collection/Diary.ts"
import * as Tree from "../src/collection/Tree.ts"

/** An entry of a tree that the command line wrote: a text key, and any JSON. */
const Entry = Schema.Struct({ key: Schema.String, value: Json })

const definitionOf = (name: string) => Tree.define(name, { entry: Entry, key: Schema.String, keyOf: ({ key }) => key })
const diaryOf = (name: string) => Diary.define(name, { entry: Json })

/** Opens a tree of JSON values by text keys. */
export const openTree = (name: string) => Tree.open(definitionOf(name))
/** Opens such a tree, and makes it where it is absent. */
export const makeTree = (name: string) => Tree.openOrCreate(definitionOf(name))
/** Opens a diary of JSON values. */
export const openDiary = (name: string) => Diary.open(diaryOf(name))
/** Opens such a diary, and makes it where it is absent. */
export const makeDiary = (name: string) => Diary.openOrCreate(diaryOf(name))

/** A node on a directory. */
export const layer = (directory: string) => Node.layerLocal({ directory })
