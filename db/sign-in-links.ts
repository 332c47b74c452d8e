import type { DbOrTrx } from './connection';

/** Uses a link that works once, and says whether this was the first time; forgets those that have ended anyway. */
export async function useSignInLink(db: DbOrTrx, id: string, expiresAt: Date): Promise<boolean> {
  await db('used_sign_in_links').where('expires_at', '<', db.fn.now()).delete();
  const used = await db('used_sign_in_links')
    .insert({ id, expires_at: expiresAt })
    .onConflict()
    .ignore()
    .returning('id');
  return used.length === 1;
}
