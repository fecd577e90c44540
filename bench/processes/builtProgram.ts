import { fileURLToPath } from "node:url"

/** Where this repository, or what is built of it, begins. */
const ROOT = new URL("../..", import.meta.url).href

/**
 * The path of a program, by its name, `./node`, as a module sees it. Processes run what is built: of a module that is not, the program that was
 * built last is meant.
 */
export const builtProgram = (module: string, name: string): string => {
  const { href } = new URL(`${name}.js`, module)
  return fileURLToPath(import.meta.url.endsWith(".ts") ? `${ROOT}dist/${href.slice(ROOT.length)}` : href)
}
