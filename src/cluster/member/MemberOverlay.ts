import type { ActionId, BlockId, PublicKey } from "../../../schemas/Ids.ts"
import type { SignedManifest } from "../../../schemas/Manifest.ts"
import type { CertifiedRevision, Revision } from "../../../schemas/Revision.ts"
import { Overlay } from "../../storage/Overlay.ts"
import type { MemberChange } from "./MemberPlan.ts"
import type { MemberView, Undecided } from "./MemberView.ts"
import type { Votes } from "./Votes.ts"

/** What one batch is to change of all that a member knows, seen by the later requests of the batch. */
export class MemberOverlay extends Overlay implements MemberView {
  readonly #base: MemberView
  /** Undefined: settled. */
  readonly promises = new Map<ActionId, Votes | undefined>()
  /** Undefined: forgotten. */
  readonly manifests = new Map<ActionId, SignedManifest | undefined>()
  readonly #entered = new Map<BlockId, CertifiedRevision>()
  /** The revisions that the batch adds, oldest first. */
  readonly #added = new Map<BlockId, Array<Revision>>()

  constructor(base: MemberView) {
    super(base)
    this.#base = base
  }

  readonly votes = (action: ActionId): Votes | undefined =>
    this.promises.has(action) ? this.promises.get(action) : this.#base.votes(action)

  readonly applied = (action: ActionId): SignedManifest | undefined =>
    this.manifests.has(action) ? this.manifests.get(action) : this.#base.applied(action)

  readonly entry = (collection: BlockId): CertifiedRevision | undefined =>
    this.#entered.get(collection) ?? this.#base.entry(collection)

  readonly revisionAfter = (block: BlockId, rev: number): CertifiedRevision | undefined => {
    const stored = (this.#base.block(block)?.latest.rev ?? 0) > rev ? this.#base.revisionAfter(block, rev) : undefined
    if (stored !== undefined) return stored
    const action = this.#added.get(block)?.find((revision) => revision.rev > rev)?.actionId
    const record = action === undefined ? undefined : this.transaction(action)
    const signed = action === undefined ? undefined : this.applied(action)
    return record?._tag === "Committed" && signed !== undefined ? { block, proof: record.proof, signed } : undefined
  }

  readonly promised = (): Iterable<readonly [ActionId, Votes]> => {
    const promised = new Map(this.#base.promised())
    for (const [action, votes] of this.promises) {
      if (votes === undefined) promised.delete(action)
      else promised.set(action, votes)
    }
    return promised
  }

  readonly undecided = (author?: PublicKey): Undecided => {
    let { count, pendingLength } = this.#base.undecided(author)
    for (const [action, after] of this.promises) {
      const before = this.#base.votes(action)
      if (author !== undefined && (after ?? before)?.signed.manifest.author !== author) continue
      count += Number(after !== undefined) - Number(before !== undefined)
      pendingLength += (after?.pendingLength ?? 0) - (before?.pendingLength ?? 0)
    }
    return { count, pendingLength }
  }

  /** Takes over one change of what the member knows. */
  change(change: MemberChange): void {
    switch (change._tag) {
      case "Stored":
        this.add(change.changes)
        for (const { id, latest } of change.changes.blocks ?? []) {
          const added = this.#added.get(id)
          if (added === undefined) this.#added.set(id, [latest])
          else added.push(latest)
        }
        return
      case "Voted":
        this.promises.set(change.action, change.votes)
        return
      case "Settled":
        this.promises.set(change.action, undefined)
        return
      case "Applied":
        this.manifests.set(change.action, change.signed)
        return
      case "Unlocked":
        this.unlocked.push([change.block, change.holder])
        return
      case "Entered":
        this.#entered.set(change.entry.block, change.entry)
        return
      case "Forgotten":
        this.manifests.set(change.action, undefined)
        this.transactions.set(change.action, undefined)
    }
  }
}
