/** What peers of a cluster ask each other, as protocols of the network. */
import { MemberAnswer, MemberRequest } from "../../schemas/Cluster.ts"
import { ListingAnswer, ListingQuestion } from "../../schemas/Listing.ts"
import { RepoAnswer, RepoQuestion } from "../../schemas/Repo.ts"
import type { PeerProtocol } from "../../services/PeerNetwork.ts"

const KIBIBYTE = 1_024
const MEBIBYTE = 1_024 * KIBIBYTE

/** Requests to members: a payload is the largest part of a question, proofs of what superseded a base of an answer. */
export const memberProtocol: PeerProtocol<MemberRequest, MemberAnswer> = {
  answer: MemberAnswer as PeerProtocol<MemberRequest, MemberAnswer>["answer"],
  maxAnswerBytes: 32 * MEBIBYTE,
  maxQuestionBytes: 32 * MEBIBYTE,
  name: "cluster",
  question: MemberRequest as PeerProtocol<MemberRequest, MemberAnswer>["question"]
}

/** Questions about the blocks that a peer keeps. */
export const repoProtocol: PeerProtocol<RepoQuestion, RepoAnswer> = {
  answer: RepoAnswer as PeerProtocol<RepoQuestion, RepoAnswer>["answer"],
  maxAnswerBytes: 32 * MEBIBYTE,
  maxQuestionBytes: MEBIBYTE,
  name: "repo",
  question: RepoQuestion as PeerProtocol<RepoQuestion, RepoAnswer>["question"]
}

/** What a client asks about the collections that a peer keeps. */
export const listingProtocol: PeerProtocol<ListingQuestion, ListingAnswer> = {
  answer: ListingAnswer as PeerProtocol<ListingQuestion, ListingAnswer>["answer"],
  maxAnswerBytes: MEBIBYTE,
  maxQuestionBytes: KIBIBYTE,
  name: "listing",
  question: ListingQuestion as PeerProtocol<ListingQuestion, ListingAnswer>["question"]
}
