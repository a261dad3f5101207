/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SipHash-2-4 with 128 bits: a short key for a path of any length.
 *
 * Without the secret, which is new in each trace, nobody can find two paths
 * with the same hash: https://github.com/veorq/SipHash. The chance that any two
 * of a billion paths have the same one is 1 to 10^20.
 */
struct siphash {
	u64 v0, v1, v2, v3;
};

#define rotate(value, bits) ((value) << (bits) | (value) >> (64 - (bits)))

static void sip_round(struct siphash *sip)
{
	sip->v0 += sip->v1;
	sip->v1 = rotate(sip->v1, 13) ^ sip->v0;
	sip->v0 = rotate(sip->v0, 32);
	sip->v2 += sip->v3;
	sip->v3 = rotate(sip->v3, 16) ^ sip->v2;
	sip->v0 += sip->v3;
	sip->v3 = rotate(sip->v3, 21) ^ sip->v0;
	sip->v2 += sip->v1;
	sip->v1 = rotate(sip->v1, 17) ^ sip->v2;
	sip->v2 = rotate(sip->v2, 32);
}

static void sip_take(struct siphash *sip, u64 word)
{
	sip->v3 ^= word;
	sip_round(sip);
	sip_round(sip);
	sip->v0 ^= word;
}

static u64 sip_finish(struct siphash *sip)
{
#pragma unroll
	for (int i = 0; i < 4; i++)
		sip_round(sip);

	return sip->v0 ^ sip->v1 ^ sip->v2 ^ sip->v3;
}

/* The hash of `size` bytes, at most PATH_MAX - 1, in a buffer of PATH_MAX. */
static void siphash_text(u64 hash[2], const char *text, u32 size)
{
	struct siphash sip = {
		.v0 = HASH_KEY_0 ^ 0x736f6d6570736575,
		.v1 = HASH_KEY_1 ^ 0x646f72616e646f6d ^ 0xee,
		.v2 = HASH_KEY_0 ^ 0x6c7967656e657261,
		.v3 = HASH_KEY_1 ^ 0x7465646279746573,
	};
	u32 words = size / sizeof(u64);
	u64 last = 0;

	for (u32 i = 0; i < PATH_MAX / sizeof(u64); i++) {
		/* The constant bound of the loop is for the verifier. */
		keep_in_one_register(words);
		if (i >= words)
			break;
		sip_take(&sip, ((const u64 *)text)[i]);
	}
	bpf_probe_read_kernel(&last, size % sizeof(u64),
			      text + words * sizeof(u64));
	sip_take(&sip, last | (u64)size << 56);

	sip.v2 ^= 0xee;
	hash[0] = sip_finish(&sip);
	sip.v1 ^= 0xdd;
	hash[1] = sip_finish(&sip);
}
