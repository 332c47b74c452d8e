import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApiDocument } from '../api/openapi';
import { ROUTES } from '../api/routes';

const FILE = 'client/schema.ts';

/** `npm run generate` writes the types of the API's client from the OpenAPI document; `--check` says whether it would change them. */
async function main(): Promise<void> {
  const { default: openapiTS, astToString, COMMENT_HEADER } = await import('openapi-typescript');
  const types = await openapiTS(JSON.stringify(openApiDocument(ROUTES)), {
    immutable: true,
    // A field with a default may be left out of a request.
    defaultNonNullable: false,
    rootTypes: true,
    rootTypesNoSchemaPrefix: true,
  });
  const path = join(__dirname, '..', FILE);
  const text = `${COMMENT_HEADER}${astToString(types)}`;
  if (!process.argv.includes('--check')) return writeFileSync(path, text);
  if (readFileSync(path, 'utf8') === text) return;
  process.stderr.write(`${FILE} is not what the routes are now: run \`npm run generate\`\n`);
  process.exitCode = 1;
}

void main();
