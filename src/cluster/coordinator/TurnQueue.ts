/**
 * Who is next among those who compete for a collection. Its open tail is what they compete for; that moves as the log grows, so
 * the queue goes by the collection. Advice: nothing is safer for it, and nothing less so. Protocol §4, *Conflict*.
 */
import type { PeerId } from "../../../schemas/Ids.ts"
import type { Ticket } from "../../../schemas/Repo.ts"

/** Somebody who wants a turn. */
export interface TurnTicket {
  readonly id: Ticket
  readonly peer: PeerId
  /** How often it has tried so far, as it says itself. */
  readonly attempts: number
}

/** Whose turn it is, and those who wait for theirs: in order of their attempts, then as they came. */
export interface TurnQueue {
  readonly holder: TurnTicket | undefined
  readonly waiting: ReadonlyArray<TurnTicket>
}

/** How many may wait. */
export interface TurnLimits {
  readonly maxWaiting: number
  readonly maxWaitingPerPeer: number
}

/** Nobody is there. */
export const emptyTurns: TurnQueue = { holder: undefined, waiting: [] }

/** Takes a place in the queue; undefined where there is none left. */
export const enter = (
  { maxWaiting, maxWaitingPerPeer }: TurnLimits,
  queue: TurnQueue,
  ticket: TurnTicket
): TurnQueue | undefined => {
  const { holder, waiting } = queue
  if (holder === undefined) return { holder: ticket, waiting }
  const isOfPeer = ({ peer }: TurnTicket) => peer === ticket.peer
  if (waiting.length >= maxWaiting || waiting.filter(isOfPeer).length >= maxWaitingPerPeer) return undefined
  const younger = waiting.findIndex(({ attempts }) => attempts < ticket.attempts)
  return { holder, waiting: waiting.toSpliced(younger < 0 ? waiting.length : younger, 0, ticket) }
}

/** Gives up a turn, or the place of one that still waits; whoever else asks for that changes nothing. */
export const leave = (queue: TurnQueue, peer: PeerId, id: Ticket): TurnQueue => {
  const isIt = (ticket: TurnTicket) => ticket.id === id && ticket.peer === peer
  if (queue.holder !== undefined && isIt(queue.holder)) return next(queue)
  return without(queue, isIt)
}

/** Those who wait, but for some, who do so in vain. */
export const without = (queue: TurnQueue, isOut: (ticket: TurnTicket) => boolean): TurnQueue =>
  queue.waiting.some(isOut) ? { ...queue, waiting: queue.waiting.filter((ticket) => !isOut(ticket)) } : queue

/** A transaction of a peer was committed: if it is that peer's turn, this was it. */
export const committed = (queue: TurnQueue, author: PeerId): TurnQueue =>
  queue.holder?.peer === author ? next(queue) : queue

const next = ({ waiting: [holder, ...waiting] }: TurnQueue): TurnQueue => ({ holder, waiting })
