import { sessionSchema, signedOutSchema } from '../../contracts/responses/session';
import { signOutSchema } from '../../contracts/sign-in';
import type { ApiContext } from '../context';
import { ProblemError } from '../problem';
import { route } from '../route';

/** Who reads a page, by its cookies. */
export const sessionRoutes = [
  route('GET /api/session', {
    id: 'getSession',
    summary: 'Who has signed in with this browser, and how one can',
    access: 'public',
    response: { status: 200, data: sessionSchema, message: { ko: '세션 조회 성공', en: 'Your session' } },
    async handle(_request, context, { request, response }) {
      response.setHeader('Cache-Control', 'no-store');
      const user = await context.sessions.user(request);
      return {
        data: {
          user: user ? { userId: user.userId, email: user.email, role: user.role } : null,
          expiresAt: user ? new Date(user.expiresAt).toISOString() : null,
          signIn: signInOf(context),
        },
      };
    },
  }),

  route('POST /auth/sign-out', {
    id: 'signOut',
    summary: 'End the session of this browser; with orderId, also close the order that was opened by its link',
    access: 'public',
    response: { status: 200, data: signedOutSchema, message: { ko: '로그아웃되었습니다.', en: 'You are signed out.' } },
    query: signOutSchema,
    problems: ['CROSS_SITE_REQUEST'],
    async handle({ query }, { sessions, openId }, { request, response }) {
      if (sessions.isCrossSite(request)) throw new ProblemError('CROSS_SITE_REQUEST');
      const user = await sessions.user(request);
      sessions.signOut(response, query.orderId);
      return { data: { redirectTo: (user && (await openId?.signOutUrl())) ?? null } };
    },
  }),
] as const;

function signInOf({ openId, settings }: ApiContext): 'OIDC' | 'LINK' | 'NONE' {
  if (openId) return 'OIDC';
  return settings.NODE_ENV === 'production' ? 'NONE' : 'LINK';
}
