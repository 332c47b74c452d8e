/** What a page asks about its reader. */
import { z } from 'zod';
import { text, time } from './common';

export const sessionSchema = z
  .object({
    user: z
      .object({ userId: text, email: text, role: z.enum(['customer', 'viewer', 'operator']) })
      .nullable()
      .describe('Null: nobody has signed in'),
    expiresAt: time.nullable(),
    signIn: z
      .enum(['OIDC', 'LINK', 'NONE'])
      .describe('OIDC: at /auth/sign-in; LINK: by a link of `ordersaga open`, in development'),
  })
  .meta({
    id: 'Session',
    examples: [
      {
        user: { userId: 'user-4f1c', email: 'kim@example.com', role: 'customer' },
        expiresAt: '2026-11-30T21:00:00.000Z',
        signIn: 'OIDC',
      },
    ],
  });

export const signedOutSchema = z
  .object({ redirectTo: text.nullable().describe("Ends the identity provider's own session") })
  .meta({ id: 'SignedOut', examples: [{ redirectTo: null }] });
