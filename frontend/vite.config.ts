import { defineConfig } from "vite";

// Relative base: the map's worker is found from its own module, wherever Django serves static files.
export default defineConfig({
  base: "./",
  build: {
    outDir: "../src/fengsui/static/dist",
    // A server that runs meanwhile still serves the files it started with; names carry hashes, so old ones harm nobody.
    emptyOutDir: false,
    manifest: "manifest.json",
    target: "es2022",
    chunkSizeWarningLimit: 1400,
    rollupOptions: { input: { app: "src/app.ts", map: "src/map.ts", chart: "src/chart.ts", flood: "src/flood.ts", replay: "src/replay.ts", grid: "src/grid.ts", series: "src/series.ts", wall: "src/wall.ts" } },
  },
});
