import * as Effect from "effect/Effect"
import { CorruptRecord, type StorageError } from "../../../schemas/Errors.ts"
import type { ActionId } from "../../../schemas/Ids.ts"
import type { SignedManifest } from "../../../schemas/Manifest.ts"
import type { RawStorageService } from "../../../services/RawStorage.ts"
import { parse } from "../../storage/BlockStorage.ts"
import { entriesOf } from "../../storage/manifestRules.ts"
import { keys } from "../../storage/records.ts"
import { visitBlocks } from "../../storage/visitBlocks.ts"
import { type BallotRecord, type Vote, voteKeys } from "./Votes.ts"
import { VoteTable } from "./VoteTable.ts"

/** What is stored of the promises about one transaction: its manifest stands by itself, or with what is pended. */
const loadVotesOn = Effect.fnUntraced(function* (raw: RawStorageService, action: ActionId, table: VoteTable) {
  const asked = [voteKeys.vote(action), voteKeys.ballots(action), voteKeys.manifest(action), keys.manifest(action)]
  const [vote, ballots, unpended, pended] = yield* raw.getMany(asked)
  // What is pended has the signatures that it was examined with.
  const text = pended ?? unpended
  if (text === undefined) {
    const key = keys.manifest(action).join("/")
    return yield* new CorruptRecord({ key, reason: "absent, but a vote refers to it" })
  }
  const signed = yield* parse<SignedManifest>(pended === undefined ? asked[2]! : asked[3]!, text)
  const written = signed.manifest.shards.flatMap(({ writes }) => entriesOf(writes).map(([id]) => id))
  const pending = pended === undefined ? [] : yield* raw.getMany(written.map((id) => keys.pending(id, action)))
  table.set(action, {
    ballots: ballots === undefined ? { joined: null } : yield* parse<BallotRecord>(asked[1]!, ballots),
    pendingLength: pending.reduce((sum, text) => sum + (text?.length ?? 0), 0),
    signed,
    ...(vote !== undefined && { vote: yield* parse<Vote>(asked[0]!, vote) })
  })
})

/** The promises that were durable when the store was closed, or its process died. Protocol §4, *Restart*. */
export const loadVotes = Effect.fn("loadVotes")(function* (
  raw: RawStorageService
): Effect.fn.Return<VoteTable, StorageError> {
  const table = new VoteTable()
  const load = (action: string) => loadVotesOn(raw, action as ActionId, table)
  yield* visitBlocks(raw, "vote", load)
  // A lock that was taken to prepare is in no vote.
  yield* visitBlocks(raw, "ballot", (action) =>
    table.get(action as ActionId) === undefined ? load(action) : Effect.void
  )
  return table
})
