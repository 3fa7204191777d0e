/* SPDX-License-Identifier: GPL-2.0 */
/* Packets as bytes, for programs that make some of their own. */
#ifndef SCTP_PACKET_H
#define SCTP_PACKET_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SCTP_HEADER	12

static inline uint32_t crc32c(const uint8_t *p, size_t n)
{
	static uint32_t table[256];
	uint32_t crc = ~0u, i, j;

	if (!table[1]) {
		for (i = 0; i < 256; i++) {
			uint32_t c = i;

			for (j = 0; j < 8; j++)
				c = c & 1 ? c >> 1 ^ 0x82f63b78 : c >> 1;
			table[i] = c;
		}
	}
	while (n--)
		crc = crc >> 8 ^ table[(crc ^ *p++) & 255];
	return ~crc;
}

static inline void set16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static inline void set32(uint8_t *p, uint32_t v)
{
	set16(p, v >> 16);
	set16(p + 2, v);
}

static inline uint16_t get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static inline uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

/* The checksum is little-endian, unlike all else. */
static inline void set_checksum(uint8_t *sctp, size_t len)
{
	uint32_t crc;

	if (len < SCTP_HEADER)
		return;
	memset(sctp + 8, 0, 4);
	crc = crc32c(sctp, len);
	sctp[8] = crc;
	sctp[9] = crc >> 8;
	sctp[10] = crc >> 16;
	sctp[11] = crc >> 24;
}

#endif /* SCTP_PACKET_H */
