/** Peers with keys of a simulation, and their records. */
import { MAX_LIFETIME_MILLIS, type PeerRecord } from "../../schemas/Directory.ts"
import type { SignerService } from "../../services/Signer.ts"
import { KeyRing } from "../../simulator/crypto/KeyRing.ts"
import type { FirstClaim } from "../../src/directory/DirectoryMachine.ts"
import { type DirectoryPolicy, defaultDirectoryPolicy } from "../../src/directory/DirectoryPolicy.ts"
import { signRecord } from "../../src/directory/PeerRecords.ts"
import { Registry } from "../../src/directory/Registry.ts"
import * as Prng from "../../src/random/Prng.ts"
import { hasher, network as NETWORK } from "../storage/TestServices.ts"

export const CLAIM: FirstClaim = {
  active: true,
  addresses: [],
  duties: [],
  lifetimeMillis: MAX_LIFETIME_MILLIS,
  role: "transaction",
  takesOverFrom: []
}

/** What a peer says of itself, signed by it. */
export const recordOf = (
  signer: SignerService,
  claim: Partial<FirstClaim> & { readonly sequence?: number } = {}
): PeerRecord => signRecord(signer, NETWORK, { ...CLAIM, sequence: 1, ...claim, peer: signer.peer })

/** Keys of one seed, as many as are wanted. */
export class Village {
  readonly ring = new KeyRing(hasher)
  readonly prng: Prng.Prng

  constructor(seed: string) {
    this.prng = Prng.make(seed)
  }

  signer(): SignerService {
    return this.ring.signer(this.prng)
  }

  records(count: number): ReadonlyArray<PeerRecord> {
    return Array.from({ length: count }, () => recordOf(this.signer()))
  }

  contextOf(signer: SignerService, policy: Partial<DirectoryPolicy> = {}) {
    return {
      hasher,
      network: NETWORK,
      policy: { ...defaultDirectoryPolicy, ...policy },
      signer,
      verifier: this.ring.verifier
    }
  }

  registry(policy: Partial<DirectoryPolicy> = {}, signer: SignerService = this.signer()): Registry {
    return new Registry(this.contextOf(signer, policy), 1)
  }
}
