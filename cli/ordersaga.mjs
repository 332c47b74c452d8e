#!/usr/bin/env node
// The operator's command, from a fresh clone too: stack/run.mjs makes its dependencies appear.
process.argv.splice(2, 0, 'cli/ordersaga.ts');
await import('../stack/run.mjs');
