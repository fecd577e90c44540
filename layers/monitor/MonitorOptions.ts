import * as Either from "effect/Either"
import { Invalid } from "../../schemas/Errors.ts"

/** Where a node tells how it is: over HTTP, to whoever reaches that port. */
export interface MonitorOptions {
  /** Default: `127.0.0.1`, for programs of this machine alone. Nothing of it is secret, and nobody is asked who he is. */
  readonly host?: string
  /** From 1 to 65535. */
  readonly port: number
}

/** Programs of this machine alone. */
export const DEFAULT_MONITOR_HOST = "127.0.0.1"

const MAX_PORT = 65_535
const PLACE = /^(?:(\[[0-9a-fA-F:.]+\]|[^:[\]\s]+):)?(\d{1,5})$/

const isPort = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= MAX_PORT

/** Options whose port is one. */
export const checked = (options: MonitorOptions): Either.Either<MonitorOptions, Invalid> =>
  isPort(options.port)
    ? Either.right(options)
    : Either.left(new Invalid({ reason: `${options.port} is no port of a monitor: 1 to ${MAX_PORT}` }))

/** A port as people write it, with a host or without: `9464`, `0.0.0.0:9464`, `[::1]:9464`. */
export const parse = (text: string): Either.Either<MonitorOptions, Invalid> => {
  const [, host, port] = PLACE.exec(text) ?? []
  if (port === undefined || !isPort(Number(port))) {
    return Either.left(new Invalid({ reason: `${JSON.stringify(text)} is no port of a monitor: 9464, 127.0.0.1:9464` }))
  }
  return Either.right({ port: Number(port), ...(host !== undefined && { host: host.replace(/^\[(.*)\]$/, "$1") }) })
}
