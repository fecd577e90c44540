/**
 * A peer-to-peer, transactional database for Effect programs.
 */
export * as Node from "./layers/Node.ts"
export * as Collections from "./src/collection/Collections.ts"
export * as Diary from "./src/collection/Diary.ts"
export * as Tree from "./src/collection/Tree.ts"
export { Database } from "./src/transaction/Database.ts"
export * as Transaction from "./src/transaction/Transaction.ts"
