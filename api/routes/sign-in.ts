import type { Request, Response } from 'express';
import {
  type SignInFlow,
  signInCallbackSchema,
  signInFlowSchema,
  signInLinkSchema,
  signInSchema,
} from '../../contracts/sign-in';
import { useSignInLink } from '../../db/sign-in-links';
import { type Identity, identityOf } from '../access/identity';
import { CALLBACK_PATH } from '../access/open-id';
import { open, seal } from '../access/sealed';
import { cookieOf } from '../access/sessions';
import type { ApiContext } from '../context';
import { ProblemError } from '../problem';
import { type Route, rawRoute } from '../route';

/** How long a sign-in may take at the provider. */
const FLOW_MS = 10 * 60_000;

/** What people open in a browser to sign in. Their problems are pages there. */
export const signInRoutes: readonly Route[] = [
  rawRoute('GET /auth/sign-in', {
    id: 'signIn',
    summary: 'Sends the browser to the identity provider',
    access: 'public',
    query: signInSchema,
    problems: ['SIGN_IN_NOT_CONFIGURED', 'SIGN_IN_UNAVAILABLE'],
    responses: {},
    async handle({ query: { returnTo } }, { openId, sessions, settings }, { response }) {
      if (!openId) throw new ProblemError('SIGN_IN_NOT_CONFIGURED');
      const { url, flow } = await openId.begin();
      const claims = { ...flow, returnTo };
      const sealed = await seal(settings.SESSION_SECRET, 'signing-in', claims, Date.now() + FLOW_MS);
      // A cookie of its own for each: people sign in in several tabs.
      const attributes = { ...sessions.attributes, path: '/', maxAge: FLOW_MS };
      response.cookie(sessions.hostCookie(flowCookie(flow.state)), sealed, attributes);
      redirect(response, url);
    },
  }),

  rawRoute(`GET ${CALLBACK_PATH}`, {
    id: 'signInCallback',
    summary: 'Where the identity provider sends the browser back to',
    access: 'public',
    query: signInCallbackSchema,
    problems: ['SIGN_IN_NOT_CONFIGURED', 'SIGN_IN_UNAVAILABLE', 'SIGN_IN_FAILED'],
    responses: {},
    async handle({ query: { state } }, context, { request, response }) {
      const { sessions } = context;
      const flow = await flowOf(request, state, context);
      response.clearCookie(sessions.hostCookie(flowCookie(state)), { ...sessions.attributes, path: '/' });
      const user = await signedInUser(request, flow, context).catch((error: unknown) => {
        if (!(error instanceof ProblemError)) throw error;
        const tryAgain = `/auth/sign-in?returnTo=${encodeURIComponent(flow.returnTo)}`;
        throw new ProblemError(error.code, { tryAgain }, { cause: error.cause });
      });
      await sessions.signIn(response, user);
      redirect(response, flow.returnTo);
    },
  }),

  rawRoute('GET /auth/link', {
    id: 'signInByLink',
    summary: 'Signs in by a link of `ordersaga open`, once; in development only',
    access: 'public',
    query: signInLinkSchema,
    problems: ['NOT_FOUND', 'SIGN_IN_LINK_USED'],
    responses: {},
    async handle({ query: { token } }, { db, sessions, settings }, { response }) {
      if (settings.NODE_ENV === 'production') throw new ProblemError('NOT_FOUND');
      const link = await open(settings.SESSION_SECRET, 'sign-in-link', token);
      const user = link && identityOf(link.claims, link.expiresAt);
      if (!user || typeof link.claims.jti !== 'string') throw new ProblemError('SIGN_IN_LINK_USED');
      const isFirst = await useSignInLink(db, link.claims.jti, new Date(link.expiresAt));
      if (!isFirst) throw new ProblemError('SIGN_IN_LINK_USED');
      await sessions.signIn(response, user);
      redirect(response, signInSchema.parse({ returnTo: link.claims.returnTo }).returnTo);
    },
  }),
];

async function signedInUser(request: Request, flow: SignInFlow, { openId, settings }: ApiContext): Promise<Identity> {
  if (!openId) throw new ProblemError('SIGN_IN_NOT_CONFIGURED');
  const claims = await openId.finish(request.originalUrl, flow);
  const user = identityOf(claims, Number.POSITIVE_INFINITY, settings.ROLE_CLAIM);
  if (!user) throw new ProblemError('SIGN_IN_FAILED');
  return user;
}

/** The sign-in that this browser began. */
async function flowOf(request: Request, state: string, { sessions, settings }: ApiContext): Promise<SignInFlow> {
  const sealed = cookieOf(request, sessions.hostCookie(flowCookie(state)));
  const opened = sealed === undefined ? undefined : await open(settings.SESSION_SECRET, 'signing-in', sealed);
  const flow = signInFlowSchema.safeParse(opened?.claims);
  if (!flow.success || flow.data.state !== state)
    throw new ProblemError('SIGN_IN_FAILED', { tryAgain: '/auth/sign-in' });
  return flow.data;
}

const flowCookie = (state: string) => `signing-in-${state}`;

/** 303: whatever was sent, the browser goes on with a GET. */
function redirect(response: Response, to: string): void {
  response.setHeader('Cache-Control', 'no-store').redirect(303, to);
}
