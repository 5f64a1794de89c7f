import { defineConfig } from "vite";

// `npm run dev` shows the screens with live reloading; the API is a running node's. The node compares Origin with Host.
const node = process.env["COMPTOIR_URL"] ?? "http://127.0.0.1:7401";

export default defineConfig({
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: {
    target: "es2022",
    // No inlined data: URLs, and no map in the product.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // Three sets of pages: the shop's, which its node serves, and the drivers' and head office's, which central serves. `scripts/embed.mjs` reads from the
    // manifest which files the drivers' needs.
    manifest: true,
    rollupOptions: { input: { shop: "index.html", driver: "driver/index.html", office: "office/index.html" } },
  },
  server: {
    fs: { allow: [".."] },
    proxy: {
      "/api": {
        target: node,
        changeOrigin: true,
        configure: (proxy) => proxy.on("proxyReq", (request) => request.getHeader("origin") && request.setHeader("origin", node)),
      },
      "/healthz": { target: node, changeOrigin: true },
    },
  },
});
