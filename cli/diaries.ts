/** Diaries as commands use them: loaded only when a command needs them. */
import { Json } from "../schemas/Json.ts"
import * as Diary from "../src/collection/Diary.ts"

/** A diary of JSON. */
export const diaryOf = (name: string) => Diary.define(name, { entry: Json })

/** Opens a diary of JSON values. */
export const openDiary = (name: string) => Diary.open(diaryOf(name))
/** Opens such a diary, and makes it where it is absent. */
export const makeDiary = (name: string) => Diary.openOrCreate(diaryOf(name))
