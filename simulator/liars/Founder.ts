import * as Effect from "effect/Effect"
import type { MemberRequest } from "../../schemas/Cluster.ts"
import type { BlockId, PeerId } from "../../schemas/Ids.ts"
import type { Manifest, Shard } from "../../schemas/Manifest.ts"
import { actionId } from "../../src/encoding/BlockIds.ts"
import { signClaim } from "../../src/encoding/Statements.ts"
import type { Liar } from "./Liar.ts"

/** It names other members one time out of so many. */
const LIES_OUT_OF = 2

type Pend = Extract<MemberRequest, { _tag: "Pend" }>

/** The members with one of them replaced by who is none. */
const withOutsider = (members: ReadonlyArray<PeerId>, outsider: PeerId, self: PeerId): ReadonlyArray<PeerId> => {
  const leaves = members.find((peer) => peer !== self)
  return [...members.filter((peer) => peer !== leaves), outsider].toSorted()
}

/** An author that has its own members for what it creates and writes: two member sets for one id. */
export const liar: Liar = (context) => {
  const { hasher, lied, network, prng, roster, signer } = context
  const absent = new Set<BlockId>()

  const displaced = (members: ReadonlyArray<PeerId>): ReadonlyArray<PeerId> => {
    const outsider = roster.find((peer) => !members.includes(peer))
    return outsider === undefined ? members : withOutsider(members, outsider, signer.peer)
  }

  /** Its own transaction again, over other members. */
  const elsewhere = ({ payload, signed: { manifest } }: Pend): Pend => {
    const shards = manifest.shards.map((shard) => ({ ...shard, members: displaced(shard.members) })) as unknown
    const moved: Manifest = { ...manifest, shards: shards as readonly [Shard, ...Array<Shard>] }
    const action = actionId(hasher, moved)
    const signatures = [signClaim(signer, network, { action, kind: "author" })] as const
    return { _tag: "Pend", payload, signed: { manifest: moved, signatures } }
  }

  return {
    ask: (to, request, send) => {
      if (request._tag === "Read") {
        return Effect.tap(send(to, request), (answer) =>
          Effect.sync(() => {
            if (answer._tag !== "Latest") return
            for (const { block, latest } of answer.blocks) if (latest === null) absent.add(block)
          })
        )
      }
      if (request._tag !== "Pend" || prng.nextInt(LIES_OUT_OF) > 0) return send(to, request)
      lied("liar-members")
      return Effect.zipRight(Effect.forkDaemon(Effect.ignore(send(to, elsewhere(request)))), send(to, request))
    },
    closest: (block, honest) => {
      if (!absent.has(block)) return honest
      lied("liar-members")
      return displaced(honest)
    }
  }
}
