import { isDeepStrictEqual } from 'node:util';
import { problemsOf } from '../../api/openapi';
import type { Route } from '../../api/route';
import { ROUTES } from '../../api/routes';
import { partsOf } from '../../api/serve';
import type { ProblemCode } from '../../contracts/problems';

const routes = ROUTES.map((route: Route) => {
  const { method, path } = partsOf(route);
  return { route, method, path: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`) };
});

/** Throws where a response is not what the API documents for its route: other data, another status, another problem. */
export function checkDocumented(method: string, url: string, status: number, body: Record<string, unknown>): void {
  const path = new URL(url, 'http://localhost').pathname;
  const found = routes.find((known) => known.method === method.toLowerCase() && known.path.test(path));
  if (!found || status === 500) return;
  const { route } = found;
  const wrong = (why: string) => new Error(`${route.at} does not document ${why}: ${status} ${JSON.stringify(body)}`);
  if (status >= 400) {
    if (!problemsOf(route).includes(body.code as ProblemCode)) throw wrong('this problem');
    if (body.instance !== path || typeof body.requestId !== 'string') throw wrong('a problem without where it is from');
    return;
  }
  if ('raw' in route.response) return;
  const { data, status: documented, dryRunMessage } = route.response;
  if (status !== documented && !(status === 200 && dryRunMessage)) throw wrong('this status');
  const result = data.safeParse(body.data);
  if (!result.success || !isDeepStrictEqual(result.data, body.data)) throw wrong('these data');
}
