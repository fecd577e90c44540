/** Services of fixed identities, for tests of what is pure. */
import * as Effect from "effect/Effect"
import { fromSeed, type Identity } from "../../layers/crypto/Identity.ts"
import * as NodeCrypto from "../../layers/crypto/NodeCrypto.ts"
import { NetworkName } from "../../schemas/Manifest.ts"
import { Hasher, type HasherService } from "../../services/Hasher.ts"
import { Signer, type SignerService } from "../../services/Signer.ts"
import { Verifier, type VerifierService } from "../../services/Verifier.ts"

const SEED_BYTES = 32

export const network = NetworkName.make("test")

/** The identity whose seed is this byte over and over. */
export const identityOf = (byte: number): Identity => fromSeed(new Uint8Array(SEED_BYTES).fill(byte))

export const signerOf = (byte: number): SignerService =>
  Effect.runSync(Effect.provide(Signer, NodeCrypto.layerSigner(identityOf(byte))))

export const hasher: HasherService = Effect.runSync(Effect.provide(Hasher, NodeCrypto.layerHasher))
export const verifier: VerifierService = Effect.runSync(Effect.provide(Verifier, NodeCrypto.layerVerifier))
