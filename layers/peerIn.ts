import * as Effect from "effect/Effect"
import type { StorageUnavailable } from "../schemas/Errors.ts"
import type { PeerId } from "../schemas/Ids.ts"
import { Signer } from "../services/Signer.ts"
import type { IdentityError } from "./crypto/Identity.ts"
import * as NodeCrypto from "./crypto/NodeCrypto.ts"
import * as NodeEntropy from "./crypto/NodeEntropy.ts"
import { identityIn, keyFileIn } from "./NodeDirectory.ts"

/** Who the node of a directory is; its key is made where there is none. */
export const peerIn = (directory: string): Effect.Effect<PeerId, IdentityError | StorageUnavailable> =>
  Effect.flatMap(identityIn(keyFileIn(directory)), (identity) =>
    Effect.map(Effect.provide(Signer, NodeCrypto.layerSigner(identity)), ({ peer }) => peer)
  ).pipe(Effect.provide(NodeEntropy.layer))
