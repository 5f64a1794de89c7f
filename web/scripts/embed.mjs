// Leaves what Vite built in `screens/assets`, compressed, with a list that `screens/build.rs` reads. Files whose content did not
// change are not written again, so that an unchanged build compiles nothing.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const web = join(dirname(fileURLToPath(import.meta.url)), "..");
const built = join(web, "dist");
const target = join(web, "../screens/assets");
const MEDIA = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

const files = new Map();
const rows = [];
for (const path of ["index.html", ...readdirSync(join(built, "assets")).map((name) => `assets/${name}`)].sort()) {
  const name = path.replace(/^assets\//, "");
  const media = MEDIA[extname(name)];
  if (!media) throw new Error(`${name}: which media type?`);
  const bytes = readFileSync(join(built, path));
  files.set(name, bytes);
  // Without a time stamp, so that the same source gives the same bytes.
  files.set(`${name}.gz`, gzipSync(bytes, { level: 9 }));
  files.set(`${name}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
  rows.push([name, media, createHash("sha256").update(bytes).digest("hex").slice(0, 32)].join("\t"));
}
files.set("list.tsv", Buffer.from(`${rows.join("\n")}\n`));

mkdirSync(target, { recursive: true });
for (const name of readdirSync(target)) {
  if (name !== ".gitignore" && !files.has(name)) rmSync(join(target, name));
}
for (const [name, bytes] of files) {
  const path = join(target, name);
  if (!existsSync(path) || !readFileSync(path).equals(bytes)) writeFileSync(path, bytes);
}
const kilobytes = (suffix) => [...files].filter(([name]) => name.endsWith(suffix)).reduce((sum, [, bytes]) => sum + bytes.length, 0) / 1000;
console.log(`screens/assets: ${rows.length} files, scripts ${kilobytes(".js.gz").toFixed(1)} kB and styles ${kilobytes(".css.gz").toFixed(1)} kB in gzip`);
