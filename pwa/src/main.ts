/** The app begins: who works here, his records on this phone, the pages, and the sync. */
import 'vant/es/toast/style/index';
import 'vant/es/dialog/style/index';
import './styles/app.css';
import { createApp } from 'vue';
import App from './App.vue';
import { account } from './data/account';
import { openWorkspace } from './data/workspace';
import { size } from './display/appearance';
import { chooseLanguage, i18n, language } from './i18n';
import { router } from './router';
import { engine } from './sync/engine';
import { startUpdates } from './update';

async function begin(): Promise<void> {
	document.documentElement.dataset.size = size.value;
	chooseLanguage(language.value);
	if (account.value) {
		await openWorkspace(account.value.username);
		void engine.start();
	}
	createApp(App).use(i18n).use(router).mount('#app');
	startUpdates();
}

/** The phone's storage does not open (private mode, or storage forbidden): say so, on a page that
 * needs nothing of ours. */
function cannotOpen(error: unknown): void {
	console.error(error);
	const place = document.getElementById('app');
	if (!place) return;
	const said = document.createElement('p');
	said.className = 'empty';
	said.setAttribute('role', 'alert');
	said.textContent = i18n.global.t('app.cannotOpen');
	place.replaceChildren(said);
}

begin().catch(cannotOpen);
