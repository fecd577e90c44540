/**
 * Conformance suites as plain values, for whoever implements a port: each case is an effect that fails with what is
 * wrong. No test runner is needed.
 */
export * from "./btree.ts"
export * from "./Conformance.ts"
export * from "./crypto.ts"
export * from "./peerNetwork.ts"
export * from "./rawStorage.ts"
export * from "./storageRepo.ts"
export * from "./storageRepoDurable.ts"
export * from "./storageRepoFaults.ts"
