import {
  AuthorizationResponseError,
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  discovery,
  fetchUserInfo,
  None,
  ResponseBodyError,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import type { Settings } from '../../config/settings';
import type { SignInFlow } from '../../contracts/sign-in';
import { ProblemError } from '../problem';

const TIMEOUT_SECONDS = 10;
export const CALLBACK_PATH = '/auth/callback';

type OpenIdSettings = Pick<
  Settings,
  'OIDC_ISSUER' | 'OIDC_CLIENT_ID' | 'OIDC_CLIENT_SECRET' | 'OIDC_SCOPE' | 'PUBLIC_URL'
>;

/** What a browser must bring back to end the sign-in that it began. */
type Flow = Omit<SignInFlow, 'returnTo'>;

/** The identity provider with which people sign in: OpenID Connect, authorization code with PKCE. */
export class OpenIdProvider {
  private discovered: Promise<Configuration> | undefined;

  private constructor(
    private readonly issuer: URL,
    private readonly publicUrl: string,
    private readonly settings: OpenIdSettings,
  ) {}

  /** Undefined: none is configured. */
  static of(settings: OpenIdSettings): OpenIdProvider | undefined {
    const { OIDC_ISSUER: issuer, PUBLIC_URL: publicUrl } = settings;
    return issuer && publicUrl ? new OpenIdProvider(new URL(issuer), publicUrl, settings) : undefined;
  }

  /** Where the browser is to go, and what it has to keep. Throws SIGN_IN_UNAVAILABLE. */
  async begin(): Promise<{ readonly url: string; readonly flow: Flow }> {
    const configuration = await this.configuration();
    const flow = { state: randomState(), nonce: randomNonce(), verifier: randomPKCECodeVerifier() };
    const url = buildAuthorizationUrl(configuration, {
      redirect_uri: `${this.publicUrl}${CALLBACK_PATH}`,
      scope: this.settings.OIDC_SCOPE,
      state: flow.state,
      nonce: flow.nonce,
      code_challenge: await calculatePKCECodeChallenge(flow.verifier),
      code_challenge_method: 'S256',
    });
    return { url: url.href, flow };
  }

  /** The claims about who has signed in. Throws SIGN_IN_FAILED, SIGN_IN_UNAVAILABLE. */
  async finish(callback: string, { state, nonce, verifier }: Flow): Promise<Readonly<Record<string, unknown>>> {
    const configuration = await this.configuration();
    try {
      const tokens = await authorizationCodeGrant(configuration, new URL(callback, this.publicUrl), {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (!claims) throw new ProblemError('SIGN_IN_FAILED');
      // Many providers keep what a scope asks for out of the ID token.
      const hasMore = configuration.serverMetadata().userinfo_endpoint !== undefined;
      return hasMore ? { ...claims, ...(await fetchUserInfo(configuration, tokens.access_token, claims.sub)) } : claims;
    } catch (error) {
      throw problemOf(error);
    }
  }

  /** Where the provider's own session is ended; undefined: it offers nothing for that, or does not respond. */
  async signOutUrl(): Promise<string | undefined> {
    const configuration = await this.configuration().catch(() => undefined);
    return configuration?.serverMetadata().end_session_endpoint && buildEndSessionUrl(configuration).href;
  }

  /** Read at the first sign-in, once for all who wait: an api starts without its provider. */
  private configuration(): Promise<Configuration> {
    this.discovered ??= this.discover().catch((cause: unknown) => {
      this.discovered = undefined;
      throw new ProblemError('SIGN_IN_UNAVAILABLE', {}, { cause });
    });
    return this.discovered;
  }

  private discover(): Promise<Configuration> {
    const { OIDC_CLIENT_ID: clientId = '', OIDC_CLIENT_SECRET: secret } = this.settings;
    // In production, the settings allow https only.
    const execute = this.issuer.protocol === 'http:' ? [allowInsecureRequests] : [];
    const authentication = secret === undefined ? None() : undefined;
    return discovery(this.issuer, clientId, secret, authentication, { execute, timeout: TIMEOUT_SECONDS });
  }
}

/** The person or the browser is at fault where the provider refuses, or what came back belongs to no sign-in of this browser. */
function problemOf(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  const isRefusal =
    error instanceof AuthorizationResponseError ||
    (error instanceof ResponseBodyError && error.error === 'invalid_grant') ||
    MISMATCHES.has(String((error as { code?: unknown }).code));
  return new ProblemError(isRefusal ? 'SIGN_IN_FAILED' : 'SIGN_IN_UNAVAILABLE', {}, { cause: error });
}

const MISMATCHES = new Set([
  'OAUTH_INVALID_RESPONSE',
  'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
  'OAUTH_JWT_TIMESTAMP_CHECK_FAILED',
]);
