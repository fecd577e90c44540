/** The ports: what can be swapped by a layer. */
export * from "./Entropy.ts"
export * from "./Hasher.ts"
export * from "./RawStorage.ts"
export * from "./Restorer.ts"
export * from "./Signer.ts"
export * from "./StorageRepo.ts"
export * from "./Transactor.ts"
export * from "./Verifier.ts"
