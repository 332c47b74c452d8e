import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Notice } from './notice';

/** The page itself has failed, or a part of it could not be loaded: after an update of the shop, loading it again helps. */
export function Broken() {
  const { t } = useTranslation();
  return (
    <Notice
      title={t('unexpected.title')}
      action={
        <Button variant="default" onClick={() => globalThis.location.reload()}>
          {t('page.retry')}
        </Button>
      }
    >
      {t('failed.unexpected')}
    </Notice>
  );
}
