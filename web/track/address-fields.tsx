import { NativeSelect, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { languageOf } from '../language/translation';

const COUNTRIES = ['KR', 'JP', 'TW', 'HK', 'SG', 'US', 'CA', 'GB', 'DE', 'FR', 'AU', 'NZ'] as const;

/** As the API takes them. */
const LONGEST = { recipientName: 100, phone: 40, postalCode: 20, address1: 200, address2: 200 } as const;

interface AddressFieldsProps {
  readonly legend: string;
  readonly errorOf: (path: string) => string | undefined;
}

/** Where a parcel goes. */
export function AddressFields({ legend, errorOf }: AddressFieldsProps) {
  const { t, i18n } = useTranslation();
  const names = new Intl.DisplayNames(languageOf(i18n.language), { type: 'region' });
  const field = (name: keyof typeof LONGEST, autoComplete: string) => ({
    name,
    maxLength: LONGEST[name],
    autoComplete,
    label: t(`pay.${name}`),
    error: errorOf(`shipment.${name}`),
  });
  return (
    <fieldset className="address">
      <legend>{legend}</legend>
      <TextInput {...field('recipientName', 'name')} withAsterisk={false} required />
      <TextInput {...field('phone', 'tel')} type="tel" inputMode="tel" withAsterisk={false} required />
      <div className="pair">
        <NativeSelect
          name="country"
          autoComplete="country"
          label={t('pay.country')}
          error={errorOf('shipment.country')}
          data={COUNTRIES.map((country) => ({ value: country, label: names.of(country) ?? country }))}
        />
        <TextInput {...field('postalCode', 'postal-code')} withAsterisk={false} required />
      </div>
      <TextInput {...field('address1', 'address-line1')} withAsterisk={false} required />
      <TextInput {...field('address2', 'address-line2')} />
    </fieldset>
  );
}
