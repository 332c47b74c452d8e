import { api } from './api';

export const getSession = async () => (await api().call('GET /api/session')).data;
/** Where the browser is to go to sign out of the identity provider as well, or null. */
export const signOut = async () => (await api().call('POST /auth/sign-out')).data.redirectTo;
export const signInUrl = (path: string) => `/auth/sign-in?returnTo=${encodeURIComponent(path)}`;
