/** `UPDATE_SCRIPTS=1 npx vitest run test/cluster/Scripts.test.ts` writes down what happens now. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import { commands } from "./script/commands.ts"
import { rewrite } from "./script/Script.ts"
import { fail, Stage } from "./script/Stage.ts"

const directory = new URL("../data/cluster/", import.meta.url)
const isUpdate = process.env.UPDATE_SCRIPTS === "1"

const runner = () => {
  const stage = new Stage()
  return (command: string): ReadonlyArray<string> => {
    const [verb, ...words] = command.split(" ")
    const run = commands[verb!] ?? fail(`there is no command ${verb}`)
    try {
      return run(stage, words)
    } catch (thrown) {
      throw new Error(`> ${command}`, { cause: thrown })
    }
  }
}

describe("The script happens as it is written down", () => {
  it.each(readdirSync(directory).toSorted())("%s", (name) => {
    const file = new URL(name, directory)
    const text = readFileSync(file, "utf8")
    const happened = rewrite(text, runner())
    if (isUpdate) writeFileSync(file, happened)
    else expect(happened).toBe(text)
  })
})
