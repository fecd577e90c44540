/** What must not get out with a commit. */
import { matches, type Rule } from "./Rule.ts"

/** Folders of one machine. */
const MACHINE_PATH = /(?<![\w./-])(?:file:\/\/)?\/(?:home|Users|root|work)\/[\w.-]+/g

const machinePaths: Rule = {
  check: ({ texts }) =>
    texts.flatMap(({ path, text }) => matches(path, text, MACHINE_PATH, ([found]) => `names ${found}`)),
  name: "no file names a folder of somebody's machine"
}

/** Where packages come from is the business of whoever installs them. */
const REGISTRY =
  /\bhttps?:\/\/[\w.:@-]*(?:registry|npm|artifactory|nexus|verdaccio|jfrog)[\w.-]*\.[a-z]+(?=[:/"\s]|$)/gi
const RESOLVED = /"resolved"\s*:\s*"[a-z+]+:\/\/[^"]*"/g

const registries: Rule = {
  check: ({ texts }) =>
    texts.flatMap(({ path, text }) => [
      ...matches(path, text, REGISTRY, ([found]) => `names the package registry ${found}`),
      ...(path.endsWith("package-lock.json") ? matches(path, text, RESOLVED, ([found]) => `has ${found}`) : [])
    ]),
  name: "no file names a package registry, the lock file included"
}

/** Rules about what a commit would tell. */
export const leakRules = { machinePaths, registries } satisfies Record<string, Rule>
