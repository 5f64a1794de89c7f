// The types of the node's API, from `api/node.json`, which a Rust test compares with the running server. `--check` fails where
// the committed types are others: an API that changed breaks this build and not a user's screen.
import { readFileSync, writeFileSync } from "node:fs";
import openapi, { astToString } from "openapi-typescript";

const source = new URL("../api/node.json", import.meta.url);
const target = new URL("../src/api/node.ts", import.meta.url);
const head = "// Generated from web/api/node.json by `npm run generate`: do not edit.\n";
const text = head + astToString(await openapi(source, { alphabetize: true, silent: true }));
if (process.argv.includes("--check")) {
  if (readFileSync(target, "utf8") !== text) {
    console.error("web/src/api/node.ts is not what web/api/node.json says: run `npm run generate` in web/");
    process.exit(1);
  }
} else {
  writeFileSync(target, text);
}
