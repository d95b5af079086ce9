/** Ask the browser not to clear this app's data; tells whether it agreed. */
export async function askToKeep(): Promise<boolean> {
	return (await navigator.storage?.persist?.()) ?? false;
}
