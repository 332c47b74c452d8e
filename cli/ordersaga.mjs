#!/usr/bin/env node
// The operator's command, from a fresh clone too: dev/run.mjs makes its dependencies appear.
process.argv.splice(2, 0, 'cli/ordersaga.ts');
await import('../dev/run.mjs');
