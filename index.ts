/**
 * A peer-to-peer, transactional database for Effect programs.
 */
export * as Node from "./layers/Node.ts"
export * as Block from "./src/block/UserBlock.ts"
export * as Chain from "./src/collection/ChainCollection.ts"
export * as Collections from "./src/collection/Collections.ts"
export * as Diary from "./src/collection/Diary.ts"
export * as Tree from "./src/collection/Tree.ts"
export * as Collection from "./src/collection/UserCollection.ts"
export { Database } from "./src/transaction/Database.ts"
export * as Transaction from "./src/transaction/Transaction.ts"
