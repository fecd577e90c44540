/** What a member tells, unsigned, of transactions and blocks. Protocol §4, *Recovery*; §5. */
import type { LatestRevision, MemberAnswer } from "../../../schemas/Cluster.ts"
import type { ActionId, BlockId } from "../../../schemas/Ids.ts"
import type { MemberView } from "./MemberView.ts"
import { knownEnd } from "./settled.ts"

/** How a transaction ended; or, where that is not known, what this member has promised about it. */
export const tellOfTransaction = (view: MemberView, action: ActionId, wantsPayload: boolean): MemberAnswer => {
  const votes = view.votes(action)
  const accepted = votes?.ballots.accepted
  const record = wantsPayload ? view.transaction(action) : undefined
  return (
    knownEnd(view, action) ?? {
      _tag: "Open",
      acceptance: accepted === undefined ? null : { ballot: accepted.ballot, value: accepted.value },
      approved: votes?.vote?.kind === "approve",
      joined: votes?.ballots.joined ?? null,
      ...(record?._tag === "Pending" && { payload: record.payload }),
      ...(votes !== undefined && { signed: votes.signed })
    }
  )
}

/** The latest revisions of blocks, and the manifests of all who hold locks on them: a reader resolves those first. */
export const tellLatest = (view: MemberView, blocks: ReadonlyArray<BlockId>): MemberAnswer => ({
  _tag: "Latest",
  blocks: blocks.map(
    (block): LatestRevision => ({
      block,
      latest: view.block(block)?.latest ?? null,
      locks: view.locks(block).flatMap(({ holder }) => {
        const record = view.transaction(holder)
        return record?._tag === "Pending" ? [record.signed] : []
      })
    })
  )
})
