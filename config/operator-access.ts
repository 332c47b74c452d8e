/** Where an operator's commands go and by what right, as far as the environment says. */
export function operatorAccess(env: NodeJS.ProcessEnv = process.env): {
  readonly api: string | undefined;
  readonly token: string | undefined;
} {
  return { api: env.ORDERSAGA_API || undefined, token: env.ORDERSAGA_TOKEN || undefined };
}
