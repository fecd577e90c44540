import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { fromSeed } from "../../layers/crypto/Identity.ts"
import * as NobleCrypto from "../../layers/crypto/NobleCrypto.ts"
import * as NodeCrypto from "../../layers/crypto/NodeCrypto.ts"
import * as SignatureMemory from "../../layers/crypto/SignatureMemory.ts"
import * as SodiumCrypto from "../../layers/crypto/SodiumCrypto.ts"
import * as Node from "../../layers/Node.ts"
import { cryptoConformance } from "../conformance/crypto.ts"

const identity = fromSeed(Uint8Array.from({ length: 32 }, (_, index) => index))

const layers = {
  NodeCrypto: NodeCrypto.layer(identity),
  NobleCrypto: NobleCrypto.layer(identity),
  SodiumCrypto: SodiumCrypto.layer(identity),
  "SodiumCrypto once busy": Node.layerCrypto(identity),
  "SignatureMemory over NodeCrypto": Layer.provideMerge(SignatureMemory.layer(), NodeCrypto.layer(identity))
}

for (const [name, layer] of Object.entries(layers)) {
  describe(name, () => {
    for (const { name, check } of cryptoConformance) {
      it.effect(name, () => Effect.provide(check, layer))
    }
  })
}
