/** Whether a payload is the one that was signed for. Protocol §1, *Manifest*. */
import type { Payload, Shard } from "../../../schemas/Manifest.ts"
import type { HasherService } from "../../../services/Hasher.ts"
import { hashValue } from "../../encoding/BlockIds.ts"
import { NotCanonical } from "../../encoding/CanonicalJson.ts"
import { entriesOf } from "../../storage/manifestRules.ts"

/** Why a payload is not made of exactly the transforms that some shards of a manifest name. */
export const payloadMismatch = (
  hasher: HasherService,
  shards: ReadonlyArray<Shard>,
  payload: Payload
): string | undefined => {
  const writes = shards.flatMap((shard) => entriesOf(shard.writes))
  if (Object.keys(payload).length !== writes.length) return "the payload is of other blocks"
  for (const [id, { change }] of writes) {
    const transform = Object.hasOwn(payload, id) ? payload[id] : undefined
    if (transform === undefined || !hasHash(hasher, transform, change)) {
      return `the transform is not the one signed for: block ${id}`
    }
  }
  return undefined
}

/** Whether a value has a hash: what has no canonical form has none. */
export const hasHash = (hasher: HasherService, value: object, hash: string): boolean => {
  try {
    return hashValue(hasher, value) === hash
  } catch (thrown) {
    if (thrown instanceof NotCanonical) return false
    throw thrown
  }
}
