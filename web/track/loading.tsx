import { useTranslation } from 'react-i18next';

/** The outline of the page, until the order is there. */
export function Loading() {
  const { t } = useTranslation();
  return (
    <div className="loading" role="status">
      <span className="visually-hidden">{t('page.loading')}</span>
      <div className="bone bone-title" />
      <div className="card">
        <div className="bone bone-headline" />
        <div className="bone" />
        <div className="bone bone-steps" />
      </div>
      <div className="card">
        <div className="bone bone-headline" />
        <div className="bone" />
        <div className="bone" />
      </div>
    </div>
  );
}
