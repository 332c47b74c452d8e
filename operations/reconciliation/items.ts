import type { DbOrTrx } from '../../db/connection';
import { closeOperatorItems, type OperatorItemEnd, openOperatorItem } from '../../db/operator-items';
import { type Finding, offeredFix } from '../../domain/finding';

const KIND = 'RECONCILIATION';

/** What an item about a finding is about: two findings can meet on one subject. */
export const itemSubject = ({ code, subject }: Pick<Finding, 'code' | 'subject'>): string => `${code}/${subject}`;

/** Lists findings, each once while it is open. */
export async function listFindings(db: DbOrTrx, runId: string, findings: readonly Finding[]): Promise<void> {
  for (const finding of findings) {
    const { code, orderId, step, amountAtRiskMinor, evidence, since } = finding;
    await openOperatorItem(db, {
      ...{ kind: KIND, subject: itemSubject(finding), cause: code, runId },
      ...{ orderId, step, amountAtRiskMinor, evidence, since, offeredFix: offeredFix(finding) },
    });
  }
}

export async function closeFinding(db: DbOrTrx, subject: string, end: OperatorItemEnd): Promise<void> {
  await closeOperatorItems(db, { kind: KIND, subject }, end);
}
