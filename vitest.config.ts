import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: /^effect-optimystic$/, replacement: here("./index.ts") },
      { find: /^effect-optimystic\/libp2p$/, replacement: here("./layers/network/libp2p/index.ts") },
      { find: /^effect-optimystic\/testing$/, replacement: here("./test/conformance/index.ts") },
      { find: /^effect-optimystic\/(.+)$/, replacement: here("./$1/index.ts") }
    ]
  },
  test: {
    include: ["test/**/*.test.ts"],
    // Two cores: process tests must not starve each other.
    maxWorkers: 2,
    minWorkers: 1,
    testTimeout: 60_000,
    coverage: { include: ["src/cluster/**"], reporter: ["text"] }
  }
})
