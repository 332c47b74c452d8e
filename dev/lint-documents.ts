import { asyncApiDocument } from '../api/asyncapi';
import { openApiDocument } from '../api/openapi';
import { ROUTES } from '../api/routes';

/** Prints what is wrong with the OpenAPI and the AsyncAPI document, by Redocly's recommended rules, and fails if anything is. */
async function main(): Promise<void> {
  const { createConfig, lintFromString } = await import('@redocly/openapi-core');
  const documents = [
    { name: 'openapi.json', document: openApiDocument(ROUTES), rules: OF_OPENAPI },
    { name: 'asyncapi.json', document: asyncApiDocument(), rules: OF_ASYNCAPI },
  ];
  for (const { name, document, rules } of documents) {
    const config = await createConfig({ extends: ['recommended'], rules });
    const problems = await lintFromString({ source: JSON.stringify(document), absoluteRef: `/${name}`, config });
    for (const { ruleId, message, location } of problems) {
      process.stderr.write(`${name}: ${ruleId}: ${message} (${location[0]?.pointer ?? ''})\n`);
      process.exitCode = 1;
    }
  }
}

const OF_OPENAPI = {
  'no-invalid-schema-examples': 'error',
  'no-invalid-media-type-examples': 'error',
  // POST /api/coupons/{code}/requests and GET /api/coupons/requests/{requestId}: their methods differ.
  'no-ambiguous-paths': 'off',
  // Probes have none.
  'operation-4xx-response': 'off',
} as const;

/** Who may use a topic is the broker's to say. */
const OF_ASYNCAPI = { 'security-defined': 'off' } as const;

void main();
