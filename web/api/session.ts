import { api } from './api';

export const getSession = async () => (await api().call('GET /api/session')).data;
/** Also closes an order that was opened by its link. Returns where the browser is to go to sign out of the identity provider as well, or null. */
export const signOut = async (orderId: string | undefined) =>
  (await api().call('POST /auth/sign-out', { query: { orderId } })).data.redirectTo;
export const signInUrl = (path: string) => `/auth/sign-in?returnTo=${encodeURIComponent(path)}`;
