/**
 * Classes that no retry cures: more rows than one (21), a value that can't be stored (22), one against the tables' rules
 * (23, 44), beyond the database's limits (54), and what our own functions and triggers raise (P0, OS).
 */
const REFUSING = /^(21|22|23|44|54|P0|OS)[0-9A-Z]{3}$/;

/** The SQLSTATE by which the database refuses what it is given, however often that is tried; undefined: no refusal. */
export function refusalState(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === 'string' && REFUSING.test(code) ? code : undefined;
}
