/** Metrics as the text that Prometheus reads, its exposition format 0.0.4. */
import type * as MetricPair from "effect/MetricPair"
import * as MetricState from "effect/MetricState"
import * as Option from "effect/Option"

/** What the text is, for whoever asks for it. */
export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

type Labels = ReadonlyMap<string, string>

/** A line: the end of its name, labels of its own, and a number. */
interface Sample {
  readonly suffix: string
  readonly labels: Labels
  readonly value: number | bigint
}

/** All lines of one name. */
interface Family {
  readonly type: "counter" | "gauge" | "histogram" | "summary"
  readonly help: string
  readonly lines: Array<string>
  /** Labels that there are lines of already: of one series there may be one. */
  readonly seen: Set<string>
}

const NOT_OF_NAMES = /[^a-zA-Z0-9_:]/g
const NOT_OF_LABELS = /[^a-zA-Z0-9_]/g
const notFirst = (name: string): string => (/^[0-9]/.test(name) || name === "" ? `_${name}` : name)
const nameOf = (name: string): string => notFirst(name.replaceAll(NOT_OF_NAMES, "_"))
const labelOf = (name: string): string => notFirst(name.replaceAll(NOT_OF_LABELS, "_"))

const escapedHelp = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")
const escapedValue = (text: string): string => escapedHelp(text).replaceAll('"', '\\"')

const numberOf = (value: number | bigint): string => {
  if (value === Number.POSITIVE_INFINITY) return "+Inf"
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value)
}

const written = (labels: Labels): string => {
  if (labels.size === 0) return ""
  return `{${[...labels].map(([name, value]) => `${name}="${escapedValue(value)}"`).join(",")}}`
}

const NO_LABELS: Labels = new Map()
const labelled = (name: string, value: string): Labels => new Map([[name, value]])

const histogramOf = ({ buckets, count, sum }: MetricState.MetricState.Histogram): ReadonlyArray<Sample> => [
  ...buckets
    .filter(([bound]) => bound !== Number.POSITIVE_INFINITY)
    .map(([bound, below]) => ({ labels: labelled("le", numberOf(bound)), suffix: "_bucket", value: below })),
  { labels: labelled("le", "+Inf"), suffix: "_bucket", value: count },
  { labels: NO_LABELS, suffix: "_sum", value: sum },
  { labels: NO_LABELS, suffix: "_count", value: count }
]

const summaryOf = ({ count, quantiles, sum }: MetricState.MetricState.Summary): ReadonlyArray<Sample> => [
  ...quantiles.map(([quantile, value]) => ({
    labels: labelled("quantile", numberOf(quantile)),
    suffix: "",
    value: Option.getOrElse(value, () => Number.NaN)
  })),
  { labels: NO_LABELS, suffix: "_sum", value: sum },
  { labels: NO_LABELS, suffix: "_count", value: count }
]

const sample = (value: number | bigint, labels = NO_LABELS): Sample => ({ labels, suffix: "", value })

/** What a metric is to Prometheus, and its lines; undefined for what it has no name for. */
const samplesOf = (state: unknown): readonly [Family["type"], ReadonlyArray<Sample>] | undefined => {
  if (MetricState.isCounterState(state)) return ["counter", [sample(state.count)]]
  if (MetricState.isGaugeState(state)) return ["gauge", [sample(state.value)]]
  if (MetricState.isHistogramState(state)) return ["histogram", histogramOf(state)]
  if (MetricState.isSummaryState(state)) return ["summary", summaryOf(state)]
  if (!MetricState.isFrequencyState(state)) return undefined
  return ["counter", [...state.occurrences].map(([key, count]) => sample(count, labelled("key", key)))]
}

/**
 * The text of metrics, by name. Names that Prometheus cannot read are made such; of two metrics that then have one name, the second is left out
 * where it is of another type, or has the same labels.
 */
export const expositionOf = (pairs: Iterable<MetricPair.MetricPair.Untyped>): string => {
  const families = new Map<string, Family>()
  for (const { metricKey, metricState } of pairs) {
    const found = samplesOf(metricState)
    if (found === undefined) continue
    const [type, samples] = found
    const name = nameOf(metricKey.name)
    const help = Option.getOrElse(metricKey.description, () => "")
    const family: Family = families.get(name) ?? { help, lines: [], seen: new Set(), type }
    families.set(name, family)
    const tags: Labels = new Map(metricKey.tags.map(({ key, value }) => [labelOf(key), value]))
    const series = written(new Map([...tags].sort()))
    if (family.type !== type || family.seen.has(series)) continue
    family.seen.add(series)
    for (const { labels, suffix, value } of samples) {
      family.lines.push(`${name}${suffix}${written(new Map([...tags, ...labels]))} ${numberOf(value)}`)
    }
  }
  return [...families]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, { help, lines, type }]) => {
      const heading = [...(help === "" ? [] : [`# HELP ${name} ${escapedHelp(help)}`]), `# TYPE ${name} ${type}`]
      return `${[...heading, ...lines].join("\n")}\n`
    })
    .join("")
}
