// usage: node compose.mjs NAME=FILE …
// Composes the subgraphs by both public composers and says what the supergraph has; exit code 1 and the errors if not.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

// the packages are installed elsewhere: NODE_PATH is for require only
const require = createRequire(join(process.env.NODE_PATH, "x.js"));
const { composeServices } = require("@apollo/composition");
const theguild = require("@theguild/federation-composition");
const { parse } = require("graphql");

const subgraphs = process.argv.slice(2).map((given) => {
  const [name, file] = given.split("=");
  return { name, url: `http://${name}.example/graphql`, typeDefs: parse(readFileSync(file, "utf8")) };
});
const composers = {
  "@apollo/composition": () => composeServices(subgraphs),
  "@theguild/federation-composition": () => theguild.composeServices(subgraphs),
};

for (const [composer, compose] of Object.entries(composers)) {
  const { errors, supergraphSdl } = compose();
  if (errors?.length) {
    console.log(`${composer}: ${errors.length} errors`);
    for (const error of errors) console.log(`  ${error.extensions?.code}: ${error.message}`);
    process.exitCode = 1;
    continue;
  }
  const entities = parse(supergraphSdl).definitions.filter((definition) =>
    definition.directives?.some(
      ({ name, arguments: given }) => name.value === "join__type" && given.some((one) => one.name.value === "key"),
    ),
  );
  console.log(`${composer}: composed; entities: ${entities.map(({ name }) => name.value).sort().join(", ")}`);
}
