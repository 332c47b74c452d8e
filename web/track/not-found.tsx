import { useTranslation } from 'react-i18next';
import { Notice } from './notice';
import { usePageTitle } from './page-title';

/** There is no such order, or it is another customer's: nobody learns which. */
export function NotFound() {
  const { t } = useTranslation();
  usePageTitle(t('notFound.title'));
  return <Notice title={t('notFound.title')}>{t('notFound.detail')}</Notice>;
}
