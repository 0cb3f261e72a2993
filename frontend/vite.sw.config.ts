import { defineConfig } from "vite";

// The service worker: one classic script without imports, since it is served from the root (core/web/installed.py).
export default defineConfig({
  publicDir: false,
  build: {
    outDir: "../src/fengsui/static/dist",
    emptyOutDir: false,
    target: "es2022",
    rollupOptions: { input: { sw: "src/sw.ts" }, output: { format: "iife", entryFileNames: "sw.js" } },
  },
});
