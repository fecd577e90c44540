/**
 * What is counted and measured, as plain functions: a count on the way of every message may cost some nanoseconds, not the fiber and the
 * table of labels that an effect with tags takes. All metrics are of the process, over all nodes in it.
 */
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricLabel from "effect/MetricLabel"

/** Takes a value, of a metric without labels. */
export type Observe = (value: number) => void

/** Takes a value, of a metric with one label. */
export type ObserveBy<Value extends string> = (label: Value, value: number) => void

/** A label with all values that it can have: what a peer sends is never one of them. */
export interface Label<Value extends string> {
  readonly name: string
  readonly values: ReadonlyArray<Value>
}

/** Something that goes up and down. */
export interface Gauge {
  readonly set: Observe
  readonly add: Observe
}

type Tags = ReadonlyArray<MetricLabel.MetricLabel>

const NO_TAGS: Tags = []

/** Effect finds a metric by the identity of its tags at once, and by their contents slowly. */
const tagsOf = <Value extends string>({ name, values }: Label<Value>): ReadonlyMap<Value, Tags> =>
  new Map(values.map((value) => [value, [MetricLabel.make(name, value)]]))

/** How often something happened, or how much of it there was. Shown from the start, as 0. */
export const counter = (name: string, description: string): Observe => {
  const metric = Metric.counter(name, { description, incremental: true })
  metric.unsafeUpdate(0, NO_TAGS)
  return (value) => metric.unsafeUpdate(value, NO_TAGS)
}

/** The same, by a label. */
export const counterBy = <Value extends string>(
  name: string,
  label: Label<Value>,
  description: string
): ObserveBy<Value> => {
  const metric = Metric.counter(name, { description, incremental: true })
  const tags = tagsOf(label)
  for (const known of tags.values()) metric.unsafeUpdate(0, known)
  return (value, by) => metric.unsafeUpdate(by, tags.get(value)!)
}

/** How much of something there is. */
export const gauge = (name: string, description: string): Gauge => {
  const metric = Metric.gauge(name, { description })
  metric.unsafeUpdate(0, NO_TAGS)
  return {
    add: (value) => metric.unsafeModify(value, NO_TAGS),
    set: (value) => metric.unsafeUpdate(value, NO_TAGS)
  }
}

/** How values are distributed, by the bounds that they do not exceed. */
export const histogram = (name: string, bounds: ReadonlyArray<number>, description: string): Observe => {
  const metric = Metric.histogram(name, MetricBoundaries.fromIterable(bounds), description)
  metric.unsafeValue(NO_TAGS)
  return (value) => metric.unsafeUpdate(value, NO_TAGS)
}

/** The same, by a label. */
export const histogramBy = <Value extends string>(
  name: string,
  label: Label<Value>,
  bounds: ReadonlyArray<number>,
  description: string
): ObserveBy<Value> => {
  const metric = Metric.histogram(name, MetricBoundaries.fromIterable(bounds), description)
  const tags = tagsOf(label)
  for (const known of tags.values()) metric.unsafeValue(known)
  return (label, value) => metric.unsafeUpdate(value, tags.get(label)!)
}

/** Bounds for times from half a millisecond to ten seconds, in seconds. */
export const SECONDS: ReadonlyArray<number> = [
  0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10
]

const NANOS_PER_SECOND = 1e9

/** From one reading of a clock to another, both in nanoseconds, in seconds. */
export const secondsBetween = (begun: bigint, ended: bigint): number => Number(ended - begun) / NANOS_PER_SECOND
