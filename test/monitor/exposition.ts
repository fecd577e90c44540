/** What Prometheus reads of a text in its exposition format 0.0.4: everything, or nothing where a line breaks a rule. */
import * as Metric from "effect/Metric"
import { expositionOf } from "../../layers/monitor/prometheus.ts"

export interface Family {
  readonly help: string | undefined
  readonly type: string
  /** Numbers by series, `name{label="value"}`, labels as they stand. */
  readonly samples: Map<string, number>
}

const HELP = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) ((?:[^\\\n]|\\\\|\\n)*)$/
const TYPE = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary|untyped)$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"/y
const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/
const VALUE = /^(?:[+-]Inf|NaN|[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)$/

const refuse = (line: string, why: string): never => {
  throw new Error(`${why}: ${line}`)
}

const numberIn = (text: string, line: string): number => {
  if (!VALUE.test(text)) refuse(line, "no number")
  return Number(text.replace("Inf", "Infinity"))
}

/** The labels of a sample, and where they end. */
const labelsIn = (line: string, from: number): readonly [ReadonlyMap<string, string>, number] => {
  const labels = new Map<string, string>()
  if (line[from] !== "{") return [labels, from]
  let at = from + 1
  while (line[at] !== "}") {
    LABEL.lastIndex = at
    const [whole, name, value] = LABEL.exec(line) ?? refuse(line, "no label")
    if (labels.has(name!)) refuse(line, "a label twice")
    labels.set(name!, value!)
    at += whole!.length
    if (line[at] === ",") at++
    else if (line[at] !== "}") refuse(line, "no end of labels")
  }
  return [labels, at + 1]
}

const SUFFIXES: Readonly<Record<string, ReadonlyArray<string>>> = {
  histogram: ["_bucket", "_sum", "_count"],
  summary: ["", "_sum", "_count"]
}

/** Buckets of each series grow, and the last, without bound, is all there are. */
const checkHistogram = (name: string, { samples }: Family): void => {
  const last = new Map<string, readonly [bound: number, below: number]>()
  for (const [series, below] of samples) {
    if (!series.startsWith(`${name}_bucket`)) continue
    const [, bound] = /le="([^"]*)"/.exec(series) ?? refuse(series, "a bucket without bound")
    const rest = series
      .replace(/,?le="[^"]*"/, "")
      .replace("_bucket", "_count")
      .replace("{}", "")
    const [bound0, below0] = last.get(rest) ?? [Number.NEGATIVE_INFINITY, 0]
    const now = numberIn(bound!, series)
    if (now <= bound0 || below < below0) refuse(series, "a bucket that is not above the one before")
    last.set(rest, [now, below])
  }
  for (const [count, [bound, below]] of last) {
    if (bound !== Number.POSITIVE_INFINITY || samples.get(count) !== below) refuse(count, "buckets are not all")
  }
}

/** The families of a text, by name. */
export const parse = (text: string): ReadonlyMap<string, Family> => {
  const families = new Map<string, Family>()
  const helps = new Map<string, string>()
  let current: readonly [string, Family] | undefined
  if (text !== "" && !text.endsWith("\n")) refuse(text.slice(-80), "no line feed at the end")
  for (const line of text.split("\n").slice(0, -1)) {
    const help = HELP.exec(line)
    const type = TYPE.exec(line)
    if (help !== null) {
      if (helps.has(help[1]!)) refuse(line, "help twice")
      helps.set(help[1]!, help[2]!)
    } else if (type !== null) {
      const [, name, kind] = type as unknown as [string, string, string]
      if (families.has(name)) refuse(line, "a family twice")
      current = [name, { help: helps.get(name), samples: new Map(), type: kind }]
      families.set(...current)
    } else {
      const [sample] = NAME.exec(line) ?? refuse(line, "no name")
      const [name, { samples, type }] = current ?? refuse(line, "no type before it")
      if (!(SUFFIXES[type] ?? [""]).some((suffix) => sample === name + suffix)) refuse(line, `not of ${name}`)
      const [, end] = labelsIn(line, sample!.length)
      const series = line.slice(0, end)
      if (samples.has(series)) refuse(line, "a series twice")
      if (line[end] !== " ") refuse(line, "no space before the number")
      samples.set(series, numberIn(line.slice(end + 1), line))
    }
  }
  for (const [name, family] of families) if (family.type === "histogram") checkHistogram(name, family)
  return families
}

/** All numbers of a text, by series. */
export const samplesIn = (text: string): ReadonlyMap<string, number> =>
  new Map([...parse(text).values()].flatMap(({ samples }) => [...samples]))

/** The numbers of this process from now on: what a series has grown by. */
export const fromNow = (): ((series: string) => number) => {
  const now = () => samplesIn(expositionOf(Metric.unsafeSnapshot()))
  const before = now()
  return (series) => (now().get(series) ?? Number.NaN) - (before.get(series) ?? 0)
}
