import { useTranslation } from 'react-i18next';
import { ApiProblem } from '../../client/errors';
import { isSignedOut, isTemporary } from '../api/failure';

/** Why a request of the reader has failed, as title and detail. */
export function useFailureText(error: Error | null): { readonly title: string; readonly detail?: string } | undefined {
  const { t } = useTranslation();
  if (!error) return undefined;
  if (isTemporary(error)) return { title: t('failed.unavailable') };
  if (isSignedOut(error)) return { title: t('failed.signedOut') };
  if (error instanceof ApiProblem) return error.problem;
  return { title: t('failed.unexpected') };
}
