/** What nodes of networks and those who talk to them are told: options that several commands share. */
import * as Options from "@effect/cli/Options"
import * as Option from "effect/Option"

/** A text that is not empty. */
export const text = (name: string, shown: string, description: string) =>
  Options.text(name).pipe(
    Options.filterMap((said) => Option.liftPredicate(said, (said) => said !== ""), `--${name} must not be empty`),
    Options.withPseudoName(shown),
    Options.withDescription(description)
  )

/** Texts, each after the name of the option. */
export const several = (name: string, shown: string, description: string) =>
  Options.text(name).pipe(
    Options.withPseudoName(shown),
    Options.withDescription(`${description} May be given several times.`),
    Options.repeated,
    Options.map((all) => (all.length === 0 ? Option.none<ReadonlyArray<string>>() : Option.some(all)))
  )

/** What all of a network have in common. */
export const constants = {
  clusterSize: Options.integer("cluster-size").pipe(
    Options.withPseudoName("K"),
    Options.withDescription("How many nodes keep a collection, the same in all of the network. Without it, 4."),
    Options.optional
  ),
  faultModel: Options.choice("fault-model", ["byzantine", "crash"]).pipe(
    Options.withDescription("What may go wrong with nodes, the same in all of the network. Without it, byzantine."),
    Options.optional
  )
}
