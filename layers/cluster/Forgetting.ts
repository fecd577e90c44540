/**
 * Housekeeping of a member: drops what it keeps of ended transactions that nothing can ask for any more. What is still needed the
 * member's own rules say; here is only when it looks at which. Protocol §4, *Forgetting*.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { StorageError } from "../../schemas/Errors.ts"
import type { ActionId, PeerId } from "../../schemas/Ids.ts"
import type { SignedManifest } from "../../schemas/Manifest.ts"
import { ClusterMember } from "../../services/ClusterMember.ts"
import { PeerNetwork } from "../../services/PeerNetwork.ts"
import { RawStorage, type RawStorageService } from "../../services/RawStorage.ts"
import { parse } from "../../src/storage/BlockStorage.ts"
import { entriesOf } from "../../src/storage/manifestRules.ts"
import { keys } from "../../src/storage/records.ts"
import type { DrivePolicy } from "./DrivePolicy.ts"

/** When a member looks for what it may forget. */
export type ForgettingOptions = Pick<DrivePolicy, "forgetMillis" | "forgetPage">

/** A walk through the ends of transactions, those that never commit or those that did, a page at a time, again and again. */
const walk = (raw: RawStorageService, space: "ended" | "proof", limit: number) => {
  let after: string | undefined
  return Effect.suspend(() => raw.blocks(space, { limit, ...(after !== undefined && { after }) })).pipe(
    Effect.map((actions) => {
      after = actions.length < limit ? undefined : actions.at(-1)
      return actions as ReadonlyArray<ActionId>
    })
  )
}

const make = Effect.fnUntraced(function* ({ forgetMillis, forgetPage }: ForgettingOptions) {
  const member = yield* ClusterMember
  const raw = yield* RawStorage
  const { self } = yield* PeerNetwork

  /** Whether a committed transaction wrote something here: then it is never forgotten, and the member need not be asked. */
  const wroteHere = (action: ActionId): Effect.Effect<boolean, StorageError> =>
    Effect.flatMap(raw.get(keys.manifest(action)), (text) =>
      text === undefined
        ? Effect.succeed(true)
        : Effect.map(parse<SignedManifest>(keys.manifest(action), text), (signed) => writesOf(signed, self))
    )

  const next = { ended: walk(raw, "ended", forgetPage), proof: walk(raw, "proof", forgetPage) }
  const look = Effect.gen(function* () {
    for (const action of yield* next.ended) yield* member.forget(action)
    for (const action of yield* next.proof) if (!(yield* wroteHere(action))) yield* member.forget(action)
  }).pipe(Effect.catchAll(({ message }) => Effect.logWarning("What may be forgotten could not be looked at", message)))
  yield* Effect.forkScoped(Effect.forever(Effect.zipRight(Effect.sleep(Duration.millis(forgetMillis)), look)))
})

const writesOf = ({ manifest }: SignedManifest, self: PeerId): boolean =>
  manifest.shards.some(({ members, writes }) => members.includes(self) && entriesOf(writes).length > 0)

/** Forgets, from time to time, what a member may forget. */
export const layer = (
  options: ForgettingOptions
): Layer.Layer<never, never, ClusterMember | PeerNetwork | RawStorage> => Layer.scopedDiscard(make(options))
