import { z } from 'zod';
import type { Language } from '../../contracts/language';
import { PROBLEM_CODES, PROBLEMS, type ProblemCode, problemPath } from '../../contracts/problems';
import { html } from '../html';
import { languageOf } from '../language';
import { problemsOf } from '../openapi';
import { sendPlainPage } from '../plain-page';
import { type Route, rawRoute } from '../route';

export const pageQuery = z.object({ lang: z.enum(['ko', 'en']).optional().catch(undefined) });

const WORDS = {
  en: { all: 'Problems', status: 'Status', code: 'Code', from: 'Returned by', any: 'Any request can end with it.' },
  ko: {
    all: '오류',
    status: '상태',
    code: '코드',
    from: '반환하는 요청',
    any: '어떤 요청이든 이렇게 끝날 수 있습니다.',
  },
} as const;
const INTRODUCTION = {
  en: 'An error is application/problem+json (RFC 9457). Its code never changes and its type is the path of the page here; title and detail are for people.',
  ko: '오류는 application/problem+json(RFC 9457)입니다. code는 바뀌지 않고, type은 이 목록에 있는 페이지의 경로이며, title과 detail은 사람이 읽기 위한 글입니다.',
} as const;

/** A page for each problem, which is its type, and the list of all. */
export function problemPageRoutes(documented: readonly Route[]): readonly Route[] {
  return [
    rawRoute('GET /problems', {
      id: 'problems',
      summary: 'Every problem with which a request can end',
      access: 'public',
      query: pageQuery,
      responses: {},
      async handle({ query }, _context, { request, response }) {
        const language = query.lang ?? languageOf(request);
        sendPlainPage(response, { path: '/problems', language, title: WORDS[language].all, content: listOf(language) });
      },
    }),
    rawRoute('GET /problems/{slug}', {
      id: 'problem',
      summary: 'What a problem is, and what to do about it',
      access: 'public',
      params: z.object({ slug: z.enum(PROBLEM_CODES.map(slugOf)) }),
      unknownParams: 'NOT_FOUND',
      query: pageQuery,
      responses: {},
      async handle({ params, query }, _context, { request, response }) {
        const code = PROBLEM_CODES.find((known) => slugOf(known) === params.slug) as ProblemCode;
        const path = problemPath(code);
        const language = query.lang ?? languageOf(request);
        const title = PROBLEMS[code][language][0];
        sendPlainPage(response, { path, language, title, content: pageOf(code, language, documented) });
      },
    }),
  ];
}

/** Text between backticks becomes code. */
const withCode = (text: string) =>
  text.split('`').map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : part));

const slugOf = (code: ProblemCode) => problemPath(code).replace('/problems/', '');

function listOf(language: Language) {
  const rows = PROBLEM_CODES.map((code) => {
    const [title] = PROBLEMS[code][language];
    return html`<tr><td>${PROBLEMS[code].status}</td><td><a href="${problemPath(code)}?lang=${language}"><code>${code}</code></a><br>${title}</td></tr>`;
  });
  const { all, status, code } = WORDS[language];
  return html`<h1>${all}</h1><p>${INTRODUCTION[language]}</p>
<table><thead><tr><th scope="col">${status}</th><th scope="col">${code}</th></tr></thead><tbody>${rows}</tbody></table>`;
}

function pageOf(code: ProblemCode, language: Language, documented: readonly Route[]) {
  const { status } = PROBLEMS[code];
  const [title, detail] = PROBLEMS[code][language];
  const words = WORDS[language];
  const routes = documented.filter((route) => problemsOf(route).includes(code));
  const named = routes.map(({ at, summary }) => html`<tr><td><code>${at}</code><br>${withCode(summary)}</td></tr>`);
  return html`<h1>${title}</h1><p>${detail}</p>
<dl><dt>${words.status}</dt><dd>${status}</dd><dt>${words.code}</dt><dd><code>${code}</code></dd></dl>
<h2>${words.from}</h2>${routes.length > 0 ? html`<table><tbody>${named}</tbody></table>` : html`<p>${words.any}</p>`}`;
}
