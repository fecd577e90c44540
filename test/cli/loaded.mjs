/** Run before the command: says of every module that is loaded where it is from, on file descriptor 3. */
import { register } from "node:module"

const hooks = `
import { writeSync } from "node:fs"
export const load = async (url, context, next) => {
  writeSync(3, url + "\\n")
  return next(url, context)
}`

register(`data:text/javascript,${encodeURIComponent(hooks)}`)
