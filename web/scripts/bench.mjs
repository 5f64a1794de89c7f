// Prints how fast the till feels on this machine: `npm run bench`. Figures are for people; no test asserts a time.
import { spawnSync } from "node:child_process";
import { build } from "esbuild";

await build({
  entryPoints: ["test/till.bench.ts"],
  outdir: "test/.built",
  outExtension: { ".js": ".mjs" },
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node18",
  packages: "external",
  loader: { ".ftl": "text" },
});
const { status } = spawnSync(process.execPath, ["test/.built/till.bench.mjs"], { stdio: "inherit" });
process.exit(status ?? 1);
