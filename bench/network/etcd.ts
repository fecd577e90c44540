/** Three nodes of etcd on loopback, with sync, for a figure to compare with: where `etcd` is on the path. */
import { type ChildProcess, spawn } from "node:child_process"
import { accessSync, constants } from "node:fs"
import { Agent, request } from "node:http"
import { createServer } from "node:net"
import { delimiter, join } from "node:path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { makePlaces } from "../entries.ts"
import { timedEach, type Workplace } from "../harness.ts"

const NODES = 3
const HOST = "http://127.0.0.1"
const LOOK_MILLIS = 100
/** A cluster of etcd has its leader within this. */
const PATIENCE_MILLIS = 30_000

/** Where the program is, if it is on the path. */
const etcdOnPath = (): string | undefined =>
  (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, "etcd"))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK)
        return true
      } catch {
        return false
      }
    })

/** Ports that nobody listens on: etcd has to be told all of them beforehand. */
const freePorts = (count: number): Effect.Effect<ReadonlyArray<number>> =>
  Effect.promise(async () => {
    const servers = await Promise.all(
      Array.from(
        { length: count },
        () =>
          new Promise<ReturnType<typeof createServer>>((resolve) => {
            const server = createServer().listen(0, "127.0.0.1", () => resolve(server))
          })
      )
    )
    const ports = servers.map((server) => {
      const address = server.address()
      if (address === null || typeof address === "string") throw new Error("a server on a port has no port")
      return address.port
    })
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
    return ports
  })

const started = (program: string, args: ReadonlyArray<string>): Effect.Effect<ChildProcess, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => spawn(program, args, { stdio: "ignore" })),
    (child) =>
      Effect.promise(
        () =>
          new Promise<void>((resolve) => {
            if (child.exitCode !== null || child.signalCode !== null) return resolve()
            child.once("exit", () => resolve())
            child.kill("SIGKILL")
          })
      )
  )

/** Asks the gateway for JSON that every etcd has, on one connection. */
const post = (agent: Agent, port: number, path: string, body: object): Effect.Effect<void, Error> =>
  Effect.async((resume) => {
    const asked = request(`${HOST}:${port}${path}`, { agent, method: "POST" }, (answer) => {
      answer.resume().once("end", () => {
        const failed = new Error(`etcd answered ${answer.statusCode}`)
        resume(answer.statusCode === 200 ? Effect.void : Effect.fail(failed))
      })
    })
    asked.once("error", (error) => resume(Effect.fail(error)))
    asked.end(JSON.stringify(body))
  })

const base64 = (text: string): string => Buffer.from(text).toString("base64")

/** So many puts, one after the other, of which the first do not count: what each took, in milliseconds. */
export type EtcdPuts = (uncounted: number, count: number) => Effect.Effect<ReadonlyArray<number>, Error>

/** Starts three nodes, as long as the scope; undefined where there is no etcd. */
export const etcdPuts = ({ folder }: Workplace): Effect.Effect<EtcdPuts | undefined, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const program = etcdOnPath()
    if (program === undefined) {
      yield* Effect.sync(() => console.error("etcd is not on the path: there is no etcdRatio"))
      return undefined
    }
    const directory = yield* folder
    const ports = yield* freePorts(2 * NODES)
    const nodes = Array.from({ length: NODES }, (_, i) => ({
      client: ports[2 * i]!,
      name: `etcd-${i}`,
      peer: ports[2 * i + 1]!
    }))
    const cluster = nodes.map(({ name, peer }) => `${name}=${HOST}:${peer}`).join()
    for (const { client, name, peer } of nodes) {
      const urls = { client: `${HOST}:${client}`, peer: `${HOST}:${peer}` }
      yield* started(program, [
        ...["--name", name, "--data-dir", join(directory, name), "--initial-cluster", cluster],
        ...["--listen-client-urls", urls.client, "--advertise-client-urls", urls.client],
        ...["--listen-peer-urls", urls.peer, "--initial-advertise-peer-urls", urls.peer]
      ])
    }
    const agent = yield* Effect.acquireRelease(
      Effect.sync(() => new Agent({ keepAlive: true, maxSockets: 1 })),
      (opened) => Effect.sync(() => opened.destroy())
    )
    const put = (key: string, value: string) =>
      post(agent, nodes[0]!.client, "/v3/kv/put", { key: base64(key), value: base64(value) })
    yield* put("ready", "").pipe(
      Effect.retry({ while: () => Effect.as(Effect.sleep(LOOK_MILLIS), true) }),
      Effect.timeoutFail({ duration: PATIENCE_MILLIS, onTimeout: () => new Error("etcd does not start") })
    )
    return (uncounted, count) =>
      Effect.map(
        timedEach(makePlaces(uncounted + count), (place) => put(place.id, JSON.stringify(place))),
        (millis) => millis.slice(uncounted)
      )
  })
