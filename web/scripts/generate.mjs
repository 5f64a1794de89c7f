// The types of both APIs, from `api/*.json`, which Rust tests compare with running servers: an API that changed breaks this build
// and not a user's screen. The types are not committed; every build and check makes them first.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import openapi, { astToString } from "openapi-typescript";

mkdirSync(new URL("../src/api/", import.meta.url), { recursive: true });
for (const name of ["node", "central"]) {
  const source = new URL(`../api/${name}.json`, import.meta.url);
  const target = new URL(`../src/api/${name}.ts`, import.meta.url);
  const text = astToString(await openapi(source, { alphabetize: true, silent: true }));
  // An unchanged file keeps its time, so that nothing is built again.
  if (!existsSync(target) || readFileSync(target, "utf8") !== text) writeFileSync(target, text);
}
