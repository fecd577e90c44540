interface Resolvers {
  readonly promise: Promise<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (reason: unknown) => void
}

/** As ES2024 has it. */
function withResolvers(): Resolvers {
  let resolve: Resolvers["resolve"] = () => {}
  let reject: Resolvers["reject"] = () => {}
  const promise = new Promise<unknown>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, reject, resolve }
}

/** Gives `Promise.withResolvers`, without which libp2p does nothing, to a Node that has none: 20. */
export const ensureWithResolvers = (): void => {
  if ("withResolvers" in Promise) return
  Object.defineProperty(Promise, "withResolvers", { configurable: true, value: withResolvers, writable: true })
}
