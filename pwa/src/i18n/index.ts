/** Words of the app: Chinese first, English beside it. The choice is kept on this phone. */
import { ref } from 'vue';
import { createI18n } from 'vue-i18n';
import en from '../locale/en.json';
import pagesEn from '../locale/pages.en.json';
import pagesZh from '../locale/pages.zh.json';
import zh from '../locale/zh.json';

export type Language = 'zh' | 'en';
const KEY = 'wangge.language';

function first(): Language {
	return localStorage.getItem(KEY) === 'en' ? 'en' : 'zh';
}

export const language = ref<Language>(first());

export const i18n = createI18n({
	legacy: false,
	locale: language.value,
	fallbackLocale: 'zh',
	messages: { zh: { ...zh, ...pagesZh }, en: { ...en, ...pagesEn } },
});

export function chooseLanguage(chosen: Language): void {
	localStorage.setItem(KEY, chosen);
	language.value = chosen;
	i18n.global.locale.value = chosen;
	document.documentElement.lang = chosen === 'en' ? 'en' : 'zh-CN';
}

/** Words outside of components. */
export const t = i18n.global.t;
