import * as Net from "node:net"
import { describe, expect, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as instruments from "../../layers/monitor/instruments.ts"
import * as Monitor from "../../layers/monitor/Monitor.ts"
import * as MonitorOptions from "../../layers/monitor/MonitorOptions.ts"
import * as Node from "../../layers/Node.ts"
import type { PeerRecord } from "../../schemas/Directory.ts"
import { Directory } from "../../services/Directory.ts"
import { freePort } from "../fixtures/freePort.ts"
import { identityOf, signerOf } from "../storage/TestServices.ts"
import { parse, samplesIn } from "./exposition.ts"

const get = (port: number, path: string, method = "GET") =>
  Effect.promise(async () => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method })
    return { body: await response.text(), status: response.status, type: response.headers.get("content-type") }
  })

/** What comes back for bytes of a client, until the other end hangs up. */
const said = (port: number, text: string) =>
  Effect.async<string>((resume) => {
    let heard = ""
    const socket = Net.connect(port, "127.0.0.1", () => socket.write(text))
    socket.on("data", (data) => {
      heard += data.toString()
    })
    // One that is hung up on amid what it says is told so by an error.
    socket.on("error", () => {})
    socket.on("close", () => resume(Effect.succeed(heard)))
  })

const onAnyPort = Monitor.make({ port: 0 })

describe("A monitor", () => {
  it.scopedLive("tells what is counted, in the format that Prometheus reads", () =>
    Effect.gen(function* () {
      instruments.counter("optimystic_test_total", "What a test counts")(2)
      const { port } = yield* onAnyPort
      const { body, status, type } = yield* get(port, "/metrics")
      expect([status, type]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8"])
      const families = parse(body)
      for (const name of families.keys()) expect(name).toMatch(/^[a-z_]+$/)
      expect(families.get("optimystic_test_total")?.samples.get("optimystic_test_total")).toBe(2)
    })
  )

  it.scopedLive("tells that the process lives, and what the node waits for until it can serve", () =>
    Effect.gen(function* () {
      const { heed, port } = yield* onAnyPort
      expect(yield* get(port, "/health")).toMatchObject({ body: '{"status":"alive"}', status: 200 })
      expect(yield* get(port, "/ready")).toMatchObject({ status: 503, type: "application/json" })
      heed(() => ["others"])
      const waiting = yield* get(port, "/ready")
      expect([waiting.status, JSON.parse(waiting.body)]).toEqual([503, { status: "waiting", waitsFor: ["others"] }])
      heed(() => [])
      expect(yield* get(port, "/ready")).toMatchObject({ body: '{"status":"ready"}', status: 200 })
    })
  )

  it.scopedLive("knows no other path, and nothing but GET", () =>
    Effect.gen(function* () {
      const { port } = yield* onAnyPort
      for (const [path, method] of [
        ["/", "GET"],
        ["/metrics/x", "GET"],
        ["/metrics", "POST"]
      ] as const) {
        expect((yield* get(port, path, method)).status).toBe(404)
      }
    })
  )

  it.scopedLive("takes no head larger than 8 KiB", () =>
    Effect.gen(function* () {
      const { port } = yield* onAnyPort
      const heard = yield* said(port, `GET /health HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(9_000)}\r\n\r\n`)
      expect(heard).toMatch(/^HTTP\/1\.1 431 /)
    })
  )

  it.scopedLive("hangs up on who does not end his request", () =>
    Effect.gen(function* () {
      const { port } = yield* onAnyPort
      expect(yield* said(port, "GET /health HTTP/1.1\r\n").pipe(Effect.timeout("12 seconds"))).not.toContain("200")
    })
  )

  it.scopedLive("closes at once, whoever keeps a connection open", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { port } = yield* Scope.extend(onAnyPort, scope)
      const open = yield* Effect.fork(said(port, ""))
      yield* get(port, "/health")
      yield* Scope.close(scope, Exit.void).pipe(Effect.timeout("1 second"))
      yield* open.await.pipe(Effect.timeout("1 second"))
    })
  )

  it.scopedLive("whose port is in use says so in one line", () =>
    Effect.gen(function* () {
      const { port } = yield* onAnyPort
      const error = yield* Effect.flip(Monitor.make({ port }))
      expect([error._tag, error.message]).toEqual([
        "MonitorUnavailable",
        `The monitor cannot listen at 127.0.0.1, port ${port}: the port is in use; name another`
      ])
    })
  )
})

/** A directory that is opened, and closed, when a test says so. It knows of nobody, and is not active. */
const slowDirectory = (opens: Deferred.Deferred<void>, closes: Deferred.Deferred<void>) =>
  Layer.scoped(
    Directory,
    Effect.acquireRelease(
      Effect.as(Deferred.await(opens), {
        announce: () => Effect.void,
        changes: Stream.empty,
        find: () => undefined,
        isCertain: () => true,
        isComplete: () => true,
        isSettled: () => true,
        known: () => [],
        lookup: () => Effect.succeed([]),
        nearest: () => [],
        own: () => ({ active: false }) as PeerRecord,
        self: signerOf(31).peer
      }),
      () => Deferred.await(closes)
    )
  )

describe("A node with a monitor", () => {
  it.scopedLive("is seen to live while it starts, and while it stops", () =>
    Effect.gen(function* () {
      const port = yield* Effect.promise(freePort)
      const [opens, closes] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const scope = yield* Scope.make()
      const node = Monitor.around({ port }, 1, slowDirectory(opens, closes))
      const starting = yield* Effect.fork(Layer.buildWithScope(node, scope))
      const waitsFor = Effect.map(get(port, "/ready"), ({ body, status }) => [status, JSON.parse(body).waitsFor[0]])
      yield* Effect.sleep("100 millis")
      expect(yield* waitsFor).toEqual([503, "its store and its connections to open"])
      yield* Deferred.succeed(opens, undefined)
      yield* Fiber.join(starting)
      expect(yield* waitsFor).toEqual([503, "its part of the cluster index: it is not active yet"])
      const stopping = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* Effect.sleep("100 millis")
      expect(yield* waitsFor).toEqual([503, "nothing: it is stopping"])
      expect((yield* get(port, "/health")).status).toBe(200)
      yield* Deferred.succeed(closes, undefined)
      yield* Fiber.join(stopping)
    })
  )

  const options = { identity: identityOf(31), listen: ["/ip4/127.0.0.1/tcp/0"], network: "test" }

  it.scopedLive("is ready once it can serve, and not before", () =>
    Effect.gen(function* () {
      const port = yield* Effect.promise(freePort)
      const founders = [31, 32, 33, 34].map((seed) => signerOf(seed).peer)
      const alone = yield* Layer.build(Node.layer({ ...options, founders, monitor: { port } }))
      const waiting = yield* get(port, "/ready")
      expect(waiting.status).toBe(503)
      expect(JSON.parse(waiting.body)).toEqual({
        status: "waiting",
        waitsFor: [
          "its part of the cluster index: it is not active yet",
          "active peers that answer: it knows 0 of the 4 that a cluster has"
        ]
      })
      expect(Context.get(alone, Directory).own()?.active).toBe(false)
    })
  )

  it.scopedLive("of a network of one is ready, and counts itself; it is gone with the node", () =>
    Effect.gen(function* () {
      const port = yield* Effect.promise(freePort)
      const scope = yield* Scope.make()
      const founders = [signerOf(31).peer]
      const node = Node.layer({ ...options, clusterSize: 1, faultModel: "crash", founders, monitor: { port } })
      const services = yield* Layer.buildWithScope(node, scope)
      yield* Effect.provide(Node.ready(1), services).pipe(Effect.timeout("20 seconds"))
      expect((yield* get(port, "/ready")).status).toBe(200)
      yield* Effect.repeat(get(port, "/metrics"), {
        until: ({ body }) => samplesIn(body).get("optimystic_directory_active") === 1
      }).pipe(Effect.timeout("10 seconds"))
      yield* Scope.close(scope, Exit.void)
      expect((yield* Effect.exit(Effect.tryPromise(() => fetch(`http://127.0.0.1:${port}/health`))))._tag).toBe(
        "Failure"
      )
    })
  )

  it.scopedLive("does not start where the port of its monitor is in use, or none", () =>
    Effect.gen(function* () {
      const { port } = yield* onAnyPort
      const inUse = yield* Effect.flip(Layer.build(Node.layer({ ...options, monitor: { port } })))
      expect(inUse._tag).toBe("MonitorUnavailable")
      const none = yield* Effect.flip(Layer.build(Node.layer({ ...options, monitor: { port: 0 } })))
      expect(none).toMatchObject({ _tag: "Invalid", reason: "0 is no port of a monitor: 1 to 65535" })
    })
  )
})

describe("The place of a monitor", () => {
  it.each([
    ["9464", { port: 9464 }],
    ["0.0.0.0:9464", { host: "0.0.0.0", port: 9464 }],
    ["[::1]:9464", { host: "::1", port: 9464 }]
  ])("%s is a port, with a host or without", (text, place) => {
    expect(Either.getOrThrow(MonitorOptions.parse(text))).toEqual(place)
  })

  it.each(["", "0", "65536", "localhost", "::1:80", "a b:80", "-1", "1e3"])("%j is none", (text) => {
    expect(Either.isLeft(MonitorOptions.parse(text))).toBe(true)
  })
})
