/** What a process of nodes is told, and asked, on lines of its standard input; and what it answers on those of its standard output. */
import * as Schema from "effect/Schema"
import { Address, FaultModel, PeerId } from "effect-optimystic/schemas"

/** A node of these: who it is, by the byte of its seed, and how it finds the others. */
export const NodeToStart = Schema.Struct({
  bootstrap: Schema.Array(Schema.String),
  clusterSize: Schema.Int,
  faultModel: FaultModel,
  founders: Schema.Array(PeerId),
  network: Schema.String,
  seed: Schema.Int
})
export type NodeToStart = typeof NodeToStart.Type

/** A node that others can reach. */
export const StartedNode = Schema.Struct({ addresses: Schema.Array(Address), peer: PeerId })
export type StartedNode = typeof StartedNode.Type

/** The network as one node sees it. */
export const NodeView = Schema.Struct({
  active: Schema.Array(PeerId),
  known: Schema.Array(PeerId),
  peer: PeerId,
  /** Known, and found not to answer. */
  unreachable: Schema.Array(PeerId)
})
export type NodeView = typeof NodeView.Type

/** What is asked. */
export const Question = Schema.Union(
  /** One more node: who and where it is, once others can reach it. */
  Schema.TaggedStruct("Start", { node: NodeToStart }),
  /** Tell me once each node of this process knows all of these peers, and that they are active. */
  Schema.TaggedStruct("Know", { peers: Schema.Array(PeerId) }),
  /** For each node, and so many keys: who is closest to each. */
  Schema.TaggedStruct("Closest", { count: Schema.Int, keys: Schema.Int }),
  /** Whom does each node know? */
  Schema.TaggedStruct("Known", {})
)
export type Question = typeof Question.Type

/** What is answered. */
export const Answer = Schema.Union(
  Schema.TaggedStruct("Started", { node: StartedNode }),
  Schema.TaggedStruct("Know", {}),
  /** Of each node, for each key a digest of the peers that are closest. */
  Schema.TaggedStruct("Closest", { nodes: Schema.Array(Schema.Array(Schema.String)) }),
  Schema.TaggedStruct("Known", { nodes: Schema.Array(NodeView) })
)
export type Answer = typeof Answer.Type

/** A question, and the answer to it, bear its number. */
export const QuestionLine = Schema.parseJson(Schema.Struct({ id: Schema.Int, question: Question }))
export const AnswerLine = Schema.parseJson(Schema.Struct({ answer: Answer, id: Schema.Int }))
/** What is said first: all nodes that were to be started can be reached. */
export const StartedLine = Schema.parseJson(Schema.Struct({ nodes: Schema.Array(StartedNode) }))
/** What a process begins with. */
export const NodesToStart = Schema.parseJson(Schema.Array(NodeToStart))
