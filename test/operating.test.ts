/** The page on operating is of what there is: nothing is missing, and nothing is invented. */
import { readdirSync, readFileSync } from "node:fs"
import * as Duration from "effect/Duration"
import * as Metric from "effect/Metric"
import { describe, expect, it } from "vitest"
import { defaultActivationPolicy } from "../layers/cluster/Activation.ts"
import { defaultLookupPolicy } from "../layers/cluster/ClusterIndex.ts"
import { defaultDrivePolicy } from "../layers/cluster/DrivePolicy.ts"
import { defaultReadPolicy } from "../layers/cluster/ReadPolicy.ts"
import { defaultTurnPolicy } from "../layers/cluster/TurnPolicy.ts"
import type { NetworkNodePolicy } from "../layers/NetworkNodeOptions.ts"
import { defaultBackOff } from "../layers/network/libp2p/BackOff.ts"
import "../layers/network/libp2p/NetworkNode.ts"
import { defaultWireLimits } from "../layers/network/libp2p/WireLimits.ts"
import { defaultRepoWriterOptions } from "../layers/repo/RepoWriter.ts"
import * as LevelStorage from "../layers/storage/LevelStorage.ts"
import { defaultMemberPolicy } from "../src/cluster/member/MemberContext.ts"
import { defaultDirectoryPolicy } from "../src/directory/DirectoryPolicy.ts"
import { defaultTransactionPolicy } from "../src/transaction/Database.ts"

const root = new URL("../", import.meta.url)
const page = readFileSync(new URL("docs/OPERATING.md", root), "utf8")

/** The part of the page under a heading. */
const under = (heading: string): string =>
  page.split(/\n(?=#{2,3} )/).find((part) => part.startsWith(`${heading}\n`)) ?? ""

/** The cells of the rows of a table whose first cell is code. */
const rowsOf = (part: string): ReadonlyArray<ReadonlyArray<string>> =>
  part
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) =>
      line
        .split("|")
        .map((cell) => cell.trim())
        .slice(1, -1)
    )

const codeIn = (cell: string): ReadonlyArray<string> => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!)

const DEFAULTS: { readonly [Name in keyof NetworkNodePolicy]: object } = {
  activation: defaultActivationPolicy,
  backOff: { backOff: defaultBackOff },
  directory: defaultDirectoryPolicy,
  level: LevelStorage.defaultOptions,
  member: defaultMemberPolicy,
  patience: { ...defaultDrivePolicy, ...defaultReadPolicy, ...defaultLookupPolicy, ...defaultTurnPolicy },
  storage: defaultRepoWriterOptions,
  transactions: defaultTransactionPolicy,
  wire: defaultWireLimits
}

const KIBI = 1_024
const MEBI = KIBI * KIBI
const isPlain = (value: unknown): value is object =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype

/** Fields with their defaults, those of records in records by path. */
const fieldsOf = (record: object, path = ""): ReadonlyArray<readonly [string, unknown]> =>
  Object.entries(record).flatMap(([name, value]) =>
    isPlain(value) ? fieldsOf(value, `${path}${name}.`) : [[path + name, value] as const]
  )

/** A default as the page writes it; undefined where it is no number, and described. */
const written = (name: string, value: unknown): string | undefined => {
  if (Duration.isDuration(value)) return `${Duration.toSeconds(value)} s`
  if (typeof value === "boolean") return String(value)
  if (typeof value !== "number") return undefined
  const isSize = /Bytes|Length/.test(name)
  if (isSize && value % MEBI === 0) return `${value / MEBI} MiB`
  return isSize && value % KIBI === 0 ? `${value / KIBI} KiB` : value.toLocaleString("en-US")
}

describe("The policy on the page", () => {
  it.each(Object.entries(DEFAULTS))("has every field of %s with its default, and no other", (name, defaults) => {
    const rows = rowsOf(under(`### \`policy.${name}\``))
    const fields = fieldsOf(defaults)
    expect(rows.map(([field]) => codeIn(field!)[0]).toSorted()).toEqual(fields.map(([field]) => field).toSorted())
    for (const [field, value] of fields) {
      const [, shown, meaning] = rows.find(([cell]) => cell === `\`${field}\``)!
      expect([field, shown]).toEqual([field, written(field, value) ?? shown])
      expect(meaning).not.toBe("")
    }
  })
})

describe("The metrics on the page", () => {
  const rows = rowsOf(under("## Metrics") + page.slice(page.indexOf("### Transactions"), page.indexOf("## Spans")))
  const counted = Metric.unsafeSnapshot().filter(({ metricKey: { name } }) => name.startsWith("optimystic_"))

  it("are those that a node has, by name", () => {
    const names = new Set(counted.map(({ metricKey: { name } }) => name))
    expect(rows.map(([name]) => codeIn(name!)[0]).toSorted()).toEqual([...names].toSorted())
  })

  it.each(rows)("%s has the type and the labels that it is said to have", (name, type, labels) => {
    const own = counted.filter(({ metricKey }) => `\`${metricKey.name}\`` === name)
    const kind = new Set(
      own.map(({ metricKey }) => metricKey.keyType.constructor.name.replace("KeyType", "").toLowerCase())
    )
    expect([...kind]).toEqual([type!.split(",")[0]])
    const tags = own.flatMap(({ metricKey }) => metricKey.tags)
    const [label, ...values] = codeIn(labels!)
    expect(new Set(tags.map(({ key }) => key))).toEqual(new Set(label === undefined ? [] : [label]))
    expect(tags.map(({ value }) => value).toSorted()).toEqual(values.toSorted())
  })
})

describe("The spans on the page", () => {
  const NAMED = /(?:Effect\.fn|traced)\(\s*"([^"]+)"/g

  it("are those that the code has", () => {
    const files = ["src", "layers"].flatMap((folder) =>
      readdirSync(new URL(folder, root), { recursive: true, encoding: "utf8" })
        .filter((path) => path.endsWith(".ts"))
        .map((path) => readFileSync(new URL(`${folder}/${path}`, root), "utf8"))
    )
    const names = files.flatMap((text) => [...text.matchAll(NAMED)].map(([, name]) => name!))
    const shown = rowsOf(under("## Spans")).flatMap(([name]) => codeIn(name!))
    expect(shown.toSorted()).toEqual([...new Set(names)].toSorted())
  })
})
