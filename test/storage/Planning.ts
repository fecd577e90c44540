/** A view that planners read and that their plans change, and ways to spoil good requests. */
import type { Block } from "../../schemas/Block.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { Manifest } from "../../schemas/Manifest.ts"
import type { Transform } from "../../schemas/Transform.ts"
import { applyTransform } from "../../src/block/apply.ts"
import { hashValue } from "../../src/encoding/BlockIds.ts"
import type { CheckContext } from "../../src/storage/checkPend.ts"
import { Overlay } from "../../src/storage/Overlay.ts"
import { planPend, planPendAndCommit } from "../../src/storage/planPend.ts"
import { Author, emptyWorld, type Intent, type SignedRequest, type World } from "./Requests.ts"
import { hasher, network, signerOf } from "./TestServices.ts"

/** A value of which every part may be changed. */
export type Mutable<A> = A extends string | number | null | undefined
  ? A
  : A extends object
    ? { -readonly [K in keyof A]: Mutable<A[K]> }
    : A

export const signer = signerOf(1)
export const context: CheckContext = { hasher, self: signer.peer }

/** One node, its view, and an author on it. */
export class Planning {
  readonly author = new Author({ hasher, network, signer })
  readonly view = new Overlay({
    block: () => undefined,
    locks: () => [],
    mayBePendedOrAborted: () => false,
    transaction: () => undefined
  })
  world: World = emptyWorld

  /** Commits a transaction that starts from the present world. */
  commit(intent: Intent): SignedRequest {
    const prepared = this.author.transaction(this.world, intent)
    const { actionId, request } = prepared
    const plan = planPendAndCommit(context, this.view, actionId, request, (action) => this.author.proof(action))
    if (plan.answer._tag !== "Committed") throw new Error(`not committed: ${JSON.stringify(plan.answer)}`)
    this.view.add(plan.changes)
    this.world = prepared.world
    return prepared
  }

  /** Pends a transaction that starts from the present world. */
  pend(intent: Intent): SignedRequest {
    const prepared = this.author.transaction(this.world, intent)
    const plan = planPend(context, this.view, prepared.actionId, prepared.request)
    if (plan.answer._tag !== "Pended") throw new Error(`not pended: ${JSON.stringify(plan.answer)}`)
    this.view.add(plan.changes)
    return prepared
  }

  /** The request with another manifest, signed anew. */
  spoil(
    { request }: SignedRequest,
    change: (manifest: Mutable<Manifest>, payload: Record<BlockId, Transform>) => void
  ): SignedRequest {
    const manifest = structuredClone(request.signed.manifest) as Mutable<Manifest>
    const payload: Record<BlockId, Transform> = { ...request.payload }
    change(manifest, payload)
    return this.author.sign(manifest as Manifest, payload)
  }

  /** The request with another transform of one block, with digests that are right. */
  rewrite(signed: SignedRequest, id: BlockId, transform: Transform): SignedRequest {
    return this.spoil(signed, (manifest, payload) => {
      payload[id] = transform
      const write = manifest.shards[0].writes[id]!
      write.change = hashValue(hasher, transform)
      const block: Block | undefined = applyTransform(this.view.block(id)?.block, transform)
      write.after = block === undefined ? "deleted" : hashValue(hasher, block)
    })
  }
}
