/** Ask before something that cannot be taken back. */
import { showConfirmDialog } from 'vant/es/dialog';
import { t } from '../i18n';

/** Show a question with what follows from it; all three are message keys. */
export function isSure(question: string, what: string, act: string): Promise<boolean> {
	return showConfirmDialog({
		title: t(question),
		message: t(what),
		confirmButtonText: t(act),
		cancelButtonText: t('common.cancel'),
	}).then(
		() => true,
		() => false,
	);
}
