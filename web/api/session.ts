import { get, post } from './request';

export interface Session {
  readonly user: { readonly userId: string; readonly email: string; readonly role: string } | null;
  /** How one signs in here: at an identity provider, by a link of the development command, or not at all. */
  readonly signIn: 'OIDC' | 'LINK' | 'NONE';
  readonly expiresAt: string | null;
}

export interface PaymentOptions {
  /** Test cards, where the payment provider is the sandbox. */
  readonly methods: readonly { readonly method: string; readonly token: string; readonly label: string }[];
  /** Where the shop takes payments, with `{orderId}` in it. */
  readonly checkoutUrl: string | null;
}

export const getSession = () => get<Session>('/api/session');
export const signOut = () => post<unknown>('/auth/sign-out', {});
export const signInUrl = (path: string) => `/auth/sign-in?returnTo=${encodeURIComponent(path)}`;
export const getPaymentOptions = () => get<PaymentOptions>('/api/payment-options');
