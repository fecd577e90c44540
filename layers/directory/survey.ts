/** Who of a network is there, found out by asking each. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { Directory, type KnownPeer } from "../../services/Directory.ts"
import { PeerNetwork } from "../../services/PeerNetwork.ts"
import { defaultDirectoryPolicy } from "../../src/directory/DirectoryPolicy.ts"
import { directoryProtocol } from "../../src/directory/protocol.ts"
import { answerWithin } from "../cluster/answerWithin.ts"

/** Peers that are asked at once. */
const CONCURRENCY = 32
/** How often is looked whether all that others know has been heard. */
const LOOK_MILLIS = 50

/**
 * All peers that this one knows, once it has heard what those around it know, or the patience is over: each with whether it answers now.
 * This one itself, where it is no client, answers itself.
 */
export const survey = (
  patienceMillis: number
): Effect.Effect<ReadonlyArray<KnownPeer>, never, Directory | PeerNetwork> =>
  Effect.gen(function* () {
    const directory = yield* Directory
    const network = yield* PeerNetwork
    const { answerMillis } = defaultDirectoryPolicy
    const settled = Effect.repeat(Effect.sleep(LOOK_MILLIS), { until: () => directory.isSettled() })
    yield* Effect.timeoutOption(settled, Duration.millis(patienceMillis))
    const asked = ({ record }: KnownPeer): Effect.Effect<KnownPeer> =>
      record.peer === directory.self
        ? Effect.succeed({ isReachable: true, record })
        : Effect.match(
            answerWithin(answerMillis, record.peer, network.ask(directoryProtocol, record.peer, { _tag: "Ping" })),
            { onFailure: () => ({ isReachable: false, record }), onSuccess: () => ({ isReachable: true, record }) }
          )
    return yield* Effect.forEach(directory.known(), asked, { concurrency: CONCURRENCY })
  })
