/** Classes: a value that can't be stored, one against the tables' rules, one beyond the database's limits. */
const REFUSING = /^(22|23|54)[0-9A-Z]{3}$/;

/** The SQLSTATE by which the database refuses what it is given, however often that is tried; undefined: no refusal. */
export function refusalState(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === 'string' && REFUSING.test(code) ? code : undefined;
}
