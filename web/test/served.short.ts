// How the screens are served, and how large they are.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { TestNode } from "./node-process";

/** The scripts of a first visit: of a till, of a driver's phone, and of head office. */
const FIRST_BYTES_MAX = { "index.html": 60_000, "driver.html": 60_000, "office.html": 100_000 };
const EVERYTHING_BYTES_MAX = 180_000;
/** Reads codes of a camera: loaded when one opens, so it has a limit of its own. */
const DECODER = "qr-decoder-";
const DECODER_BYTES_MAX = 20_000;

const assets = "../screens/assets";
let node: TestNode;
before(async () => {
  node = await TestNode.start();
});
after(() => node?.stop());

test("the scripts of a first visit are at most 60 kB in gzip, at head office 100, and of all screens together 180", (context) => {
  const size = (name: string): number => readFileSync(`${assets}/${name}.gz`).length;
  const scripts = readdirSync(assets).filter((name) => name.endsWith(".js") && name !== "driver-sw.js");
  const sum = (names: string[]): number => names.reduce((bytes, name) => bytes + size(name), 0);
  for (const [page, bytesMax] of Object.entries(FIRST_BYTES_MAX)) {
    const first = [...readFileSync(`${assets}/${page}`, "utf8").matchAll(/\/assets\/([^"]+\.js)/g)].map((match) => match[1]!);
    assert.ok(first.length > 0, page);
    const bytes = sum([...first, ...scripts.filter((name) => name.startsWith("fr-"))]);
    context.diagnostic(`scripts of ${page} in gzip: ${bytes} bytes`);
    assert.ok(bytes <= bytesMax, `${page}: ${bytes}`);
    assert.ok(!first.some((name) => name.startsWith(DECODER)), page);
  }
  const decoder = scripts.filter((name) => name.startsWith(DECODER));
  assert.equal(decoder.length, 1);
  const [all, ofDecoder] = [sum(scripts) - sum(decoder), sum(decoder)];
  context.diagnostic(`all in gzip: ${all} bytes, and the decoder ${ofDecoder}`);
  assert.ok(all <= EVERYTHING_BYTES_MAX, `${all}`);
  assert.ok(ofDecoder <= DECODER_BYTES_MAX, `${ofDecoder}`);
});

test("the driver's worker keeps every file that its page may load, and its page is checked at every visit", async () => {
  const worker = readFileSync(`${assets}/driver-sw.js`, "utf8");
  const list = JSON.parse(/const FILES = (\[.*\]);/.exec(worker)![1]!) as string[];
  const kept = list.map((path) => path.replace("/assets/", ""));
  const page = readFileSync(`${assets}/driver.html`, "utf8");
  for (const [, name] of page.matchAll(/\/assets\/([^"]+)"/g)) assert.ok(kept.includes(name!), name);
  for (const part of ["qr-decoder-", "fr-", "en-"]) assert.ok(kept.some((name) => name.startsWith(part)), part);
  for (const name of kept) assert.ok(readdirSync(assets).includes(name), name);
  assert.ok(!kept.some((name) => name.startsWith("shop-")), "the till stays in the shop");
  assert.match(worker, /const VERSION = "[0-9a-f]{12}"/);
});

test("the page is checked at every visit, and what it loads stays for good", async () => {
  const page = await fetch(`${node.url}/`, { headers: { "accept-encoding": "identity" } });
  const html = await page.text();
  assert.equal(page.headers.get("cache-control"), "no-cache");
  const tag = page.headers.get("etag")!;
  const again = await fetch(`${node.url}/`, { headers: { "accept-encoding": "identity", "if-none-match": tag } });
  assert.equal(again.status, 304);
  const script = /src="(\/assets\/[^"]+)"/.exec(html)![1]!;
  for (const [accepted, coding] of [["br, gzip", "br"], ["gzip", "gzip"], ["identity", null]] as const) {
    const answer = await fetch(node.url + script, { headers: { "accept-encoding": accepted } });
    assert.deepEqual([answer.status, answer.headers.get("content-encoding")], [200, coding], accepted);
    assert.equal(answer.headers.get("cache-control"), "public, max-age=31536000, immutable");
    assert.equal(answer.headers.get("content-type"), "text/javascript; charset=utf-8");
    assert.equal(answer.headers.get("vary"), "accept-encoding");
  }
  assert.equal(gunzipSync(readFileSync(`${assets}/index.html.gz`)).toString(), html);
});

test("the page may run nothing but its own files", async () => {
  const page = await fetch(`${node.url}/`);
  const policy = page.headers.get("content-security-policy") ?? "";
  assert.ok(policy.startsWith("default-src 'none'; script-src 'self'; style-src 'self';"), policy);
  assert.ok(!policy.includes("unsafe"), policy);
  const html = await page.text();
  assert.doesNotMatch(html, /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/);
  assert.doesNotMatch(html, /https?:\/\//);
  assert.equal(page.headers.get("x-content-type-options"), "nosniff");
});

test("the start page stays for who has no script", async () => {
  const start = await fetch(`${node.url}/start`);
  assert.match(await start.text(), /La boutique enregistre/);
});
