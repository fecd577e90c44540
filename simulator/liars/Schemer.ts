import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { MemberRequest } from "../../schemas/Cluster.ts"
import { PeerUnreachable } from "../../schemas/Errors.ts"
import type { ActionId, PeerId } from "../../schemas/Ids.ts"
import type { Payload, SignedManifest } from "../../schemas/Manifest.ts"
import { actionId } from "../../src/encoding/BlockIds.ts"
import { campaign, type Making } from "./Campaign.ts"
import type { Liar, LiarContext } from "./Liar.ts"
import { BALLOTS, Plot } from "./Plot.ts"

/** It plots about its own transactions one time out of so many, about those of others, and about those that others recover. */
const OUT_OF = { others: 6, own: 2, recovered: 2 } as const
/** Plots of one life of its node, at most. */
const MAX_PLOTS = 32
/** So many until the next ballot begins. */
const MOVES = 12
/** The longest pause between two moves, in milliseconds. */
const MAX_PAUSE_MILLIS = 4

/** Each with an even chance. */
const some = ({ prng }: LiarContext, peers: ReadonlyArray<PeerId>): ReadonlyArray<PeerId> =>
  peers.filter(() => prng.nextInt(2) === 0)

/** Drives a transaction towards all of its ends at once, in random steps or step by step; then tells some members of one, and some of another. */
const pursue = (context: LiarContext, plot: Plot): Effect.Effect<void> => {
  const { prng, send } = context
  const make: Making = (move, peers) =>
    Effect.forEach(
      peers,
      (peer) => {
        const told = Effect.flatMap(send(peer, move(peer)), (answer) => Effect.sync(() => plot.learn(answer)))
        return Effect.forkDaemon(Effect.ignore(told))
      },
      { discard: true }
    )
  const pause = Effect.suspend(() => Effect.sleep(Duration.millis(1 + prng.nextInt(MAX_PAUSE_MILLIS))))
  const move = Effect.suspend(() => make(prng.pick(plot.moves), some(context, plot.victims)))
  const finish = Effect.suspend(() => {
    const { ends } = plot
    // To each an end of its own, where there are several; else some are told, and some are not.
    const told = ends.length > 1 ? plot.victims : some(context, plot.victims)
    return Effect.forEach(ends.length === 0 ? [] : told, (peer, i) => make(ends[i % ends.length]!, [peer]), {
      discard: true
    })
  })
  const ballot = Effect.zipRight(
    Effect.repeatN(Effect.zipRight(pause, move), MOVES - 1),
    Effect.sync(() => plot.raise())
  )
  const atRandom = Effect.repeatN(ballot, BALLOTS - 1)
  const whole = plot.isCampaign ? campaign(context, plot, make) : atRandom
  return whole.pipe(Effect.zipRight(pause), Effect.zipRight(finish))
}

/** A coordinator that does to a transaction all that the signatures it can get allow, and tells different members different ends. */
export const liar: Liar = (context) => {
  const { hasher, lied, prng } = context
  const plots = new Map<ActionId, Plot | "honest">()
  let begun = 0

  /** Whether there is a plot about a transaction: that is settled when it is first met. */
  const plotAbout = (signed: SignedManifest, payload: Payload, outOf: number): Effect.Effect<boolean> =>
    Effect.suspend(() => {
      const action = actionId(hasher, signed.manifest)
      const known = plots.get(action)
      if (known !== undefined) {
        if (known !== "honest") known.addPayload(payload)
        return Effect.succeed(known !== "honest")
      }
      if (begun >= MAX_PLOTS || prng.nextInt(outOf) > 0) {
        plots.set(action, "honest")
        return Effect.succeed(false)
      }
      begun++
      const plot = new Plot(context, action, signed)
      plot.addPayload(payload)
      plots.set(action, plot)
      lied("liar-scheme")
      return Effect.as(Effect.forkDaemon(pursue(context, plot)), true)
    })

  const isPlotted = (action: ActionId | undefined): boolean =>
    action !== undefined && (plots.get(action) ?? "honest") !== "honest"

  const noticed = (request: MemberRequest): Effect.Effect<unknown> => {
    switch (request._tag) {
      case "Pend":
        return plotAbout(request.signed, request.payload, OUT_OF.others)
      case "Join":
        return plotAbout(request.signed, {}, OUT_OF.recovered)
      default:
        return Effect.void
    }
  }

  return {
    answer: (request, honest) => Effect.zipRight(noticed(request), honest),
    ask: (to, request, send) => {
      const plot =
        request._tag === "Pend"
          ? plotAbout(request.signed, request.payload, OUT_OF.own)
          : Effect.succeed(isPlotted(aboutIn(hasher, request)))
      // What its node does by the rules would only be in the way.
      return Effect.flatMap(plot, (isPlotted) =>
        isPlotted ? new PeerUnreachable({ peer: to, reason: "it hears of it another way" }) : send(to, request)
      )
    }
  }
}

/** Which transaction a request is about. */
const aboutIn = (hasher: LiarContext["hasher"], request: MemberRequest): ActionId | undefined => {
  switch (request._tag) {
    case "Read":
      return undefined
    case "Pend":
    case "Join":
    case "Propose":
      return actionId(hasher, request.signed.manifest)
    default:
      return request.actionId
  }
}
