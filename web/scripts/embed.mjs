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
  ".webmanifest": "application/manifest+json",
};

const files = new Map();
const rows = [];
const digest = (bytes) => createHash("sha256").update(bytes).digest("hex").slice(0, 32);

/** Every file that the drivers' page may load, in any language. */
function driverFiles() {
  const manifest = JSON.parse(readFileSync(join(built, ".vite/manifest.json"), "utf8"));
  const seen = new Set();
  const found = new Set();
  const visit = (key) => {
    if (seen.has(key)) return;
    seen.add(key);
    const { file, css = [], assets = [], imports = [], dynamicImports = [] } = manifest[key];
    for (const one of [file, ...css, ...assets]) found.add(`/${one}`);
    for (const other of [...imports, ...dynamicImports]) visit(other);
  };
  visit("driver/index.html");
  return [...found].filter((path) => !path.endsWith(".html")).sort();
}

/** The service worker with the list of what it keeps, and the manifest with the icon's name. */
function driverShell() {
  const list = driverFiles();
  const icon = readdirSync(join(built, "assets")).find((name) => name.endsWith(".svg"));
  const page = readFileSync(join(built, "driver/index.html"));
  const source = readFileSync(join(web, "driver/sw.js"), "utf8");
  const kept = [...new Set([...list, `/assets/${icon}`])];
  // Another page or another worker is another version; the names of the files have their digests.
  const version = digest(Buffer.concat([page, Buffer.from(source), Buffer.from(kept.join("\n"))])).slice(0, 12);
  const worker = source.replace("__VERSION__", version).replace("__FILES__", JSON.stringify(kept));
  const manifest = {
    name: "Comptoir : livraisons",
    short_name: "Livraisons",
    lang: "fr",
    start_url: "/driver/",
    scope: "/driver/",
    display: "standalone",
    background_color: "#f6f5f1",
    theme_color: "#0b6b4f",
    icons: [{ src: `/assets/${icon}`, sizes: "any", type: "image/svg+xml", purpose: "any" }],
  };
  return [
    ["driver.html", page],
    ["driver-sw.js", Buffer.from(worker)],
    ["driver.webmanifest", Buffer.from(JSON.stringify(manifest))],
  ];
}

const pages = ["index.html", ...readdirSync(join(built, "assets")).map((name) => `assets/${name}`)].map((path) => [path.replace(/^assets\//, ""), readFileSync(join(built, path))]);
const office = ["office.html", readFileSync(join(built, "office/index.html"))];
for (const [name, bytes] of [...pages, ...driverShell(), office].sort(([one], [other]) => (one < other ? -1 : 1))) {
  const media = MEDIA[extname(name)];
  if (!media) throw new Error(`${name}: which media type?`);
  files.set(name, bytes);
  // Without a time stamp, so that the same source gives the same bytes.
  files.set(`${name}.gz`, gzipSync(bytes, { level: 9 }));
  files.set(`${name}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
  rows.push([name, media, digest(bytes)].join("\t"));
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
