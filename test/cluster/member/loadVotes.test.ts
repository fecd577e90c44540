import { readdirSync, readFileSync } from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as MemoryStorage from "../../../layers/storage/MemoryStorage.ts"
import { RawStorage } from "../../../services/RawStorage.ts"
import { loadVotes } from "../../../src/cluster/member/loadVotes.ts"
import { rewrite } from "../script/Script.ts"
import { Stage } from "../script/Stage.ts"
import { perform } from "../Walk.ts"

const directory = new URL("../../data/cluster/", import.meta.url)

describe("A store gives back the promises that a member had made", () => {
  it.each(readdirSync(directory).toSorted())("at the end of the script %s", (name) => {
    const stage = new Stage()
    rewrite(readFileSync(new URL(name, directory), "utf8"), (command) => {
      perform(stage, command)
      return []
    })
    return Effect.runPromise(
      Effect.forEach(
        [...stage.actors.values()],
        ({ records, state }) =>
          Effect.gen(function* () {
            const raw = yield* RawStorage
            yield* raw.write([...records.values()].map((record) => ({ ...record, type: "put" as const })))
            const table = yield* loadVotes(raw)
            expect([...table.actions].toSorted()).toEqual([...state.votes.keys()].toSorted())
            for (const [action, votes] of state.votes) expect(table.get(action)).toEqual(votes)
          }).pipe(Effect.provide(MemoryStorage.layer)),
        { discard: true }
      )
    )
  })
})
