import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricKey from "effect/MetricKey"
import * as MetricLabel from "effect/MetricLabel"
import * as MetricPair from "effect/MetricPair"
import * as MetricState from "effect/MetricState"
import { CONTENT_TYPE, expositionOf } from "../../layers/monitor/prometheus.ts"
import { parse, samplesIn } from "./exposition.ts"

const counterOf = (
  name: string,
  count: number,
  options: { description?: string; tags?: Record<string, string> } = {}
) => {
  const key = MetricKey.counter(name, { description: options.description })
  const tags = Object.entries(options.tags ?? {}).map(([name, value]) => MetricLabel.make(name, value))
  return MetricPair.unsafeMake(MetricKey.taggedWithLabels(key, tags), MetricState.counter(count))
}

describe("The exposition of metrics", () => {
  it("is of version 0.0.4", () => expect(CONTENT_TYPE).toBe("text/plain; version=0.0.4; charset=utf-8"))

  it("has a heading for each name, and a line for each of its labels", () => {
    const pairs = [
      counterOf("z_total", 3, { description: "What is last", tags: { kind: "a" } }),
      counterOf("z_total", 4, { description: "What is last", tags: { kind: "b" } }),
      MetricPair.unsafeMake(MetricKey.gauge("a_bytes", { description: "What is first" }), MetricState.gauge(-0.5))
    ]
    expect(expositionOf(pairs)).toBe(
      [
        "# HELP a_bytes What is first",
        "# TYPE a_bytes gauge",
        "a_bytes -0.5",
        "# HELP z_total What is last",
        "# TYPE z_total counter",
        'z_total{kind="a"} 3',
        'z_total{kind="b"} 4',
        ""
      ].join("\n")
    )
  })

  it("of a histogram has all bounds, and all that there are under the last, which is none", () => {
    const bounds = MetricBoundaries.fromIterable([1, 2.5])
    const histogram = Metric.histogram("exposition_test_seconds", bounds, "Times").pipe(Metric.tagged("of", "x"))
    for (const value of [0.5, 1, 2, 70]) histogram.unsafeUpdate(value, [])
    const pairs = Metric.unsafeSnapshot().filter(({ metricKey: { name } }) => name === "exposition_test_seconds")
    expect([...samplesIn(expositionOf(pairs))]).toEqual([
      ['exposition_test_seconds_bucket{of="x",le="1"}', 2],
      ['exposition_test_seconds_bucket{of="x",le="2.5"}', 3],
      ['exposition_test_seconds_bucket{of="x",le="+Inf"}', 4],
      ['exposition_test_seconds_sum{of="x"}', 73.5],
      ['exposition_test_seconds_count{of="x"}', 4]
    ])
  })

  it.effect("of all kinds of metric is read by a strict reader, bigints, frequencies and summaries included", () =>
    Effect.gen(function* () {
      const summary = Metric.summary({
        error: 0.01,
        maxAge: "1 minute",
        maxSize: 10,
        name: "exposition_test_summary",
        quantiles: [0.5, 0.9]
      })
      yield* Metric.update(summary, 7)
      yield* Metric.update(Metric.frequency("exposition.test frequency"), 'a "word"\\\n')
      yield* Metric.incrementBy(Metric.counter("exposition_test_big", { bigint: true }), 9_007_199_254_740_993n)
      yield* Metric.set(Metric.gauge("exposition_test_infinite"), Number.NEGATIVE_INFINITY)
      const text = expositionOf(yield* Metric.snapshot)
      expect(parse(text).get("exposition_test_summary")?.type).toBe("summary")
      expect(samplesIn(text).get('exposition_test_frequency{key="a \\"word\\"\\\\\\n"}')).toBe(1)
      expect(text).toContain("exposition_test_big 9007199254740993\n")
      expect(samplesIn(text).get("exposition_test_infinite")).toBe(Number.NEGATIVE_INFINITY)
    })
  )

  it("has no second series of a name with the same labels, and no second type of a name", () => {
    const pairs = [
      counterOf("same", 1, { description: "one" }),
      counterOf("same", 2, { description: "other" }),
      MetricPair.unsafeMake(MetricKey.gauge("same"), MetricState.gauge(3))
    ]
    expect(expositionOf(pairs)).toBe("# HELP same one\n# TYPE same counter\nsame 1\n")
  })

  it("can be read whatever names, labels and descriptions are", () =>
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(
          FastCheck.record({
            description: FastCheck.string({ unit: "binary" }),
            name: FastCheck.string({ unit: "binary" }),
            tags: FastCheck.dictionary(FastCheck.string({ unit: "binary" }), FastCheck.string({ unit: "binary" }))
          })
        ),
        (metrics) => {
          const text = expositionOf(
            metrics.map(({ description, name, tags }) => counterOf(name, 1, { description, tags }))
          )
          for (const { type } of parse(text).values()) expect(type).toBe("counter")
        }
      )
    ))
})
