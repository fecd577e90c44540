/** Tells over HTTP how a node is: what it counts, that it lives, and whether it can serve. */
import * as Http from "node:http"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import type { ServeError } from "@effect/platform/HttpServerError"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"
import { Directory } from "../../services/Directory.ts"
import { missing } from "../directory/untilReady.ts"
import { DEFAULT_MONITOR_HOST, type MonitorOptions } from "./MonitorOptions.ts"
import { MonitorUnavailable } from "./MonitorUnavailable.ts"
import { CONTENT_TYPE, expositionOf } from "./prometheus.ts"

/** What a node waits for before it can serve: nothing, once it can. */
export type Readiness = () => ReadonlyArray<string>

/** A monitor that answers. */
export interface Monitor {
  /** Where it listens. */
  readonly port: number
  /** Who tells from now on what the node waits for. */
  readonly heed: (readiness: Readiness) => void
}

/** Who scrapes is one, who probes another: further connections are closed at once. */
const MAX_CONNECTIONS = 16
const MAX_HEADER_BYTES = 8_192
/** Time for the head of a request, for all of it, and for whoever reads an answer to read some of it. */
const REQUEST_MILLIS = 5_000
/** How long a connection is kept for a next request. */
const IDLE_MILLIS = 5_000

const server = (): Http.Server => {
  const created = Http.createServer({
    connectionsCheckingInterval: REQUEST_MILLIS,
    headersTimeout: REQUEST_MILLIS,
    keepAliveTimeout: IDLE_MILLIS,
    maxHeaderSize: MAX_HEADER_BYTES,
    requestTimeout: REQUEST_MILLIS
  })
  created.maxConnections = MAX_CONNECTIONS
  created.setTimeout(REQUEST_MILLIS)
  return created
}

const UNAVAILABLE = 503

const STARTING: Readiness = () => ["its store and its connections to open"]
const STOPPING: Readiness = () => ["nothing: it is stopping"]

/** What went wrong, in few words. */
const reasonOf = ({ cause }: ServeError): string => {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined
  if (code === "EADDRINUSE") return "the port is in use; name another"
  return cause instanceof Error ? cause.message : String(cause)
}

/** Answers, as long as the scope is open, before the node has started and until it has stopped. */
export const make = ({
  host = DEFAULT_MONITOR_HOST,
  port
}: MonitorOptions): Effect.Effect<Monitor, MonitorUnavailable, Scope.Scope> =>
  Effect.gen(function* () {
    let readiness = STARTING
    const http = server()
    const listening = yield* Effect.mapError(
      NodeHttpServer.make(() => http, { host, port }),
      (error) => new MonitorUnavailable({ host, port, reason: reasonOf(error) })
    )
    // Of an error that no listener takes the process would end.
    http.on("error", () => {})
    const router = HttpRouter.empty.pipe(
      HttpRouter.get(
        "/metrics",
        Effect.map(Metric.snapshot, (pairs) =>
          HttpServerResponse.text(expositionOf(pairs), { contentType: CONTENT_TYPE })
        )
      ),
      HttpRouter.get("/health", HttpServerResponse.json({ status: "alive" })),
      HttpRouter.get(
        "/ready",
        Effect.suspend(() => {
          const waitsFor = readiness()
          return waitsFor.length === 0
            ? HttpServerResponse.json({ status: "ready" })
            : HttpServerResponse.json({ status: "waiting", waitsFor }, { status: UNAVAILABLE })
        })
      )
    )
    yield* HttpServer.serveEffect(router).pipe(Effect.provideService(HttpServer.HttpServer, listening))
    // The server waits for all of its connections as it closes; nobody waits for who keeps one open.
    yield* Effect.addFinalizer(() => Effect.sync(() => http.closeAllConnections()))
    const { address } = listening
    return {
      heed: (told) => {
        readiness = told
      },
      port: address._tag === "TcpAddress" ? address.port : port
    }
  })

/** A node with a monitor, which is there first and goes last: what takes long to start, or to stop, is seen to live. */
export const around = <A, E, R>(
  options: MonitorOptions,
  clusterSize: number,
  node: Layer.Layer<A | Directory, E, R>
): Layer.Layer<A | Directory, E | MonitorUnavailable, R> =>
  Layer.unwrapScoped(
    Effect.map(make(options), ({ heed }) => {
      const told = Effect.flatMap(Directory, (directory) =>
        Effect.acquireRelease(
          Effect.sync(() => heed(() => missing(directory, clusterSize))),
          () => Effect.sync(() => heed(STOPPING))
        )
      )
      return Layer.provideMerge(Layer.scopedDiscard(told), node)
    })
  )
