import { openApiDocument } from '../openapi';
import { type Route, rawRoute } from '../route';

type Described = Record<string, Record<string, { summary: string; requestBody?: unknown; responses: Responses }>>;
type Responses = Record<string, { description: string; content?: Record<string, { schema?: unknown }> }>;

/** /openapi.json and, for people, /docs: one page that loads nothing. */
export function documentationRoutes(documented: readonly Route[]): readonly Route[] {
  const document = openApiDocument(documented);
  const page = documentationPage(document.paths as Described);
  return [
    rawRoute('GET /openapi.json', {
      id: 'openApi',
      summary: 'The OpenAPI document',
      access: 'public',
      responses: {},
      async handle(_request, _context, { response }) {
        response.json(document);
      },
    }),
    rawRoute('GET /docs', {
      id: 'docs',
      summary: 'The documentation as a page',
      access: 'public',
      responses: {},
      async handle(_request, _context, { response }) {
        response.type('html').send(page);
      },
    }),
  ];
}

function documentationPage(paths: Described): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([
        method,
        { summary, requestBody, responses },
      ]) => `<details><summary><code><b>${method.toUpperCase()}</b> ${escapeHtml(path)}</code><br>${escapeHtml(summary)}</summary>
${requestBody === undefined ? '' : `<h3>Body</h3><pre>${escapeHtml(JSON.stringify(requestBody, null, 2))}</pre>`}
<h3>Responses</h3><dl>${Object.entries(responses).map(describeResponse).join('')}</dl></details>`,
    ),
  );
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>ordersaga API</title><style>
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}
details{border-top:1px solid #8886;padding:.6rem 0}summary{cursor:pointer}pre{overflow:auto;background:#8882;padding:.8rem}dt{font-weight:bold}
</style></head><body><h1>ordersaga API</h1>
<p>Bearer JWT on everything under <code>/api</code>. Successes are <code>{"success":true,"data":…,"message":…}</code>, errors
<code>application/problem+json</code> with a stable <code>code</code>. The whole of it for machines: <a href="/openapi.json">openapi.json</a>.</p>
${operations.join('\n')}</body></html>`;
}

function describeResponse([status, { description, content }]: [string, Responses[string]]): string {
  const schema = content?.['application/json']?.schema;
  const body = schema === undefined ? '' : `<pre>${escapeHtml(JSON.stringify(schema, null, 2))}</pre>`;
  return `<dt>${status}</dt><dd>${escapeHtml(description)}${body}</dd>`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
