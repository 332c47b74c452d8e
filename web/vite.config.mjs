import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { directImports } from './direct-imports.mjs';

const root = dirname(fileURLToPath(import.meta.url));

/** Each page is an HTML file here; the api serves them, and puts a nonce of its own in place of CSP_NONCE. */
export default defineConfig({
  root,
  clearScreen: false,
  plugins: [directImports('@mantine/core')],
  html: { cspNonce: 'CSP_NONCE' },
  build: {
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 4_000,
    rolldownOptions: {
      input: { docs: join(root, 'docs.html'), track: join(root, 'track.html') },
      // "use client" in a library's files says something to servers that render; here all is the client.
      checks: { moduleLevelDirective: false },
    },
  },
});
