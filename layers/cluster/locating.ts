import * as Effect from "effect/Effect"
import type { MemberAnswer } from "../../schemas/Cluster.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { ClusterClientService } from "../../services/ClusterClient.ts"
import type { ClusterIndexService } from "../../services/ClusterIndex.ts"
import { isCollectionId } from "../../src/storage/manifestRules.ts"

/** Of one answer so many are located, at most. */
const MAX_LOCATED = 8

/** The headers that, as an answer says, are there in place of those that a transaction creates. */
const createdElsewhere = (answer: MemberAnswer): ReadonlyArray<BlockId> => {
  const isExcluded = answer._tag === "Ended" && answer.ending._tag === "Excluded"
  const shown = answer._tag === "Superseded" ? answer.newer : isExcluded ? [answer.ending.by] : []
  return shown.map(({ block }) => block).filter((block) => isCollectionId(block))
}

/**
 * Asks members, without a roster: who created what they say is created is found out before anything is concluded from it. An entry
 * proves nothing by itself: its members might be anybody's.
 */
export const locating = (client: ClusterClientService, index: ClusterIndexService): ClusterClientService => ({
  ask: (member, request) =>
    Effect.tap(client.ask(member, request), (answer) => {
      const unknown = createdElsewhere(answer).filter((block) => index.homeOf(block) === undefined)
      return Effect.forEach(unknown.slice(0, MAX_LOCATED), (block) => Effect.ignore(index.locate(block)), {
        concurrency: "unbounded",
        discard: true
      })
    }),
  self: client.self
})
