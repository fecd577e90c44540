/**
 * A member of a cluster, as a pure machine: a request in; its answer, what must be durable before that is told, and what is
 * known then. No clock, no chance, no I/O: what it signs follows from what it is asked and what it has promised.
 */
import type { MemberAnswer, MemberRequest } from "../../../schemas/Cluster.ts"
import type { ActionId, PeerId } from "../../../schemas/Ids.ts"
import type { MemberNotice } from "../../../services/ClusterMember.ts"
import type { StorageWrite } from "../../../services/RawStorage.ts"
import { accept } from "./accept.ts"
import { apply } from "./apply.ts"
import { end } from "./end.ts"
import { forget } from "./forget.ts"
import { join } from "./join.ts"
import type { MemberContext } from "./MemberContext.ts"
import { type MemberChange, type MemberPlan, onlyAnswer } from "./MemberPlan.ts"
import { evolve, type MemberState, viewOf } from "./MemberState.ts"
import type { MemberView } from "./MemberView.ts"
import { pend } from "./pend.ts"
import { propose } from "./propose.ts"
import { tellLatest, tellOfTransaction } from "./tell.ts"

/** What happens to a member. */
export type MemberEvent =
  | { readonly _tag: "Request"; readonly from: PeerId; readonly request: MemberRequest }
  /** Its own housekeeping: an ended transaction might be forgotten. Never on anybody's message. */
  | { readonly _tag: "Forget"; readonly action: ActionId }

/** What a member does, once what it writes is durable. */
export type MemberOutput =
  | { readonly _tag: "Answer"; readonly to: PeerId; readonly answer: MemberAnswer }
  | MemberNotice

/** One step: the state after it, what is then told, and what is made durable before. */
export interface MemberStep {
  readonly state: MemberState
  readonly outputs: ReadonlyArray<MemberOutput>
  readonly writes: ReadonlyArray<StorageWrite>
}

/** What a member answers to a request, over a view of what it knows. */
export const decide = (context: MemberContext, view: MemberView, request: MemberRequest): MemberPlan => {
  switch (request._tag) {
    case "Pend":
      return pend(context, view, request)
    case "Join":
      return join(context, view, request)
    case "Propose":
      return propose(context, view, request)
    case "Accept":
      return accept(context, view, request)
    case "Apply":
      return apply(context, view, request)
    case "End":
      return end(context, view, request)
    case "Ask":
      return onlyAnswer(tellOfTransaction(view, request.actionId, request.wantsPayload))
    case "Read":
      return onlyAnswer(tellLatest(view, request.blocks))
  }
}

/** Takes one step. */
export const step = (context: MemberContext, state: MemberState, event: MemberEvent): MemberStep => {
  const view = viewOf(state)
  if (event._tag === "Forget") {
    const { changes, notices, writes } = forget(context, view, event.action)
    return { outputs: notices, state: after(state, changes), writes }
  }
  const { answer, changes, notices, writes } = decide(context, view, event.request)
  const outputs = [{ _tag: "Answer", answer, to: event.from } as const, ...notices]
  return { outputs, state: after(state, changes), writes }
}

const after = (state: MemberState, changes: ReadonlyArray<MemberChange>): MemberState => changes.reduce(evolve, state)
