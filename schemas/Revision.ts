import * as Schema from "effect/Schema"
import { ActionId, Rev } from "./Ids.ts"
import { After, Base } from "./Manifest.ts"

/** One entry of a block's revision index. Never dropped, not even when the block is deleted. Protocol §4. */
export const Revision = Schema.Struct({ actionId: ActionId, after: After, base: Base, rev: Rev })
export type Revision = typeof Revision.Type
