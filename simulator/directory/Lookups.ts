/** How well look-ups find who is close to a key, in a network that is much larger than what a node knows of it. */
import type { HasherService } from "../../services/Hasher.ts"
import type { DirectoryPolicy } from "../../src/directory/DirectoryPolicy.ts"
import * as Prng from "../../src/random/Prng.ts"
import { type Conduct, DirectoryWorld, worldPolicy } from "./DirectoryWorld.ts"

/** What is tried. */
export interface LookupTrial {
  readonly seed: number | string
  readonly peers: number
  /** Peers that each knows at most. */
  readonly directoryLimit: number
  /** Places that are looked up, each by a peer drawn at random. */
  readonly keys: number
  /** Peers that are wanted for each. */
  readonly count: number
  /** Share of peers that are turned, 0 to 1. */
  readonly share: number
}

/** What is asked for of the design. */
export const fullTrial: LookupTrial = {
  count: 4,
  directoryLimit: 200,
  keys: 1_000,
  peers: 10_000,
  seed: 1,
  share: 0.2
}

/** What came of the look-ups of some keys. */
export interface LookupScore {
  /** Share of the keys for which exactly the closest were found, 0 to 1. */
  readonly right: number
  /** Questions for each. */
  readonly mean: number
  readonly p99: number
  readonly most: number
}

/** In which company look-ups are made: all are honest, or some do not answer, some lie, or half of them either. */
export const COMPANIES = ["honest", "dead", "lying", "mixed"] as const
export type Company = (typeof COMPANIES)[number]

/** How the first, second, … of those that are turned behave. */
const CONDUCTS: Record<Company, ReadonlyArray<Conduct>> = {
  dead: ["dead"],
  honest: ["honest"],
  lying: ["liar"],
  mixed: ["dead", "liar"]
}

/** Peers join so much after each other. */
const JOIN_MILLIS = 10
/** And have so long to come to know each other, after the last. */
const SETTLE_MILLIS = 40_000

/** Peers that have joined and settled. */
export const settledWorld = (
  hasher: HasherService,
  { directoryLimit, peers, seed }: LookupTrial,
  policy: Partial<DirectoryPolicy> = {}
): DirectoryWorld => {
  const world = new DirectoryWorld(hasher, Prng.make(seed), { ...worldPolicy, directoryLimit, ...policy })
  for (let i = 0; i < peers; i++) world.join(i * JOIN_MILLIS)
  world.run(peers * JOIN_MILLIS + SETTLE_MILLIS)
  return world
}

/** Looks keys up while some of the peers behave as told, from one moment on, and nobody knows. */
export const scoreIn = (
  world: DirectoryWorld,
  company: Company,
  { count, keys, seed, share }: LookupTrial
): LookupScore => {
  const prng = Prng.make(`${seed}/${company}`)
  const turned = prng.shuffle(world.inhabitants).slice(0, Math.round(share * world.inhabitants.length))
  const conducts = CONDUCTS[company]
  for (const [i, inhabitant] of turned.entries()) world.turn(inhabitant, conducts[i % conducts.length]!)
  const honest = world.inhabitants.filter(({ conduct }) => conduct === "honest")
  const requests: Array<number> = []
  let right = 0
  for (let i = 0; i < keys; i++) {
    const place = world.drawPlace()
    const sought = world.seek(prng.pick(honest), place, count)
    requests.push(sought.requests)
    if (sought.found.join() === world.nearest(place, count).join()) right++
  }
  for (const inhabitant of turned) world.turn(inhabitant, "honest")
  requests.sort((a, b) => a - b)
  return {
    mean: requests.reduce((sum, one) => sum + one, 0) / keys,
    most: requests.at(-1)!,
    p99: requests[Math.ceil(0.99 * keys) - 1]!,
    right: right / keys
  }
}
