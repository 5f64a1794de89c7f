// Runs the tests with Node's own runner: `npm test` the short ones, `npm test -- --all` all, `npm test -- NAME` the files so named.
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { build } from "esbuild";

const asked = process.argv.slice(2);
const isShort = (name) => name.endsWith(".unit.ts") || name.endsWith(".short.ts");
const isLong = (name) => name.endsWith(".long.ts");
const wanted = (name) => {
  if (asked.includes("--all")) return isShort(name) || isLong(name);
  if (asked.length > 0) return (isShort(name) || isLong(name)) && asked.some((part) => name.includes(part));
  return isShort(name);
};

const files = readdirSync("test").filter(wanted);
rmSync("test/.built", { recursive: true, force: true });
await build({
  entryPoints: files.map((name) => `test/${name}`),
  outdir: "test/.built",
  outExtension: { ".js": ".mjs" },
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node18",
  packages: "external",
  loader: { ".ftl": "text" },
});
const built = files.map((name) => `test/.built/${name.replace(/\.ts$/, ".mjs")}`);
const { status } = spawnSync(process.execPath, ["--test", "--test-concurrency=1", ...built], { stdio: "inherit" });
process.exit(status ?? 1);
