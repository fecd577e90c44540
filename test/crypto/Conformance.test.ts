import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { fromSeed } from "../../layers/crypto/Identity.ts"
import * as NobleCrypto from "../../layers/crypto/NobleCrypto.ts"
import * as NodeCrypto from "../../layers/crypto/NodeCrypto.ts"
import * as SodiumSigner from "../../layers/crypto/SodiumSigner.ts"
import * as Node from "../../layers/Node.ts"
import { cryptoConformance } from "../conformance/crypto.ts"

const identity = fromSeed(Uint8Array.from({ length: 32 }, (_, index) => index))

const layers = {
  NodeCrypto: NodeCrypto.layer(identity),
  NobleCrypto: NobleCrypto.layer(identity),
  SodiumSigner: Layer.mergeAll(NodeCrypto.layerHasher, NodeCrypto.layerVerifier, SodiumSigner.layer(identity)),
  "SodiumSigner once busy": Node.layerCrypto(identity)
}

for (const [name, layer] of Object.entries(layers)) {
  describe(name, () => {
    for (const { name, check } of cryptoConformance) {
      it.effect(name, () => Effect.provide(check, layer))
    }
  })
}
