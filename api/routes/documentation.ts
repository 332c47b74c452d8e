import { asyncApiDocument } from '../asyncapi';
import { eventsPage } from '../events-page';
import { languageOf } from '../language';
import { openApiDocument } from '../openapi';
import { sendPlainPage } from '../plain-page';
import { type Route, rawRoute } from '../route';
import { pageQuery, problemPageRoutes } from './problem-pages';

/** The documentation: of the API and of the events, for machines and for people, and a page for each problem. */
export function documentationRoutes(documented: readonly Route[]): readonly Route[] {
  return [
    documentRoute('GET /openapi.json', { id: 'openApi', summary: 'The OpenAPI document' }, openApiDocument(documented)),
    documentRoute('GET /asyncapi.json', { id: 'asyncApi', summary: 'The AsyncAPI document' }, asyncApiDocument()),
    rawRoute('GET /docs', {
      id: 'docs',
      summary: 'The reference of the API, in which each request can be tried out',
      access: 'public',
      responses: {},
      async handle(_request, { pages }, { response }) {
        pages.send(response, 'docs', { inlineStyles: true });
      },
    }),
    rawRoute('GET /docs/events', {
      id: 'eventDocs',
      summary: 'The events of every topic as a page',
      access: 'public',
      query: pageQuery,
      responses: {},
      async handle({ query }, _context, { request, response }) {
        const language = query.lang ?? languageOf(request);
        sendPlainPage(response, { path: '/docs/events', language, ...eventsPage(language) });
      },
    }),
    ...problemPageRoutes(documented),
  ];
}

function documentRoute(
  at: 'GET /openapi.json' | 'GET /asyncapi.json',
  described: { readonly id: string; readonly summary: string },
  document: object,
): Route {
  return rawRoute(at, {
    ...described,
    access: 'public',
    responses: {},
    async handle(_request, _context, { response }) {
      response.json(document);
    },
  });
}
