import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Phase } from './phase';

const AWAITED: ReadonlySet<Phase> = new Set(['PAID', 'PREPARING', 'SHIPPED', 'IN_TRANSIT']);

interface ParcelProps {
  readonly trackingNumber: string | undefined;
  readonly phase: Phase;
}

/** The parcel, once there is one to expect. */
export function Parcel({ trackingNumber, phase }: ParcelProps) {
  const { t } = useTranslation();
  if (phase === 'CANCELLED' || (trackingNumber === undefined && !AWAITED.has(phase))) return null;
  return (
    <section className="card" aria-labelledby="parcel">
      <h2 id="parcel">{t('parcel.title')}</h2>
      {trackingNumber === undefined ? (
        <p className="dimmed">{t('parcel.notYet')}</p>
      ) : (
        <dl className="parcel">
          <dt className="dimmed">{t('parcel.trackingNumber')}</dt>
          <dd>
            <span className="tracking-number">{trackingNumber}</span>
            {/* Browsers give a clipboard to secure pages only. */}
            {navigator.clipboard && <Copy text={trackingNumber} />}
          </dd>
        </dl>
      )}
    </section>
  );
}

function Copy({ text }: { readonly text: string }) {
  const { t } = useTranslation();
  const [isCopied, setIsCopied] = useState(false);
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setIsCopied(true),
      () => setIsCopied(false),
    );
  return (
    <Button variant="default" size="compact-sm" onClick={() => void copy()} aria-live="polite">
      {isCopied ? t('parcel.copied') : t('parcel.copy')}
    </Button>
  );
}
