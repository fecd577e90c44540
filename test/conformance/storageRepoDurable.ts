/** The rules of a {@link StorageRepo} that keeps what it has when it is closed. */
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { addLeaf, emptyWorld, onlyLog, type World } from "../storage/Requests.ts"
import { type ConformanceCase, expectEqual } from "./Conformance.ts"
import { type Client, expectTag, type RepoServices, replace, textOf, withClient } from "./StorageRepoClient.ts"

/** More transactions than a case makes before it opens the store again. */
const STAMPS_PER_OPENING = 1_000

/** The rules of a durable {@link StorageRepo}: `layer` opens the same store each time it is built. */
export const durableStorageRepo = <E>(layer: Layer.Layer<RepoServices, E>): ReadonlyArray<ConformanceCase<never>> => {
  const durable = (
    name: string,
    check: (
      open: <A, E2>(use: (client: Client) => Effect.Effect<A, E2>) => Effect.Effect<A, E | E2>
    ) => Effect.Effect<void, unknown>
  ): ConformanceCase<never> => ({
    check: Effect.suspend(() => {
      let openings = 0
      let world: World = emptyWorld
      // What the client knows goes over from one opening to the next.
      return check((use) => {
        const opened = withClient(
          name,
          (client) => {
            client.world = world
            return Effect.tap(use(client), () =>
              Effect.sync(() => {
                world = client.world
              })
            )
          },
          STAMPS_PER_OPENING * openings++
        )
        return Effect.provide(opened, layer)
      })
    }),
    name
  })
  return [
    durable("what was committed is there after closing and opening, and every revision of it", (open) =>
      Effect.gen(function* () {
        const id = yield* open((client) => client.leaf("a", ["rev 1"]))
        for (let rev = 2; rev <= 24; rev++) {
          yield* open((client) => client.commit({ writes: { a: replace(id, `rev ${rev}`) } }))
        }
        yield* open((client) =>
          Effect.gen(function* () {
            yield* expectEqual(yield* client.latest(...client.world.keys()), [...client.world.values()], "latest")
            for (let at = 1; at <= 24; at++) {
              yield* expectEqual(textOf(yield* client.at(id, at)), `rev ${at}`, `at ${at}`)
            }
          })
        )
      })
    ),
    durable("a pended transaction survives with its locks, and can be committed by its id alone", (open) =>
      Effect.gen(function* () {
        yield* open((client) => client.leaf("a", ["a1"]))
        yield* open((client) => client.leaf("b", ["b1"]))
        const prepared = yield* open((client) =>
          Effect.gen(function* () {
            const pending = client.prepare({ reads: ["b"], writes: { a: addLeaf(["pended"]) } })
            yield* expectTag(yield* client.repo.pend(pending.request), "Pended", "pend")
            return pending
          })
        )
        const { actionId } = prepared
        yield* open((client) =>
          Effect.gen(function* () {
            yield* expectEqual(yield* client.repo.status(actionId), { _tag: "Pended", actionId }, "status")
            yield* expectEqual(yield* client.repo.pend(prepared.request), { _tag: "Pended", actionId }, "asked again")
            for (const name of ["a", "b"]) {
              const other = client.prepare({ writes: { [name]: onlyLog } })
              const answer = yield* client.decide(other)
              const by = [{ block: client.tail(name), holder: actionId }]
              yield* expectEqual(answer, { _tag: "Locked", actionId: other.actionId, by }, `a writer of ${name}`)
            }
          })
        )
        yield* open((client) =>
          Effect.gen(function* () {
            const answer = yield* client.repo.commit({ actionId, proof: client.author.proof(actionId) })
            yield* expectEqual(answer, client.committed(prepared), "commit")
            client.world = prepared.world
          })
        )
        yield* open((client) =>
          Effect.gen(function* () {
            const { world } = client
            yield* expectEqual(yield* client.latest(...world.keys()), [...world.values()], "blocks")
            yield* client.commit({ writes: { a: onlyLog, b: onlyLog } })
          })
        )
      })
    ),
    durable("a cancelled transaction stays cancelled, and its locks stay free", (open) =>
      Effect.gen(function* () {
        yield* open((client) => client.leaf("a"))
        const { actionId, request } = yield* open((client) =>
          Effect.gen(function* () {
            const pending = client.prepare({ writes: { a: onlyLog } })
            yield* client.repo.pend(pending.request)
            return pending
          })
        )
        yield* open((client) => client.repo.cancel(actionId))
        yield* open((client) =>
          Effect.gen(function* () {
            yield* expectEqual(yield* client.repo.status(actionId), { _tag: "Aborted", actionId }, "status")
            yield* expectTag(yield* client.repo.pend(request), "Refused", "a late pend")
            yield* client.commit({ writes: { a: onlyLog } })
          })
        )
      })
    )
  ]
}
