/** What browsers bring when people sign in, or open an order's page. */
import { z } from 'zod';
import { orderIdParamSchema } from './http';

/** A path of this server; anything else would send people who have just signed in elsewhere. */
export const returnToSchema = z
  .string()
  .max(500)
  .regex(/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/);

export const signInSchema = z.strictObject({ returnTo: returnToSchema.default('/docs') });

/** The provider adds parameters of its own, which its library checks. */
export const signInCallbackSchema = z.looseObject({ state: z.string().regex(/^[\w-]{1,100}$/) });

/** Kept by the browser, sealed, while its user is at the identity provider. */
export const signInFlowSchema = z.object({
  state: signInCallbackSchema.shape.state,
  nonce: z.string().regex(/^[\w-]{1,100}$/),
  verifier: z.string().regex(/^[\w-]{1,100}$/),
  returnTo: returnToSchema,
});
export type SignInFlow = z.infer<typeof signInFlowSchema>;

export const signOutSchema = z.strictObject({ orderId: orderIdParamSchema.optional() });

const signedSchema = z.string().regex(/^[\w.-]{1,2000}$/);
export const signInLinkSchema = z.strictObject({ token: signedSchema });
/** The order's tracking link, for pages of other origins. */
export const linkParamSchema = z.strictObject({ link: signedSchema.optional() });
/** Mail programs add parameters of their own to links. */
export const trackingPageSchema = z.object({ link: signedSchema.optional().catch('expired') });
