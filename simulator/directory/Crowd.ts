/** A node that knows many, without so many nodes: they have records, and one of them tells of all. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as DirectoryLayer from "../../layers/directory/Directory.ts"
import * as KeyNetworkLayer from "../../layers/directory/KeyNetwork.ts"
import * as GivenPeers from "../../layers/network/GivenPeers.ts"
import { MAX_LIFETIME_MILLIS } from "../../schemas/Directory.ts"
import { PeerUnreachable } from "../../schemas/Errors.ts"
import { NetworkName } from "../../schemas/Manifest.ts"
import type { Directory } from "../../services/Directory.ts"
import { Entropy } from "../../services/Entropy.ts"
import type { HasherService } from "../../services/Hasher.ts"
import type { KeyNetwork } from "../../services/KeyNetwork.ts"
import { PeerNetwork, type PeerNetworkService } from "../../services/PeerNetwork.ts"
import { DirectoryMachine } from "../../src/directory/DirectoryMachine.ts"
import { type DirectoryPolicy, defaultDirectoryPolicy } from "../../src/directory/DirectoryPolicy.ts"
import { signRecord } from "../../src/directory/PeerRecords.ts"
import { directoryProtocol } from "../../src/directory/protocol.ts"
import * as Prng from "../../src/random/Prng.ts"
import { KeyRing } from "../crypto/KeyRing.ts"
import * as SeededEntropy from "../SeededEntropy.ts"
import { CLAIM } from "./claim.ts"

const NETWORK = NetworkName.make("crowd")

/** A directory that comes to know so many peers within seconds, and who is closest among them. */
export const layer = (
  hasher: HasherService,
  seed: number | string,
  count: number
): Layer.Layer<Directory | KeyNetwork> => {
  const prng = Prng.make(seed)
  const ring = new KeyRing(hasher)
  const plenty = { burst: count, perMinute: count }
  const policy: DirectoryPolicy = {
    ...defaultDirectoryPolicy,
    introductions: plenty,
    newcomers: plenty,
    // One tells of all: it alone is there, and the others are not missed meanwhile.
    silenceMillis: MAX_LIFETIME_MILLIS
  }
  const teller = ring.signer(prng)
  const machine = new DirectoryMachine(
    { hasher, network: NETWORK, policy, signer: teller, verifier: ring.verifier },
    prng.fork("teller"),
    { claim: CLAIM, firstSequence: 1, nowMillis: 0 }
  )
  // Beside the one that tells and the one that is told.
  for (let i = 2; i < count; i++) {
    const signer = ring.signer(prng)
    const record = signRecord(signer, NETWORK, { ...CLAIM, peer: signer.peer, sequence: 1 })
    machine.registry.learn(teller.peer, { record, silentMillis: 0 }, 0)
  }
  const self = ring.signer(prng)
  const network: PeerNetworkService = {
    ask: (protocol, peer, question) =>
      Effect.suspend(() =>
        peer === teller.peer && protocol.name === directoryProtocol.name
          ? Effect.succeed(machine.asked(self.peer, question as never, 0) as never)
          : new PeerUnreachable({ peer, reason: "there is only a record of it" })
      ),
    self: self.peer,
    serve: () => Effect.void
  }
  return KeyNetworkLayer.layer.pipe(
    Layer.provideMerge(DirectoryLayer.layer({ active: true, network: NETWORK, policy, role: "transaction" })),
    Layer.provide(GivenPeers.layer([teller.peer])),
    Layer.provide(Layer.succeed(PeerNetwork, network)),
    Layer.provide(Layer.succeed(Entropy, SeededEntropy.make(prng.fork("entropy")))),
    Layer.provide(ring.layer(self))
  )
}
