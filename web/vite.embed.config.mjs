import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const root = dirname(fileURLToPath(import.meta.url));

/** The one script that pages of other origins load: in one file, whose name is the same in every version. */
export default defineConfig({
  root,
  clearScreen: false,
  build: {
    rolldownOptions: {
      input: join(root, 'embed', 'order-tracking.ts'),
      output: { format: 'iife', entryFileNames: 'embed.js' },
    },
  },
});
