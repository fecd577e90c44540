#!/usr/bin/env node
/** The `optimystic` command. Loads what it consists of as compiled the last time, where Node can do that: from 22.1 on. */
import * as Module from "node:module"

const { enableCompileCache } = Module as { readonly enableCompileCache?: () => unknown }
enableCompileCache?.()

await import("./program.ts")
