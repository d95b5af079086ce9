const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Return a ULID: 48 bits of time and 80 random bits in Crockford's base 32, sortable by time. */
export function ulid(milliseconds: number = Date.now()): string {
	let time = milliseconds;
	let head = '';
	for (let i = 0; i < 10; i++) {
		head = ALPHABET.charAt(time % 32) + head;
		time = Math.floor(time / 32);
	}
	const random = crypto.getRandomValues(new Uint8Array(16));
	return head + Array.from(random, (byte) => ALPHABET.charAt(byte % 32)).join('');
}
