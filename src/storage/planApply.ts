import type { Block } from "../../schemas/Block.ts"
import type { ActionId, BlockId, Rev } from "../../schemas/Ids.ts"
import type { Shard, Write } from "../../schemas/Manifest.ts"
import type { Proof } from "../../schemas/Proof.ts"
import type { PendRequest } from "../../schemas/Repo.ts"
import type { Transform } from "../../schemas/Transform.ts"
import { textLength } from "../encoding/CanonicalJson.ts"
import type { BlockState } from "./BlockState.ts"
import type { Approval } from "./checkPend.ts"
import type { Plan } from "./Plan.ts"
import { retain } from "./Retention.ts"
import { keys, puts, removed } from "./records.ts"

/** How revisions are stored. */
export interface RevisionPolicy {
  /** Of so many revisions in a row, one at least is stored whole, the others as changes. */
  readonly wholeEvery: number
  /**
   * So many revisions of a block can be read at least, the latest included. What older ones held is dropped, in runs of up
   * to `wholeEvery`; that they were, and what proves them, stays. Without it everything is kept. The head of a block lists
   * what is kept, so that it should not be more than some hundreds; what was stored before there was a bound stays.
   */
  readonly keptRevisions?: number
}

/** A page is read for a cold block at most; the cost of one whole copy is spread over as many commits. All is kept. */
export const defaultRevisionPolicy: RevisionPolicy = { wholeEvery: 32 }

/** A block after a write, and the records of its new revision. */
const applyWrite = (
  policy: RevisionPolicy,
  action: ActionId,
  shard: Shard,
  rev: Rev,
  id: BlockId,
  write: Write,
  transform: Transform,
  before: BlockState | undefined,
  block: Block | undefined
): { readonly state: BlockState; readonly writes: Plan["writes"] } => {
  const latest = { actionId: action, after: write.after, base: write.base, rev }
  const changeLength = textLength(transform)
  const sinceLength = (before?.sinceLength ?? 0) + changeLength
  // Whole where there is nothing to change, and once reading all the changes would cost more than the block itself.
  const storedWhole =
    before === undefined ||
    block === undefined ||
    before.since.length + 1 >= policy.wholeEvery ||
    sinceLength > textLength(block)
  const how = storedWhole
    ? { since: [], sinceLength: 0, whole: rev }
    : { since: before.since.concat(rev), sinceLength, whole: before.whole }
  const collection = write.collection
  const { kept, writes: removals } = retain(
    id,
    before ?? {},
    before !== undefined && storedWhole ? [before.whole, ...before.since] : undefined,
    [how.whole, ...how.since],
    policy.keptRevisions
  )
  const head = { collection, ...how, ...kept }
  const blockLength = block === undefined ? 0 : textLength(block)
  const members = before?.members ?? shard.members
  // What is spread comes last: on Node 20 each object that gets fields after it has a shape of its own (6,000 ns, not 100).
  const state: BlockState = { block, blockLength, id, latest, members, ...head }
  const writes = [puts.revision(id, latest), puts.head(id, head)]
  if (before === undefined) writes.push(puts.members(id, shard.members))
  else if (block !== undefined) writes.push(puts.change(id, rev, transform))
  if (storedWhole && block !== undefined) writes.push(puts.whole(id, rev, block))
  writes.push(...removals)
  return { state, writes }
}

/**
 * Applies a decided transaction whose bases are the latest revisions: revisions, manifest and proof in one batch, its
 * pending records and locks gone. Protocol §3, *Apply*.
 */
export const planApply = (
  request: PendRequest,
  approval: Approval,
  proof: Proof,
  policy: RevisionPolicy = defaultRevisionPolicy
): Plan => {
  const { actionId } = approval
  const revs = new Map(request.signed.manifest.collections.map(({ id, rev }) => [id, rev]))
  const writes = [puts.manifest(actionId, request.signed), puts.proof(actionId, proof)]
  const blocks: Array<BlockState> = []
  for (const { block, id, shard, state: before, write } of approval.writes) {
    const rev = revs.get(write.collection)!
    const applied = applyWrite(policy, actionId, shard, rev, id, write, request.payload[id]!, before, block)
    blocks.push(applied.state)
    writes.push(...applied.writes)
    if (approval.pended) writes.push(removed(keys.pending(id, actionId)), removed(keys.lock(id, actionId)))
  }
  if (approval.pended) for (const id of approval.reads) writes.push(removed(keys.lock(id, actionId)))
  return {
    answer: { _tag: "Committed", actionId, proof },
    changes: {
      blocks,
      ...(approval.pended && { freed: actionId }),
      transaction: [actionId, { _tag: "Committed", proof }]
    },
    writes
  }
}
