import { userEmailSchema } from '../../contracts/events';

/** What a person may do: a viewer sees what operators see and decides nothing. */
export const ROLES = ['customer', 'viewer', 'operator'] as const;
export type Role = (typeof ROLES)[number];

/** The sender of a request. */
export interface Identity {
  readonly userId: string;
  readonly email: string;
  readonly role: Role;
  /** When the token or the session ends, in ms since 1970. */
  readonly expiresAt: number;
  /** Where a tracking link is all that the sender has: the only order that it is good for. */
  readonly onlyOrderId?: number;
}

/** Control characters and halves of characters: no database takes them. */
const UNSAVEABLE = /[\p{Cc}\p{Cs}]/u;

/** Who these claims are about; undefined where they are not complete, or hold what cannot be stored. */
export function identityOf(
  claims: Readonly<Record<string, unknown>>,
  expiresAt: number,
  roleClaim = 'role',
): Identity | undefined {
  const { sub, email } = claims;
  if (typeof sub !== 'string' || sub === '' || sub.length > 255) return undefined;
  // The user's events carry the address.
  if (typeof email !== 'string' || !/^.+@.+$/.test(email) || !userEmailSchema.safeParse(email).success)
    return undefined;
  if (UNSAVEABLE.test(sub + email)) return undefined;
  return { userId: sub, email, role: roleOf(claims[roleClaim]), expiresAt };
}

/** The highest role that a claim names; it may be a text or a list. Anything unknown is a customer. */
function roleOf(claim: unknown): Role {
  const named: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  return ROLES.findLast((role) => named.includes(role)) ?? 'customer';
}

/** Whether orders of other users can be seen. */
export const seesAllOrders = ({ role }: Identity): boolean => role !== 'customer';

/** What is kept of an operator who decides: no address, no name. */
export function operatorOf(who: Identity): string {
  return `operator:${who.userId}`;
}
