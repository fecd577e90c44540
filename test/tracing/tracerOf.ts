import * as Tracer from "effect/Tracer"

/** A tracer that takes note of the names of spans. */
export const tracerOf = (begun: Array<string>): Tracer.Tracer =>
  Tracer.make({
    context: (evaluate) => evaluate(),
    span: (name, parent, context, links, startTime, kind) => {
      begun.push(name)
      const attributes = new Map<string, unknown>()
      return {
        _tag: "Span",
        addLinks: () => {},
        attribute: (key, value) => {
          attributes.set(key, value)
        },
        attributes,
        context,
        end: () => {},
        event: () => {},
        kind,
        links,
        name,
        parent,
        sampled: true,
        spanId: "span",
        status: { _tag: "Started", startTime },
        traceId: "trace"
      }
    }
  })
