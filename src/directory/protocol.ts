import { DirectoryAnswer, DirectoryQuestion } from "../../schemas/Directory.ts"
import type { PeerProtocol } from "../../services/PeerNetwork.ts"

/** Most that a message may be: {@link MAX_RECORDS} records with all the addresses and peers that fit into one. */
const MAX_BYTES = 262_144

/** What peers ask each other about peers. */
export const directoryProtocol: PeerProtocol<DirectoryQuestion, DirectoryAnswer> = {
  answer: DirectoryAnswer as PeerProtocol<DirectoryQuestion, DirectoryAnswer>["answer"],
  maxAnswerBytes: MAX_BYTES,
  maxQuestionBytes: MAX_BYTES,
  name: "directory",
  question: DirectoryQuestion as PeerProtocol<DirectoryQuestion, DirectoryAnswer>["question"]
}
