/** Who did something, as the worker reads it: himself is “me”. */
import { account } from '../data/account';
import { t } from '../i18n';

export function whoText(username: unknown): string {
	return username === account.value?.username ? t('common.me') : String(username ?? '');
}
